"""The events of a v2 chat stream: decode and type them, and join them to messages; no I/O."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO

from pydantic import AliasChoices, Field

from coze_client.api.chats.chat_event import DONE_EVENTS
from coze_client.api.chats.failures import no_answer
from coze_client.api.chats.received_messages import holds_answer
from coze_client.api.chats.values import is_answer, join_answers
from coze_client.api.legacy_chats.values import LegacyChat, LegacyMessage
from coze_client.core.error_codes import error_for
from coze_client.core.model import Model, convert, convert_json, parse_part
from coze_client.core.reading import Reading
from coze_client.core.response import RawResponse, find_logid, parse_code, read_envelope
from coze_client.core.sse import Decoder, ServerSentEvent
from coze_client.errors import APIError, CozeError, ProtocolError, StreamInterrupted


@dataclass(frozen=True)
class LegacyChatEvent:
    """One event of a v2 chat stream.

    ``type``: message, done, or another text that the server sends; ``data`` the raw bytes. ``message`` is a part of
    the message number ``index``, the last part if ``is_finish``; ``seq_id`` numbers the parts, if the server does.
    ``delta`` is the text that the event adds to the answer; "" if it adds none.
    """

    type: str
    data: bytes
    message: LegacyMessage | None = None
    index: int = 0
    seq_id: int | None = None
    is_finish: bool = False
    delta: str = ""


class _ErrorJson(Model):
    """The error in an event; public v2 clients disagree about the field names."""

    code: int | str | None = Field(default=None, validation_alias=AliasChoices("code", "err_code"))
    msg: str = Field(default="", validation_alias=AliasChoices("msg", "err_msg"))


class _EventJson(Model):
    """The JSON of an event, as the server sends it."""

    event: str = ""
    message: LegacyMessage | None = None
    index: int = 0
    seq_id: int | None = None
    is_finish: bool = False
    conversation_id: str = ""
    error_information: _ErrorJson | None = None

    @property
    def error(self) -> _ErrorJson:
        """The error; some servers send its fields without the inner object."""
        return self.error_information or convert(_ErrorJson, self.model_extra)


@dataclass
class _LegacyMessageBuilder:
    """Builds one message from its parts; ``first`` is the first part, for its fields."""

    first: LegacyMessage
    text: StringIO = field(default_factory=StringIO)
    extra_info: dict[str, object] | None = None
    finished: bool = False

    def add(self, part: LegacyMessage) -> str:
        """Append a part; return the text that it adds to the answer."""
        self.text.write(part.content)
        self.extra_info = part.extra_info or self.extra_info
        return part.content if is_answer(self.first) else ""

    def message(self) -> LegacyMessage:
        """The message so far."""
        return self.first.model_copy(update={"content": self.text.getvalue(), "extra_info": self.extra_info})


class LegacyChatReading(Reading[LegacyChatEvent]):
    """Converts the bytes of a v2 chat stream to events; joins the parts of each message by its index. No I/O.

    `limit`: bytes of one event at most. The chat is complete at ``done``, with an answer whose last part has
    ``is_finish`` (servers that never send it are believed). Without an answer, ``failure`` is ChatFailed.
    """

    def __init__(self, limit: int, conversation_id: str | None = None) -> None:
        super().__init__()
        self._decoder = Decoder(limit)
        self._messages: dict[int, _LegacyMessageBuilder] = {}
        self.conversation_id = conversation_id

    @property
    def messages(self) -> tuple[LegacyMessage, ...]:
        """The messages so far, in order of first appearance; also incomplete ones."""
        return tuple(builder.message() for builder in self._messages.values())

    def feed(self, chunk: bytes) -> list[LegacyChatEvent]:
        """Return the events that this chunk completes, up to a failure."""
        out: list[LegacyChatEvent] = []
        try:
            for sse in self._decoder.feed(chunk):
                self._append(sse, out)
        except CozeError as error:
            self.fail(error)
        return out

    def finish(self) -> list[LegacyChatEvent]:
        """Return the events still pending when the connection closed, without incomplete ones.

        A JSON or HTML body in place of a stream is an error response.
        """
        out: list[LegacyChatEvent] = []
        try:
            if not self.over:
                self._read_rest(out)
            if self.complete and not self.failure:
                self._check_whole()
        except CozeError as error:
            self.fail(error)
        return out

    def _read_rest(self, out: list[LegacyChatEvent]) -> None:
        for sse in self._decoder.finish():
            with suppress(ProtocolError):  # its data is incomplete
                self._append(sse, out)
        stray = self._decoder.stray.strip()
        if not self._messages and not out and stray.startswith((b"{", b"<")):
            out += self._read_json(stray)

    def annotate(self, error: CozeError) -> CozeError:
        """Add to an error what arrived before it: the log id, the conversation, and the text of the answer."""
        error.conversation_id = error.conversation_id or self.conversation_id
        error.text = error.text or join_answers(self.messages)
        return super().annotate(error)

    def interruption(self, reason: str) -> StreamInterrupted:
        """The error of a stream that is not whole."""
        return StreamInterrupted(
            f"{reason}, and the v2 API cannot return the rest",
            text=join_answers(self.messages),
            messages=self.messages,
            conversation_id=self.conversation_id,
            logid=self.logid,
            cure="The error's .text and .messages hold what arrived; the chat may still run and is billed",
        )

    def _read_json(self, body: bytes) -> list[LegacyChatEvent]:
        """Read a body that is no stream: the response to a chat that is not streamed, or an error."""
        part = convert(LegacyChat, parse_part(body))
        self.conversation_id = part.conversation_id or self.conversation_id
        events = [
            self._add(_EventJson(event="message", index=index, is_finish=True), message, body)
            for index, message in enumerate(convert(LegacyChat, parse_part(body, cut_texts=True)).messages)
        ]
        read_chat(RawResponse(200, {}, body))
        self.over = self.complete = True
        return [*events, LegacyChatEvent("done", body)]

    def _check_whole(self) -> None:
        finished = [builder.finished for builder in self._messages.values()]
        if not holds_answer(self.messages):
            raise no_answer(None, logid=self.logid)
        if any(finished) and not all(finished):
            raise self.interruption("The stream ended before the last part of a message")

    def _append(self, sse: ServerSentEvent, out: list[LegacyChatEvent]) -> None:
        if not self.over and sse.data.strip():
            out.append(self._read(sse))

    def _read(self, sse: ServerSentEvent) -> LegacyChatEvent:
        event = _parse_event(sse)
        self.conversation_id = event.conversation_id or self.conversation_id
        if event.event == "message" and event.message is not None:
            return self._add(event, event.message, sse.data)
        if event.event in DONE_EVENTS:
            self.over = self.complete = True
        elif error := _error_of(event):
            raise error
        return LegacyChatEvent(event.event, sse.data)

    def _add(self, event: _EventJson, message: LegacyMessage, data: bytes) -> LegacyChatEvent:
        builder = self._messages.get(event.index)
        if builder is None:
            builder = self._messages[event.index] = _LegacyMessageBuilder(message)
        delta = builder.add(message)
        builder.finished = builder.finished or event.is_finish
        return LegacyChatEvent(event.event, data, message, event.index, event.seq_id, event.is_finish, delta)


def read_chat(response: RawResponse) -> LegacyChat:
    """Read the JSON of a v2 chat; raises ChatFailed if it has no answer."""
    envelope = read_envelope(response)
    chat = convert(LegacyChat, {name: envelope.get(name) for name in ("conversation_id", "messages")})
    if not holds_answer(chat.messages):
        failed = no_answer(None, logid=find_logid(envelope) or response.logid)
        failed.conversation_id = chat.conversation_id or None
        raise failed
    return chat


def read_streamed_chat(body: bytes, logid: str | None) -> LegacyChat:
    """Read the whole stream of a v2 chat; raises its error, or StreamInterrupted if it has no end."""
    reading = LegacyChatReading(len(body))
    reading.logid = logid
    reading.feed(body)
    reading.finish()
    if reading.failure:
        raise reading.failure
    if not reading.complete:
        raise reading.interruption("The stream broke before its end")
    return LegacyChat(conversation_id=reading.conversation_id or "", messages=reading.messages)


def _parse_event(sse: ServerSentEvent) -> _EventJson:
    """Parse an event's JSON; other data (keep-alives, ``[DONE]``) results in an event with only a name."""
    if sse.data.lstrip().startswith(b"{"):
        event = convert_json(_EventJson, sse.data)
        return event if event.event else event.model_copy(update={"event": sse.event})
    return _EventJson(event="done" if sse.data.strip().strip(b'"') == b"[DONE]" else sse.event)


def _error_of(event: _EventJson) -> APIError | None:
    error = event.error
    code = parse_code(error.code)
    if event.event.lower() != "error" and code in (None, 0, ""):
        return None
    message = error.msg or "The server reported an error without a message"
    return error_for(code, message, logid=find_logid(event.model_extra or {}))
