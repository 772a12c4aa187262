"""Databases: tables of a workspace, whose rows bots and workflows read and write."""
