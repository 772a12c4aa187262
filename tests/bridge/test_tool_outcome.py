"""The outcome of a tool call as JSON: contexts and checkpoints store it, so its keys must not change."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client import CozeError, errors
from coze_client.api.workflows.failures import WorkflowFailed
from coze_client.api.workflows.result import WorkflowResult
from coze_client.api.workflows.values import Interrupt, WorkflowMessage
from coze_client.bridge.tools.tool_outcome import (
    UNKNOWN_OUTCOME,
    HumanQuestion,
    ToolOutcome,
    capture_outcome,
    describe_failure,
    describe_result,
)
from coze_client.core.concurrency import Blocking

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


# --- who reads a failure: the model, or whoever calls ---

RAISED = {
    "AccessDenied",
    "AuthenticationError",
    "ConfigurationError",
    "ExpiredToken",
    "InvalidClient",
    "NotFound",
    "OAuthError",
    "PermissionDenied",
    "QuotaExceeded",
    "RateLimited",
}
"""A copy of the classes of errors after which nothing has started, and which a model cannot correct."""
ERRORS = {
    name: each
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, CozeError) and not issubclass(each, errors.TransportError)
}


def raised_by_capture(error: CozeError) -> bool:
    def fail() -> WorkflowResult:
        raise error

    try:
        outcome = Blocking.run(capture_outcome(fail))
    except CozeError as caught:
        return caught is error
    return (outcome.error, outcome.result) != (error, None)


def test_an_error_that_a_model_cannot_correct_is_raised_and_every_other_one_is_told() -> None:
    assert {name for name, kind in ERRORS.items() if raised_by_capture(kind("refused"))} == RAISED


@pytest.mark.parametrize("name", sorted(RAISED))
def test_an_error_of_a_run_or_chat_that_has_started_is_always_told(name: str) -> None:
    for given in ("chat_id", "execute_id"):
        error = ERRORS[name]("refused")
        setattr(error, given, "7")
        assert not raised_by_capture(error)


def test_a_broken_connection_is_told_only_if_the_request_may_have_arrived() -> None:
    assert raised_by_capture(errors.ConnectionFailed("broke", sent=False))
    assert not raised_by_capture(errors.ConnectionFailed("broke", sent=True))


@pytest.mark.parametrize(
    ("message", "node", "told"),
    [
        ("no room", "Book", "no room The last active node: Book."),
        ("node Book failed", "Book", "node Book failed"),
        ("no room", "", "no room"),
        ("no room", "B" * 100, f"no room The last active node: {'B' * 80}."),
    ],
)
def test_a_failure_names_the_last_node_once(message: str, node: str, told: str) -> None:
    assert describe_failure(WorkflowFailed(message, node_title=node)) == told


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"city": "伯尔尼", "seats": [1, 2]}, '{"city":"伯尔尼","seats":[1,2]}'),
        ("伯尔尼", "伯尔尼"),
        (0, "0"),
        (False, "false"),
        ([], "[]"),
        ("", "one\ntwo"),
        (None, "one\ntwo"),
    ],
)
def test_a_result_is_told_as_text_or_compact_json_and_without_output_by_its_messages(output: object, text: str) -> None:
    messages = (WorkflowMessage(content="one"), WorkflowMessage(content="two"))
    assert describe_result(WorkflowResult(output=output, text="", messages=messages)) == text
