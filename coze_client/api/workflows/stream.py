"""The stream of a workflow run, and the result of a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple, cast

from coze_client.api.chats.values import Usage
from coze_client.api.workflows.events import WorkflowEvent, WorkflowReading
from coze_client.api.workflows.history import RunHistory
from coze_client.api.workflows.values import Interrupt, WorkflowMessage
from coze_client.core.model import Model
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream import AsyncStream, Events, Stream, StreamFacts
from coze_client.core.stream_run import StreamRun
from coze_client.errors import CozeError, StreamInterrupted

_END_TITLES = ("", "End")


class PriorOutput(NamedTuple):
    """The messages and gaps of a run before its interrupt was answered."""

    messages: tuple[WorkflowMessage, ...] = ()
    gaps: tuple[str, ...] = ()

    def extended_by(self, reading: WorkflowReading, messages: Sequence[WorkflowMessage]) -> PriorOutput:
        """Append the joined `messages` and the gaps of a further stream."""
        return PriorOutput((*self.messages, *messages), (*self.gaps, *reading.gaps))


NO_PRIOR_OUTPUT = PriorOutput()


class WorkflowResult(Model):
    """The result of a workflow run.

    ``output`` is the output of the end node, parsed if it is JSON; ``text`` is the same as text. ``messages`` are those
    of output nodes and questions before the end. ``gaps`` describes the numbers that were missing in the stream. After
    an answered interrupt, both cover the whole run. ``model_dump_json`` and ``model_validate_json`` are lossless.
    """

    output: object
    text: str
    content_type: str = "text"
    execute_id: str = ""
    debug_url: str = ""
    usage: Usage | None = None
    messages: tuple[WorkflowMessage, ...] = ()
    gaps: tuple[str, ...] = ()

    @classmethod
    def of_text(
        cls, text: str, execute_id: str = "", debug_url: str = "", usage: Usage | None = None
    ) -> WorkflowResult:
        """Build the result from the ``data`` text of a run that was not streamed."""
        output, output_text = decode_output(text)
        return cls(output=output, text=output_text, execute_id=execute_id, debug_url=debug_url, usage=usage)

    @classmethod
    def of_messages(cls, reading: WorkflowReading, earlier: PriorOutput = NO_PRIOR_OUTPUT) -> WorkflowResult:
        """Build the result from a finished stream; `earlier` is the output before an answered interrupt."""
        joined = join_messages(reading.messages)
        ends = [message for message in joined if message.node_title in _END_TITLES]
        end = ends[-1] if ends else WorkflowMessage()
        output, text = decode_output(end.content)
        usages = [message.usage for message in reading.messages if message.usage and message.usage.known]
        total = earlier.extended_by(reading, [message for message in joined if message is not end])
        return cls(
            output=output,
            text=text,
            content_type=end.content_type or "text",
            debug_url=reading.debug_url,
            usage=usages[-1] if usages else None,
            **total._asdict(),
        )

    @classmethod
    def of_record(cls, record: RunHistory) -> WorkflowResult:
        """Build the result from the record of a run: from its key Output, or on coze-studio from the whole output."""
        outputs, text = decode_output(record.output)
        nodes = cast("dict[str, object]", outputs) if isinstance(outputs, dict) and "Output" in outputs else None
        if nodes is not None:
            inner = nodes["Output"]
            outputs, text = decode_output(inner) if isinstance(inner, str) else (inner, json.dumps(inner))
        messages = tuple(
            WorkflowMessage(node_title=title, content=str(content), node_is_finish=True)
            for title, content in (nodes or {}).items()
            if title != "Output"
        )
        return cls(
            output=outputs,
            text=text,
            execute_id=record.execute_id,
            debug_url=record.debug_url,
            usage=record.usage,
            messages=messages,
        )


def decode_output(text: str) -> tuple[object, str]:
    """Return an output parsed as JSON (if it is JSON) and as text, without Coze's wrapper around a text output."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: nested too deeply
        return text, text
    if isinstance(value, dict) and "type_for_model" in value and isinstance(value.get("data"), str):
        return decode_output(value["data"])
    return value, value if isinstance(value, str) else text


def join_messages(messages: Sequence[WorkflowMessage]) -> list[WorkflowMessage]:
    """Join the parts of each node output to one message; keep the order of first appearance."""
    joined: list[WorkflowMessage] = []
    open_indexes: dict[str, int] = {}
    for message in messages:
        node = message.node_id or message.node_title
        if node in open_indexes:
            index = open_indexes[node]
            content = joined[index].content + message.content
            joined[index] = message.model_copy(update={"content": content})
        else:
            open_indexes[node] = len(joined)
            joined.append(message)
        if message.node_is_finish:
            del open_indexes[node]
    return joined


class WorkflowStreamRun(StreamRun[WorkflowEvent]):
    """The steps of a workflow's stream; it cannot be recovered, because Coze cannot return the missing messages."""

    reading: WorkflowReading

    def __init__(self, session: Session, request: Request[None]) -> None:
        super().__init__(session, request, WorkflowReading(session.config.max_event_bytes))

    async def recover(self, failure: CozeError | None) -> Sequence[WorkflowEvent]:
        raise StreamInterrupted(
            "The workflow's stream broke before its end; the run may continue, and is not started again",
            text="".join(message.content for message in self.reading.messages),
            logid=self.logid,
            cure="Check the run in Coze; use mode='async' for runs that must survive a broken connection",
        ) from failure


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
        return WorkflowResult.of_messages(self._run.reading)


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
