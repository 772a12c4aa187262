"""Authentication: tokens, OAuth grants, and how tokens are stored and renewed."""
