"""Bots and workflows as Python functions."""
