"""Files: upload them, and name them in messages."""
