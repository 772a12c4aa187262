"""Chats with a bot as a service account of a channel, and shows that its token may do nothing else.

Set ``COZE_OAUTH_CONFIG`` to the path of the OAuth app's configuration ("channel").
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from coze_client import JWT, CozeClient, Message, PermissionDenied

config = json.loads(Path(os.environ["COZE_OAUTH_CONFIG"]).read_bytes())
bot_id = os.environ["COZE_BOT_ID"]
channel = JWT(
    config["client_id"],
    private_key=config["private_key"],
    public_key_id=config["public_key_id"],
    base_url=config["coze_api_base"],
    ttl=3600,
    session_name="ann",
    scope={
        "account_permission": {"permission_list": ["Connector.botChat"]},
        "attribute_constraint": {"connector_bot_chat_attribute": {"bot_id_list": [bot_id]}},
    },
)
client = CozeClient(channel)

with client.chats.stream(bot_id=bot_id, user_id="ann", additional_messages=[Message.user("Hello!")]) as stream:
    for event in stream:
        print(event.delta, end="", flush=True)
print()

try:
    client.files.retrieve(file_id="1")
except PermissionDenied as error:
    print("As it should be:", error)
