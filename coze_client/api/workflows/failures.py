"""The errors of a workflow run: it failed, or it waits for an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coze_client.errors import ConfigurationError, CozeError, revive

if TYPE_CHECKING:
    from coze_client.api.workflows.values import Interrupt, WorkflowMessage


class WorkflowFailed(CozeError):
    """A workflow run ended in a failure; ``messages`` are what it said before, ``debug_url`` shows the run in Coze."""

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
    """A workflow stopped to ask somebody something: ``question``, ``options``, ``node_title``.

    ``interrupt`` is all that Coze told (event id, type, data, required parameters), untouched; ``messages``
    and ``gaps`` are of the run so far. ``resume(answer)`` goes on with the same run; on AsyncCozeClient it is to be
    awaited. After a pickle, resume by ``client.workflows.answer(…)``.
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
        super().__init__(message, logid=logid, cure="Answer with .resume(answer): the run waits, it is not begun again")
        self.workflow_id = workflow_id
        self.interrupt = interrupt
        self.question = question
        self.options = options
        self.node_title = node_title
        self.debug_url = debug_url
        self.execute_id = execute_id
        self.messages = messages
        self.gaps = gaps
        self.streamed = streamed  # by which family of calls it was begun
        self.resumer: Callable[[str], Any] | None = None  # of the client that ran it; not pickled

    def resume(self, answer: str) -> Any:  # a WorkflowResult on CozeClient, an awaitable of one on AsyncCozeClient
        """The result of the same run, with `answer` to its question; raises as the run itself."""
        if self.resumer is None:
            raise ConfigurationError(
                "This interrupt was unpickled and has no client", cure="Use client.workflows.answer(…) instead"
            )
        return self.resumer(answer)

    def __reduce__(self) -> tuple[object, ...]:
        return revive, (type(self), self.args, {**self.__dict__, "resumer": None})
