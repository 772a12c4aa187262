"""The OAuth routes, apps, keys and accounts."""
