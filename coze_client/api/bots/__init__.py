"""Bots: create, change, publish and list them, and read their settings and versions."""
