"""Chats over the older v2 API: the whole answer in one reply, then piece by piece, with the messages before."""

from __future__ import annotations

import os

from coze_client import CozeClient, Message

client = CozeClient()
bot_id = os.environ["COZE_BOT_ID"]
before = [Message.user("My name is Ada."), Message.assistant("Nice to meet you.")]

chat = client.legacy_chats.create(bot_id=bot_id, user="examples", query="What is my name?", chat_history=before)
print(chat.text)

with client.legacy_chats.stream(bot_id=bot_id, user="examples", query="And now?", chat_history=before) as stream:
    for event in stream:
        print(event.delta, end="", flush=True)
print()
