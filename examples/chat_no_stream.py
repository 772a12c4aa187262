"""Bot chat without stream: start it, let the client ask once a second for its end, read its messages."""

from __future__ import annotations

import os

from coze_client import CozeClient, Message

client = CozeClient()

result = client.chats.create_and_poll(
    bot_id=os.environ["COZE_BOT_ID"],
    user_id="examples",
    additional_messages=[Message.user("How are you?")],
    deadline=120,  # seconds; then the chat is cancelled and TimedOut raised
)

print("It ended as", result.chat.status)
print(result.text)
print("Messages of type", sorted(message.type for message in result.messages))
if result.chat.usage:
    print("Tokens:", result.chat.usage.token_count)
