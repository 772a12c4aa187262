"""Recall: find slices of datasets for a question, through a workflow or a bot."""
