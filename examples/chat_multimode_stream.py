"""Asks about two images: this program uploads the first, and Coze fetches the second from its URL."""

from __future__ import annotations

import os
from pathlib import Path

from coze_client import CozeClient, Message

client = CozeClient()
picture = client.files.upload(Path(__file__).with_name("picture.png"))
question = Message.user("What do these pictures show?", images=[picture, "https://example.com/lake.jpg"])

with client.chats.stream(
    bot_id=os.environ["COZE_BOT_ID"], user_id="examples", additional_messages=[question]
) as stream:
    for event in stream:
        print(event.delta, end="", flush=True)
print()
