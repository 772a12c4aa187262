"""Chats over the v2 API."""
