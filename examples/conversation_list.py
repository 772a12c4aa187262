"""Lists conversations item by item, then page by page; each page is fetched when it is needed."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()
bot_id = os.environ["COZE_BOT_ID"]
for number in range(3):
    client.conversations.create(bot_id=bot_id, name=f"Number {number}")

for conversation in client.conversations.list(bot_id=bot_id, page_size=2):
    print(conversation.id, conversation.name)

for page in client.conversations.list(bot_id=bot_id, page_size=2).pages():
    print("A page of", len(page.items), "and more to come" if page.has_more else "and no more")
