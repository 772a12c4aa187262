"""Signing in: tokens, OAuth grants, and where tokens are kept and renewed."""
