"""Workflows and chatflows: list them, validate arguments, run and resume them, read results and records."""
