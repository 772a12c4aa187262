"""Streams a chatflow that looks at a picture: the picture is a parameter of the start node, as messages are text."""

from __future__ import annotations

import os
from pathlib import Path

from coze_client import CozeClient, Message

client = CozeClient()
picture = client.files.upload(Path(__file__).with_name("picture.png"))

with client.workflows.chat(
    workflow_id=os.environ["COZE_WORKFLOW_ID"],
    bot_id=os.environ["COZE_BOT_ID"],
    parameters={"picture": picture},
    additional_messages=[Message.user("What is on the picture?")],
) as stream:
    for event in stream:
        print(event.delta, end="", flush=True)
print()
