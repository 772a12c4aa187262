"""Bots: create, change, publish and list them."""
