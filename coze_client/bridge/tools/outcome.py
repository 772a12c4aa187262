"""What became of a tool call that ran a workflow: a result, a question, or a failure; as JSON, to be stored and found.

Frameworks that ask a human begin a tool again from its top when the answer has come. What the workflow did is stored
before the question is asked, so that nothing is begun twice.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, cast

from coze_client.api.workflows.failures import WorkflowFailed, WorkflowInterrupted
from coze_client.api.workflows.stream import WorkflowResult
from coze_client.api.workflows.values import Interrupt, WorkflowMessage
from coze_client.core.concurrency import maybe_await
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

_NOTHING_BEGAN = (
    AuthenticationError,
    ConfigurationError,
    NotFound,
    OAuthError,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
)

Stored = dict[str, Any]
"""JSON."""


BEGUN: Stored = {"failure": "This step was begun before, and what it came to is not known: it is not begun again"}
"""What is stored of a step that has begun, until it has come to something."""


class HumanQuestion(NamedTuple):
    """What a run waits for; all that is needed to go on with it, from any process."""

    question: str
    options: tuple[str, ...]
    workflow_id: str
    interrupt: Interrupt
    node_title: str = ""
    streamed: bool = True
    messages: tuple[WorkflowMessage, ...] = ()
    gaps: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: WorkflowInterrupted) -> HumanQuestion:
        """The question that a run stopped for."""
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

    def told(self) -> Stored:
        """The question as JSON for whoever will answer it: what is asked, and what Coze says about it."""
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
        }

    def call(self, answer: object) -> dict[str, Any]:
        """The arguments of ``client.workflows.answer``: `answer` is text, or JSON for an input node's form."""
        text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        return {
            "workflow_id": self.workflow_id,
            "interrupt": self.interrupt,
            "answer": text,
            "streamed": self.streamed,
            "messages": self.messages,
            "gaps": self.gaps,
        }

    def stored(self) -> Stored:
        """As JSON; unlike ``told``, all of it."""
        messages = [message.model_dump(exclude_unset=True) for message in self.messages]
        interrupt = self.interrupt.model_dump(exclude_unset=True)
        return {**self._asdict(), "interrupt": interrupt, "messages": messages}


class Outcome(NamedTuple):
    """One of the three; ``error`` is what was raised, and is not stored."""

    result: WorkflowResult | None = None
    question: HumanQuestion | None = None
    failure: str = ""
    error: CozeError | None = None

    def stored(self) -> Stored:
        """As JSON."""
        if self.question is not None:
            return {"question": self.question.stored()}
        if self.result is not None:
            return {"result": self.result.model_dump(mode="json")}
        return {"failure": self.failure}

    @classmethod
    def found(cls, stored: Mapping[str, Any]) -> Outcome:
        """From what ``stored`` gave."""
        if "question" in stored:
            return cls(question=convert(HumanQuestion, stored["question"]))
        if "result" in stored:
            return cls(convert(WorkflowResult, stored["result"]))
        return cls(failure=stored["failure"])


async def outcome_of(run: Callable[[], WorkflowResult | Awaitable[WorkflowResult]]) -> Outcome:
    """What `run`, a call on a client of either face, comes to.

    Raises CozeError only where nothing began: the token, the workflow's id or publication, the plan, the network.
    """
    try:
        return Outcome(await maybe_await(run()))
    except WorkflowInterrupted as asked:
        return Outcome(question=HumanQuestion.of(asked), error=asked)
    except CozeError as error:
        if is_tellable(error):
            return Outcome(failure=describe_failure(error), error=error)
        raise


def is_tellable(error: CozeError) -> bool:
    """True if a language model is to hear of `error`: the run may have begun, or the arguments can be mended."""
    if isinstance(error, TransportError):
        return error.sent
    return isinstance(error, InvalidArguments) or not isinstance(error, _NOTHING_BEGAN)


def describe_failure(error: CozeError) -> str:
    """A failure for a language model: what happened, the code, and where, as far as it is known."""
    node = error.node_title if isinstance(error, WorkflowFailed) else ""
    return f"{error} The last node that spoke: {node}." if node and node not in error.message else str(error)


def describe_result(result: WorkflowResult) -> str:
    """A result for a language model: text or compact JSON; of a workflow without output, what its nodes said."""
    if result.output not in (None, ""):
        return describe_value(result.output)
    return "\n".join(message.content for message in result.messages)


def describe_value(value: object) -> str:
    """Any value of JSON as text or compact JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(cast("Any", value), ensure_ascii=False, separators=(",", ":"))
