"""What both adapters need and no framework has: dialogues, answers, tools, recall and documents as plain values.

An adapter translates between these and its framework's classes; every rule about Coze stands here or below, once.
"""
