"""Logs each request with its status and log id, and never a token."""

from __future__ import annotations

import logging
import os

from coze_client import CozeClient, Message

logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
logging.getLogger("coze_client").setLevel(logging.DEBUG)

client = CozeClient()
with client.chats.stream(
    bot_id=os.environ["COZE_BOT_ID"], user_id="examples", additional_messages=[Message.user("Hello")]
) as stream:
    for _ in stream:
        pass
print(stream.text)
