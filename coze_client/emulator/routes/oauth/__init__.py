"""Tokens, OAuth apps and their keys, users, and the routes of the OAuth flows."""
