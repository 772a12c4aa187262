"""Copies a template of the store into a workspace, as the draft of a bot; each run makes another one."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()
made = client.templates.duplicate(
    template_id=os.environ["COZE_TEMPLATE_ID"], workspace_id=os.environ["COZE_WORKSPACE_ID"], name="My copy"
)
print(made.entity_type, made.entity_id)
print("Draft:", client.bots.retrieve(bot_id=made.entity_id, is_published=False).name)
