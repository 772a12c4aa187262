"""A bot as a chat model: prompts out of messages, answers out of streams."""
