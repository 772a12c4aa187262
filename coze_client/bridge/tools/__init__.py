"""Workflows and plugins as tools of a language model: definitions, names, calls and outcomes."""
