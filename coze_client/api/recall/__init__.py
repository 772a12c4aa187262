"""Recall: the slices of datasets that fit a question."""
