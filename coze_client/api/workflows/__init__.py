"""Workflows and chatflows: parameters, runs and their results."""
