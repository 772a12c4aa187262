"""Prints the variables that a bot keeps of one end user."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()

# connector_uid is the user_id of your chats.
for variable in client.variables.retrieve(bot_id=os.environ["COZE_BOT_ID"], connector_uid="examples"):
    print(variable.keyword, "=", variable.value)
