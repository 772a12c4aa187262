"""The outcome of a tool call: a result, a question to a human, or a failure; also as JSON, to be stored.

Frameworks restart a tool from its beginning when a human has answered. The outcome of each step is stored before the
question is asked, so no run is started twice.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, cast

from coze_client.api.workflows.failures import WorkflowFailed, WorkflowInterrupted
from coze_client.api.workflows.result import WorkflowResult
from coze_client.api.workflows.values import Interrupt, WorkflowMessage
from coze_client.core.concurrency import maybe_await
from coze_client.core.json_text import dump_json
from coze_client.core.model import convert
from coze_client.errors import (
    AuthenticationError,
    ConfigurationError,
    CozeError,
    InvalidArguments,
    NotFound,
    OAuthError,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    TransportError,
)

_NOT_STARTED = (
    AuthenticationError,
    ConfigurationError,
    NotFound,
    OAuthError,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
)

_LONGEST_NAME = 80

JsonObject = dict[str, Any]

UNKNOWN_OUTCOME: JsonObject = {
    "failure": "This step was started before and its outcome is unknown, so it is not started again"
}
"""The JSON that is stored for a step when it starts, until its outcome replaces it."""


class HumanQuestion(NamedTuple):
    """The question that a run waits for, with all that is needed to resume it from any process."""

    question: str
    options: tuple[str, ...]
    workflow_id: str
    interrupt: Interrupt
    node_title: str = ""
    streamed: bool = True
    messages: tuple[WorkflowMessage, ...] = ()
    gaps: tuple[str, ...] = ()
    problem: str = ""
    """Why the last answer was refused; not stored, because it follows from the answer."""

    @classmethod
    def from_error(cls, error: WorkflowInterrupted) -> HumanQuestion:
        """The question that interrupted a run."""
        interrupt = error.interrupt or Interrupt()
        return cls(
            error.question,
            error.options,
            error.workflow_id,
            interrupt,
            error.node_title,
            error.streamed,
            error.messages,
            error.gaps,
        )

    def describe(self) -> JsonObject:
        """The question as JSON for the human who answers it."""
        interrupt = self.interrupt
        parameters = interrupt.required_parameters or {}
        return {
            "type": "coze_workflow_interrupt",
            "question": self.question,
            "options": list(self.options),
            "required_parameters": {name: each.model_dump(exclude_unset=True) for name, each in parameters.items()},
            "workflow_id": self.workflow_id,
            "node_title": self.node_title,
            "event_id": interrupt.event_id,
            "interrupt_type": interrupt.type,
            "data": interrupt.data,
            **({"problem": self.problem} if self.problem else {}),
        }

    def answer_arguments(self, answer: object) -> dict[str, Any]:
        """The arguments of ``client.workflows.answer``; `answer` is text, or a JSON value for an input node."""
        text = answer if isinstance(answer, str) else dump_json(answer)
        return {
            "workflow_id": self.workflow_id,
            "interrupt": self.interrupt,
            "answer": text,
            "streamed": self.streamed,
            "messages": self.messages,
            "gaps": self.gaps,
        }

    def to_json(self) -> JsonObject:
        """The whole question as JSON, unlike ``describe``."""
        messages = [message.model_dump(exclude_unset=True) for message in self.messages]
        interrupt = self.interrupt.model_dump(exclude_unset=True)
        fields = {name: value for name, value in self._asdict().items() if name != "problem"}
        return {**fields, "interrupt": interrupt, "messages": messages}


class ToolOutcome(NamedTuple):
    """Exactly one of result, question and failure is set; ``error`` is the exception, which JSON leaves out."""

    result: WorkflowResult | None = None
    question: HumanQuestion | None = None
    failure: str = ""
    error: CozeError | None = None

    def to_json(self) -> JsonObject:
        """The outcome as JSON, for ``from_json``."""
        if self.question is not None:
            return {"question": self.question.to_json()}
        if self.result is not None:
            return {"result": self.result.model_dump(mode="json")}
        return {"failure": self.failure}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ToolOutcome:
        """The outcome that ``to_json`` converted."""
        if "question" in stored:
            return cls(question=convert(HumanQuestion, stored["question"]))
        if "result" in stored:
            return cls(convert(WorkflowResult, stored["result"]))
        return cls(failure=stored["failure"])


async def capture_outcome(run: Callable[[], WorkflowResult | Awaitable[WorkflowResult]]) -> ToolOutcome:
    """Run a call of a blocking or asyncio client, and return its outcome, errors included.

    Raises CozeError only if nothing has started: because of the token, the workflow's id or publication, the plan, or
    the network.
    """
    try:
        return ToolOutcome(await maybe_await(run()))
    except WorkflowInterrupted as error:
        return ToolOutcome(question=HumanQuestion.from_error(error), error=error)
    except CozeError as error:
        if is_for_model(error):
            return ToolOutcome(failure=describe_failure(error), error=error)
        raise


def is_for_model(error: CozeError) -> bool:
    """True if a language model should read `error`: the run may have started, or the arguments can be corrected."""
    if error.chat_id or error.execute_id:
        return True
    if isinstance(error, TransportError):
        return error.sent
    return isinstance(error, InvalidArguments) or not isinstance(error, _NOT_STARTED)


def describe_failure(error: CozeError) -> str:
    """The text of a failure for a language model: the message, the code, and the last node if known."""
    node = error.node_title[:_LONGEST_NAME] if isinstance(error, WorkflowFailed) else ""
    return f"{error} The last active node: {node}." if node and node not in error.message else str(error)


def describe_result(result: WorkflowResult) -> str:
    """A result for a language model: text or compact JSON; without output, the messages of the nodes."""
    if result.output not in (None, ""):
        return describe_value(result.output)
    return "\n".join(message.content for message in result.messages)


def describe_value(value: object) -> str:
    """A JSON value as text or compact JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(cast("Any", value), ensure_ascii=False, separators=(",", ":"))
