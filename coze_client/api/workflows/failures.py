"""The errors of a workflow run: it failed, or it stopped to ask a question."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coze_client.errors import ConfigurationError, CozeError, revive

if TYPE_CHECKING:
    from coze_client.api.workflows.values import Interrupt, WorkflowMessage


class WorkflowFailed(CozeError):
    """A workflow run failed.

    ``messages`` are the messages before the failure; ``debug_url`` shows the run in Coze.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int | str | None = None,
        node_title: str = "",
        debug_url: str = "",
        execute_id: str = "",
        messages: tuple[WorkflowMessage, ...] = (),
        logid: str | None = None,
        cure: str = "",
    ) -> None:
        super().__init__(message, code=code, logid=logid, cure=cure)
        self.node_title = node_title
        self.debug_url = debug_url
        self.execute_id = execute_id
        self.messages = messages


class WorkflowInterrupted(CozeError):
    """A workflow run stopped to ask a ``question``, perhaps with ``options``; ``resume(answer)`` continues the run.

    On AsyncCozeClient, await ``resume``. ``interrupt`` holds Coze's data unchanged (event id, type, data, required
    parameters); ``messages`` and ``gaps`` are those of the run so far. An unpickled error has no client: use
    ``client.workflows.answer(…)`` instead.
    """

    def __init__(
        self,
        message: str,
        *,
        workflow_id: str = "",
        interrupt: Interrupt | None = None,
        question: str = "",
        options: tuple[str, ...] = (),
        node_title: str = "",
        debug_url: str = "",
        execute_id: str = "",
        messages: tuple[WorkflowMessage, ...] = (),
        gaps: tuple[str, ...] = (),
        streamed: bool = True,
        logid: str | None = None,
    ) -> None:
        super().__init__(message, logid=logid, cure="Call .resume(answer): it continues the waiting run")
        self.workflow_id = workflow_id
        self.interrupt = interrupt
        self.question = question
        self.options = options
        self.node_title = node_title
        self.debug_url = debug_url
        self.execute_id = execute_id
        self.messages = messages
        self.gaps = gaps
        self.streamed = streamed  # the run was started by a streaming call, and is resumed by one
        self.resumer: Callable[[str], Any] | None = None  # set by the client that ran it; not pickled

    def resume(self, answer: str) -> Any:  # a WorkflowResult on CozeClient, an awaitable of one on AsyncCozeClient
        """Answer the question and return the result of the same run; raises what ``workflows.execute`` raises."""
        if self.resumer is None:
            raise ConfigurationError(
                "This error was unpickled and has no client", cure="Use client.workflows.answer(…) instead"
            )
        return self.resumer(answer)

    def __reduce__(self) -> tuple[object, ...]:
        return revive, (type(self), self.args, {**self.__dict__, "resumer": None})
