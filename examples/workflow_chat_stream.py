"""Sends two messages to a chatflow in one conversation and prints its answers as they arrive."""

from __future__ import annotations

import os

from coze_client import CozeClient, Message

client = CozeClient()
conversation = client.conversations.create()

for question in ("Hello", "A table for two"):
    with client.workflows.chat(
        workflow_id=os.environ["COZE_WORKFLOW_ID"],
        bot_id=os.environ["COZE_BOT_ID"],
        conversation_id=conversation.id,
        additional_messages=[Message.user(question)],
    ) as stream:
        for event in stream:
            print(event.delta, end="", flush=True)
    print()
