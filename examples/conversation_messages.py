"""Creates, retrieves, updates, rates, lists and deletes messages of a conversation."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()
conversation = client.conversations.create(bot_id=os.environ["COZE_BOT_ID"])
messages = client.conversations.messages

added = messages.create(conversation_id=conversation.id, role="user", content="How are you?")
print("Read:", messages.retrieve(conversation_id=conversation.id, message_id=added.id).content)

messages.update(conversation_id=conversation.id, message_id=added.id, content="Hey, how are you?")
answer = messages.create(conversation_id=conversation.id, role="assistant", content="I am fine, thank you.")
messages.create_feedback(conversation_id=conversation.id, message_id=answer.id, feedback_type="like")

for message in messages.list(conversation_id=conversation.id, order="asc"):
    print(f"{message.role}: {message.content}")

messages.delete(conversation_id=conversation.id, message_id=added.id)
print("Left:", len(list(messages.list(conversation_id=conversation.id))))
