"""Creates a conversation, retrieves it, renames it, clears its context and deletes it."""

from __future__ import annotations

import os

from coze_client import CozeClient, Message

client = CozeClient()

made = client.conversations.create(
    bot_id=os.environ["COZE_BOT_ID"],
    messages=[Message.user("How are you?"), Message.assistant("I am fine, thank you.")],
    meta_data={"customer": "42"},
)
print("Made", made.id)
print("It knows", client.conversations.retrieve(conversation_id=made.id).meta_data)
print("Now called", client.conversations.update(conversation_id=made.id, name="Small talk").name)
print("New context", client.conversations.clear(conversation_id=made.id).id)
client.conversations.delete(conversation_id=made.id)
print("Deleted")
