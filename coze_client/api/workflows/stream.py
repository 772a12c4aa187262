"""A workflow's run as it streams, and what it comes to."""

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
    """What a run said until it asked something, and what numbers were missing of it."""

    messages: tuple[WorkflowMessage, ...] = ()
    gaps: tuple[str, ...] = ()

    def extended_by(self, reading: WorkflowReading, messages: Sequence[WorkflowMessage]) -> PriorOutput:
        """The same with what a further stream said, of which `messages` were joined."""
        return PriorOutput((*self.messages, *messages), (*self.gaps, *reading.gaps))


NO_PRIOR_OUTPUT = PriorOutput()


class WorkflowResult(Model):
    """What a run came to; JSON gives it back as it was (``model_dump_json``, ``model_validate_json``).

    ``output`` is the end node's, decoded as far as it is JSON; ``text`` the same as text. ``messages`` are what the
    output nodes and questions said on the way, ``gaps`` what numbers of a stream were missing; of a run that was
    answered, both of the whole run.
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
        """From what a plain run answered."""
        output, told = decode_output(text)
        return cls(output=output, text=told, execute_id=execute_id, debug_url=debug_url, usage=usage)

    @classmethod
    def of_messages(cls, reading: WorkflowReading, earlier: PriorOutput = NO_PRIOR_OUTPUT) -> WorkflowResult:
        """From a stream that has ended: the pieces of each node's output joined; `earlier` is of answered questions."""
        joined = join_messages(reading.messages)
        ends = [message for message in joined if message.node_title in _END_TITLES]
        end = ends[-1] if ends else WorkflowMessage()
        output, text = decode_output(end.content)
        usages = [message.usage for message in reading.messages if message.usage and message.usage.known]
        said = earlier.extended_by(reading, [message for message in joined if message is not end])
        return cls(
            output=output,
            text=text,
            content_type=end.content_type or "text",
            debug_url=reading.debug_url,
            usage=usages[-1] if usages else None,
            **said._asdict(),
        )

    @classmethod
    def of_record(cls, record: RunHistory) -> WorkflowResult:
        """From the record of a run: its key Output is the end node's, on coze-studio the whole is."""
        outputs, text = decode_output(record.output)
        nodes = cast("dict[str, object]", outputs) if isinstance(outputs, dict) and "Output" in outputs else None
        if nodes is not None:
            inner = nodes["Output"]
            outputs, text = decode_output(inner) if isinstance(inner, str) else (inner, json.dumps(inner))
        said = tuple(
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
            messages=said,
        )


def decode_output(text: str) -> tuple[object, str]:
    """An output as JSON if it is, and as text; the wrapper that Coze puts around a text answer is taken off."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # the latter: nested without end
        return text, text
    if isinstance(value, dict) and "type_for_model" in value and isinstance(value.get("data"), str):
        return decode_output(value["data"])
    return value, value if isinstance(value, str) else text


def join_messages(messages: Sequence[WorkflowMessage]) -> list[WorkflowMessage]:
    """One message for each output of a node: what came in pieces, joined in order."""
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
    """The steps of a workflow's stream: nothing heals, since what was said cannot be asked for again."""

    reading: WorkflowReading

    def __init__(self, session: Session, request: Request[None]) -> None:
        super().__init__(session, request, WorkflowReading(session.config.max_event_bytes))

    async def recover(self, failure: CozeError | None) -> Sequence[WorkflowEvent]:
        raise StreamInterrupted(
            "The workflow's stream broke before its end, and the run may go on (it is not begun again)",
            text="".join(message.content for message in self.reading.messages),
            logid=self.logid,
            cure="Look at the run in Coze; for runs that must survive this, use mode='async'",
        ) from failure


class _WorkflowStreamFacts(StreamFacts[WorkflowStreamRun]):
    """What a workflow's stream knows of its run, on either face."""

    @property
    def interrupt(self) -> Interrupt | None:
        """What the run waits for, if it stopped to ask."""
        return self._run.reading.interrupt

    @property
    def messages(self) -> tuple[WorkflowMessage, ...]:
        """What the nodes said so far, piece by piece."""
        return tuple(self._run.reading.messages)

    @property
    def result(self) -> WorkflowResult:
        """What the run came to, as far as the stream was read."""
        return WorkflowResult.of_messages(self._run.reading)


class WorkflowStream(_WorkflowStreamFacts, Stream[WorkflowEvent, WorkflowStreamRun]):
    """A run, event by event; closing it early does not stop the run."""


class AsyncWorkflowStream(_WorkflowStreamFacts, AsyncStream[WorkflowEvent, WorkflowStreamRun]):
    """A run, event by event; closing it early does not stop the run."""


def workflow_events(request: Request[None]) -> Events[WorkflowStream, AsyncWorkflowStream]:
    """The stream that `request` opens, for either client."""
    return Events(
        request,
        lambda session: WorkflowStream(WorkflowStreamRun(session, request)),
        lambda session: AsyncWorkflowStream(WorkflowStreamRun(session, request)),
    )
