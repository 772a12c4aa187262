"""Datasets (knowledge bases), their documents and images."""
