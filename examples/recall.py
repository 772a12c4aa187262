"""Prints the slices of a dataset that fit a question: by a workflow, then by a bot, which may bill an answer.

``docs/recall-workflow.md`` shows how to build the workflow. ``setup`` creates the bot.
"""

from __future__ import annotations

import os

from coze_client import CozeClient

QUESTION = "How long is a table kept?"

client = CozeClient()
dataset_id, workspace_id = os.environ["COZE_DATASET_ID"], os.environ["COZE_WORKSPACE_ID"]

for found in client.recall.from_workflow(os.environ["COZE_WORKFLOW_ID"], QUESTION):
    print("By workflow:", found.rank, found.text)

print(*client.recall.setup(dataset_id, workspace_id, dry_run=True).todo, sep="\n")  # lists the steps, does nothing
bot = client.recall.setup(dataset_id, workspace_id)
try:
    for found in client.recall.from_bot(bot, QUESTION):
        print("By bot:", found.document_name, found.score, found.text)
finally:
    print(*client.recall.teardown(bot).todo)  # the API cannot delete bots
