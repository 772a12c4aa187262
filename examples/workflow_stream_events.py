"""Prints the events of a run up to its interrupt, then the events after the answer; each stream is one request."""

from __future__ import annotations

import os

from coze_client import CozeClient

WORKFLOW = os.environ["COZE_WORKFLOW_ID"]
client = CozeClient()

with client.workflows.stream(workflow_id=WORKFLOW, parameters={"city": "Rome", "guests": 4}) as stream:
    for event in stream:
        print(event.type, event.message.content if event.message else "")

if interrupt := stream.interrupt:
    with client.workflows.stream_resume(
        workflow_id=WORKFLOW, event_id=interrupt.event_id, interrupt_type=interrupt.type, resume_data="19:00"
    ) as stream:
        for event in stream:
            print(event.type, event.message.content if event.message else "")

print("It came to", stream.result.output)
