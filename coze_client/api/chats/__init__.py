"""Chats: one run of a bot in a conversation."""
