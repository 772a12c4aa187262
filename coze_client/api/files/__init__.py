"""Files: upload them, and attach them to messages."""
