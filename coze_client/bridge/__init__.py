"""What both adapters share: dialogues, answers, tools, retrieval and documents as values of no framework.

An adapter only converts between these values and the classes of its framework. Every rule about Coze is written once,
here or in a lower layer.
"""
