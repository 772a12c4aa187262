"""Prints an answer as it arrives, then the tokens and the log id."""

from __future__ import annotations

import os

from coze_client import CozeClient, Message

client = CozeClient()

with client.chats.stream(
    bot_id=os.environ["COZE_BOT_ID"],
    user_id="examples",
    additional_messages=[
        Message.user("How are you?"),
        Message.assistant("I am fine, thank you."),
        Message.user("What did I ask you?"),
    ],
) as stream:
    for event in stream:
        print(event.delta, end="", flush=True)

print()
if stream.chat and stream.chat.usage:
    print("Tokens:", stream.chat.usage.token_count)
print("For Coze's support, should anything be wrong:", stream.logid)
