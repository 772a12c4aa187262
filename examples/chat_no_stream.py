"""Starts a chat without a stream, polls once a second until it ends, and prints its messages and tokens."""

from __future__ import annotations

import os

from coze_client import CozeClient, Message

client = CozeClient()

result = client.chats.create_and_poll(
    bot_id=os.environ["COZE_BOT_ID"],
    user_id="examples",
    additional_messages=[Message.user("How are you?")],
    deadline=120,  # seconds; after that the chat is cancelled and TimedOut is raised
)

print("It ended as", result.chat.status)
print(result.text)
print("Messages of type", sorted(message.type for message in result.messages))
if result.chat.usage:
    print("Tokens:", result.chat.usage.token_count)
