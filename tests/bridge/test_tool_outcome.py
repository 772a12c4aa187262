"""The outcome of a tool call as JSON: contexts and checkpoints store it, so its keys must not change."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client.api.workflows.result import WorkflowResult
from coze_client.api.workflows.values import Interrupt, WorkflowMessage
from coze_client.bridge.tools.tool_outcome import UNKNOWN_OUTCOME, HumanQuestion, ToolOutcome

MESSAGE = WorkflowMessage(content="Looking", node_title="Progress")
INTERRUPT = Interrupt(event_id="e1", type=2, data="{}")
STORED: list[tuple[ToolOutcome, dict[str, Any]]] = [
    (
        ToolOutcome(question=HumanQuestion("When?", ("now", "later"), "7", INTERRUPT, "Ask", True, (MESSAGE,), ("2",))),
        {
            "question": {
                "question": "When?",
                "options": ("now", "later"),
                "workflow_id": "7",
                "interrupt": {"event_id": "e1", "type": 2, "data": "{}"},
                "node_title": "Ask",
                "streamed": True,
                "messages": [{"content": "Looking", "node_title": "Progress"}],
                "gaps": ("2",),
            }
        },
    ),
    (
        ToolOutcome(WorkflowResult(output={"sum": 3}, text='{"sum": 3}', execute_id="x", debug_url="https://d")),
        {
            "result": {
                "output": {"sum": 3},
                "text": '{"sum": 3}',
                "content_type": "text",
                "execute_id": "x",
                "debug_url": "https://d",
                "usage": None,
                "messages": [],
                "gaps": [],
                "is_trimmed": False,
            }
        },
    ),
    (ToolOutcome(failure="no room"), {"failure": "no room"}),
]


@pytest.mark.parametrize(("outcome", "stored"), STORED, ids=["question", "result", "failure"])
def test_an_outcome_is_stored_under_the_same_keys_and_found_again(outcome: ToolOutcome, stored: dict[str, Any]) -> None:
    assert outcome.to_json() == stored
    assert ToolOutcome.from_json(stored) == outcome


def test_a_step_whose_outcome_is_unknown_is_a_failure() -> None:
    assert "not started again" in ToolOutcome.from_json(UNKNOWN_OUTCOME).failure


def test_the_question_for_a_human_describes_what_coze_sent() -> None:
    question = STORED[0][0].question
    assert question is not None
    assert question.describe() == {
        "type": "coze_workflow_interrupt",
        "question": "When?",
        "options": ["now", "later"],
        "required_parameters": {},
        "workflow_id": "7",
        "node_title": "Ask",
        "event_id": "e1",
        "interrupt_type": 2,
        "data": "{}",
    }
