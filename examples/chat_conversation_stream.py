"""Asks two questions in one conversation; Coze keeps the history, so the second chat sends only its question."""

from __future__ import annotations

import os

from coze_client import CozeClient, Message

client = CozeClient()
bot_id = os.environ["COZE_BOT_ID"]
conversation = client.conversations.create(bot_id=bot_id)

for question in ("My name is Ada.", "What is my name?"):
    with client.chats.stream(
        bot_id=bot_id,
        user_id="examples",
        conversation_id=conversation.id,
        additional_messages=[Message.user(question)],
    ) as stream:
        for event in stream:
            print(event.delta, end="", flush=True)
    print()
