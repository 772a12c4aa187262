"""Datasets (knowledge bases), their documents and their images: create, list, change and delete them."""
