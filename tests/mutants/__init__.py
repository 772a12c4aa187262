"""Mutation testing: edit the packages, one place at a time, and list the edits that no test notices."""
