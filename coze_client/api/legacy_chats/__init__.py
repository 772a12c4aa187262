"""Chats over the v2 API, the predecessor of v3."""
