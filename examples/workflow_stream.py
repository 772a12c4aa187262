"""Prints the messages of a workflow's nodes as they arrive, answers its questions and prints the result."""

from __future__ import annotations

import os

from coze_client import CozeClient, WorkflowInterrupted
from coze_client.api.workflows.events import WorkflowEvent
from coze_client.api.workflows.stream import WorkflowResult

WORKFLOW = os.environ["COZE_WORKFLOW_ID"]
client = CozeClient()


def show(event: WorkflowEvent) -> None:
    """Called with each event when it arrives."""
    if event.message:
        print(f"{event.message.node_title or 'End'}: {event.message.content}")


def answer(asked: WorkflowInterrupted) -> str:
    """Chooses the first option. A real program asks a human here."""
    return asked.options[0] if asked.options else "Ada"


def run() -> WorkflowResult:
    try:
        return client.workflows.execute(workflow_id=WORKFLOW, parameters={"city": "Rome", "guests": 4}, on_event=show)
    except WorkflowInterrupted as asked:
        return resume(asked)


def resume(asked: WorkflowInterrupted) -> WorkflowResult:
    """Continues the same run until its end or its next question."""
    try:
        result: WorkflowResult = asked.resume(answer(asked))
    except WorkflowInterrupted as again:
        return resume(again)
    return result


result = run()
print("It came to", result.output)
