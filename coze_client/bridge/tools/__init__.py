"""Workflows and plugins as tools: names, arguments and results."""
