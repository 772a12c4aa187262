"""Workspaces, and the members of each."""
