"""The events of a workflow's stream: decode and type them, and find gaps in their numbers; no I/O.

API page: workflow_stream_run. The spellings of coze-studio are accepted too.
"""

from __future__ import annotations

import json
import logging
from typing import cast

from pydantic import AliasChoices, Field

from coze_client.api.workflows.failures import WorkflowFailed
from coze_client.api.workflows.history import WorkflowRun
from coze_client.api.workflows.values import Interrupt, WorkflowMessage
from coze_client.core.error_codes import tell_failure
from coze_client.core.json_text import load_json
from coze_client.core.model import Model, convert, convert_json, parse_json, parse_part
from coze_client.core.reading import Reading
from coze_client.core.response import RawResponse, parse_code, read_envelope
from coze_client.core.sse import Decoder, ServerSentEvent
from coze_client.errors import CozeError, ProtocolError, StreamInterrupted

_LONGEST_NUMBER = 18  # digits; Python converts no text of thousands
_log = logging.getLogger("coze_client")

_SURVIVES = (
    "Check the run in Coze; use run_async, or execute with mode='async', for runs that must survive a broken connection"
)

_KNOWN_EVENTS = frozenset({"Message", "Interrupt", "Error", "error", "Done", "done"})


class _InterruptData(Model):
    interrupt_data: Interrupt = Field(default_factory=Interrupt)
    node_title: str = ""
    debug_url: str = ""


class _EndData(Model):
    error_code: int | str | None = Field(default=None, validation_alias=AliasChoices("error_code", "code"))
    error_message: str = Field(default="", validation_alias=AliasChoices("error_message", "msg"))
    debug_url: str = ""


class WorkflowEvent:
    """One event of a workflow's stream.

    ``type``: message, interrupt, done, or another name that the server sends; ``data`` the raw bytes; ``id`` the
    event's number. ``message`` or ``interrupt`` is the parsed data. Error events are raised; heartbeats are dropped.
    """

    __slots__ = ("data", "id", "interrupt", "message", "node_title", "type")

    def __init__(
        self,
        type: str,  # noqa: A002 - Coze's word
        data: bytes,
        id: str = "",  # noqa: A002 - the event stream's word
        message: WorkflowMessage | None = None,
        interrupt: Interrupt | None = None,
        node_title: str = "",
    ) -> None:
        self.type = type
        self.data = data
        self.id = id
        self.message = message
        self.interrupt = interrupt
        self.node_title = node_title

    def __repr__(self) -> str:
        return f"WorkflowEvent(type={self.type!r}, message={self.message!r}, interrupt={self.interrupt!r})"


class WorkflowReading(Reading[WorkflowEvent]):
    """Converts the bytes of a workflow's stream to events; keeps the messages, the interrupt and the gaps. No I/O.

    `limit`: bytes of one event at most.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._decoder = Decoder(limit)
        self._sequences: dict[str, int] = {}
        self.messages: list[WorkflowMessage] = []
        self.interrupt: Interrupt | None = None
        self.node_title = ""
        self.debug_url = ""
        self.execute_id = ""
        self._cut_output = ""  # of a body that is JSON and broke off
        self.gaps: list[str] = []

    def feed(self, chunk: bytes) -> list[WorkflowEvent]:
        out: list[WorkflowEvent] = []
        try:
            for sse in self._decoder.feed(chunk):
                if sse.event.lower() == "ping":
                    self._sequences["id"] = max(_parse_number(sse.id), self._sequences.get("id", -1))
                elif not self.over:
                    out.append(self._read(sse))
        except CozeError as error:
            self.fail(error)
        return out

    def finish(self) -> list[WorkflowEvent]:
        out: list[WorkflowEvent] = []
        try:
            if not self.over:
                self._read_rest(out)
        except ProtocolError:
            pass  # the last event's data is incomplete
        except CozeError as error:
            self.fail(error)
        return out

    def _read_rest(self, out: list[WorkflowEvent]) -> None:
        for sse in self._decoder.finish():
            if self.complete or sse.event in _KNOWN_EVENTS:
                out.append(self._read(sse))  # noqa: PERF401 - keep the events before a failure
        stray = self._decoder.stray.strip()
        if not out and not self.messages and stray.startswith((b"{", b"<")):
            out += self._read_json(stray)

    def interruption(self, reason: str = "The workflow's stream broke before its end") -> StreamInterrupted:
        """The error of a stream that has no end."""
        interrupted = StreamInterrupted(f"{reason}; the run may continue, and is not started again", cure=_SURVIVES)
        self.annotate(interrupted)
        return interrupted

    def annotate(self, error: CozeError) -> CozeError:
        """Add to an error the log id, the id and the page of the run, and the text of the messages before it."""
        error.text = error.text or "".join(message.content for message in self.messages) or self._cut_output
        error.execute_id = error.execute_id or self.execute_id
        error.debug_url = error.debug_url or self.debug_url
        return super().annotate(error)

    def _read_json(self, body: bytes) -> list[WorkflowEvent]:
        """Read a body that is no stream: the response to a plain run, or an error."""
        part = convert(WorkflowRun, parse_part(body))
        self.execute_id, self.debug_url = part.execute_id, part.debug_url
        self._cut_output = convert(WorkflowRun, parse_part(body, cut_texts=True)).data
        run = convert(WorkflowRun, read_envelope(RawResponse(200, {}, body)))
        if run.interrupt_data is not None and run.interrupt_data.event_id:
            self.interrupt = run.interrupt_data
            self.over = self.complete = True
            return [WorkflowEvent("interrupt", body, "", None, run.interrupt_data)]
        if not run.data:
            raise self.interruption(f"The server started a run without streaming it (execute_id {run.execute_id!r})")
        self.messages.append(WorkflowMessage(content=run.data, node_title="End", node_is_finish=True, usage=run.usage))
        self.over = self.complete = True
        return [WorkflowEvent("message", body, "", self.messages[-1]), WorkflowEvent("done", body)]

    def _read(self, sse: ServerSentEvent) -> WorkflowEvent:
        name, data = sse.event, sse.data
        self._check_sequence("id", sse.id)
        if name == "Message":
            message = convert_json(WorkflowMessage, data)
            self._check_sequence(message.node_id or message.node_title, message.node_seq_id)
            self.messages.append(message)
            return WorkflowEvent("message", data, sse.id, message)
        if name == "Interrupt":
            return self._read_interrupt(sse)
        if name in ("Done", "done"):
            self.over = self.complete = True
            self.debug_url = convert_json(_EndData, data).debug_url if data.startswith(b"{") else ""
            return WorkflowEvent("done", data, sse.id)
        if name in ("Error", "error"):
            self.complete = True
            raise self._read_error(data)
        return WorkflowEvent(name, data, sse.id)

    def _read_interrupt(self, sse: ServerSentEvent) -> WorkflowEvent:
        parsed = convert_json(_InterruptData, sse.data)
        self.interrupt, self.node_title = parsed.interrupt_data, parsed.node_title
        self.debug_url = parsed.debug_url
        self.over = self.complete = True
        return WorkflowEvent("interrupt", sse.data, sse.id, None, parsed.interrupt_data, parsed.node_title)

    def _read_error(self, data: bytes) -> WorkflowFailed:
        try:
            body = parse_json(data)
        except ProtocolError:
            body = None
        if not isinstance(body, dict):  # coze-studio sends the bare text of internal failures
            body = {"error_message": data.decode("utf-8", "replace").strip()}
        parsed = convert_json(_EndData, json.dumps(body).encode())
        code = parse_code(parsed.error_code)
        failed = WorkflowFailed(
            "The workflow failed without an error message",
            node_title=self.messages[-1].node_title if self.messages else "",
            debug_url=parsed.debug_url,
            messages=tuple(self.messages),
            logid=self.logid,
        )
        tell_failure(failed, code, parsed.error_message)
        return failed

    def _check_sequence(self, counter: str, text: str) -> None:
        """Record the numbers that are missing before this one; Coze numbers events, and the messages of each node."""
        number, expected = _parse_number(text), self._sequences.get(counter, -1) + 1
        if number < 0:
            return
        if number > expected:
            gap = f"{counter} {expected}" + (f" to {number - 1}" if number - 1 > expected else "")
            if not self.gaps:
                _log.warning("a workflow's stream has a gap: %s is missing", gap)
            self.gaps.append(gap)
        self._sequences[counter] = number


def _parse_number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else -1


def read_question(interrupt: Interrupt, last_message: str) -> tuple[str, tuple[str, ...]]:
    """Return an interrupt's question and its options; `last_message` is the question if the interrupt has none.

    Cloud: ``{content_type, content, options}``. coze-studio: ``{messages: [{content}]}``; there, the content of a
    question with options is itself JSON, ``{question, options: [{name}]}``.
    """
    parsed = _parse_object(interrupt.data)
    messages = parsed.get("messages")
    if isinstance(messages, list) and messages and isinstance(messages[-1], dict):
        parsed = cast("dict[str, object]", messages[-1])
    inner = _parse_object(parsed.get("content"))
    if "question" in inner:
        parsed = inner
    question = parsed.get("question") or parsed.get("content")
    options = parsed.get("options")
    return (
        question if isinstance(question, str) and question else last_message or interrupt.data,
        tuple(_option_text(each) for each in options) if isinstance(options, list) else (),
    )


def _parse_object(text: object) -> dict[str, object]:
    try:
        value = load_json(text) if isinstance(text, str) else None
    except ValueError:
        value = None
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _option_text(option: object) -> str:
    return str(option.get("name") or option) if isinstance(option, dict) else str(option)
