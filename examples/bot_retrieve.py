"""Prints the settings of a published bot, and lists the bots of a workspace."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()
bot = client.bots.retrieve(bot_id=os.environ["COZE_BOT_ID"])
print(bot.bot_id, bot.name, "version", bot.version)

bots = client.bots.list(workspace_id=os.environ["COZE_WORKSPACE_ID"], page_size=4)
for entry in bots:
    print(entry.bot_id, entry.name)
