"""The stream of a workflow run, as a blocking or asyncio iterator; it cannot be recovered."""

from __future__ import annotations

from collections.abc import Sequence

from coze_client.api.workflows.events import WorkflowEvent, WorkflowReading
from coze_client.api.workflows.result import WorkflowResult, result_of_stream
from coze_client.api.workflows.values import Interrupt, WorkflowMessage
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream import AsyncStream, Events, Stream, StreamFacts
from coze_client.core.stream_run import StreamRun
from coze_client.errors import CozeError


class WorkflowStreamRun(StreamRun[WorkflowEvent]):
    """The steps of a workflow's stream; it cannot be recovered, because Coze cannot return the missing messages."""

    reading: WorkflowReading

    def __init__(self, session: Session, request: Request[None]) -> None:
        super().__init__(session, request, WorkflowReading(session.config.max_event_bytes))

    async def recover(self, failure: CozeError | None) -> Sequence[WorkflowEvent]:
        raise self.tell_limit(self.reading.interruption(), failure) from failure


class _WorkflowStreamFacts(StreamFacts[WorkflowStreamRun]):
    """Properties of a workflow's stream on either client."""

    @property
    def interrupt(self) -> Interrupt | None:
        """The interrupt, if the run stopped to ask a question."""
        return self._run.reading.interrupt

    @property
    def messages(self) -> tuple[WorkflowMessage, ...]:
        """The messages of the nodes so far; one output may be spread over several."""
        return tuple(self._run.reading.messages)

    @property
    def result(self) -> WorkflowResult:
        """The result, as far as the stream was read."""
        return result_of_stream(self._run.reading)


class WorkflowStream(_WorkflowStreamFacts, Stream[WorkflowEvent, WorkflowStreamRun]):
    """The events of a workflow run, for a ``for`` loop; closing it early does not stop the run."""


class AsyncWorkflowStream(_WorkflowStreamFacts, AsyncStream[WorkflowEvent, WorkflowStreamRun]):
    """The events of a workflow run, for an ``async for`` loop; closing it early does not stop the run."""


def workflow_events(request: Request[None]) -> Events[WorkflowStream, AsyncWorkflowStream]:
    """The stream that `request` opens, for either client."""
    return Events(
        request,
        lambda session: WorkflowStream(WorkflowStreamRun(session, request)),
        lambda session: AsyncWorkflowStream(WorkflowStreamRun(session, request)),
    )
