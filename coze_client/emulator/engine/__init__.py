"""Runs bots and workflows and turns what they do into events."""
