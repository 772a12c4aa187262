"""Bots, plugins and workflows as Python functions, and the standard bots."""
