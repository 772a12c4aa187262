"""Recall as a retriever."""
