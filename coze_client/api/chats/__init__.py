"""Chats: start a bot's run in a conversation, read its events, poll and cancel it."""
