"""The events of a v2 chat stream: decoded, typed, and joined to messages; pure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO

from pydantic import AliasChoices, Field

from coze_client.api.chats.events import DONE_EVENTS
from coze_client.api.chats.values import is_answer
from coze_client.api.legacy_chats.values import LegacyMessage
from coze_client.core.error_codes import error_for
from coze_client.core.model import Model, convert, convert_json
from coze_client.core.reading import Reading
from coze_client.core.response import find_logid, parse_code, raise_error_in
from coze_client.core.sse import Decoder, ServerSentEvent
from coze_client.errors import APIError, CozeError, ProtocolError


@dataclass(frozen=True)
class LegacyChatEvent:
    """One event of a v2 chat stream.

    ``type``: message, done, or what the server sends; ``data`` the raw bytes. ``message`` is a piece of the message
    number ``index``, the last piece if ``is_finish``; ``seq_id`` counts the pieces where the server does. ``delta`` is
    what the event adds to the answer's text, "" for everything else.
    """

    type: str
    data: bytes
    message: LegacyMessage | None = None
    index: int = 0
    seq_id: int | None = None
    is_finish: bool = False
    delta: str = ""


class _ErrorJson(Model):
    """Public v2 clients disagree about the names."""

    code: int | str | None = Field(default=None, validation_alias=AliasChoices("code", "err_code"))
    msg: str = Field(default="", validation_alias=AliasChoices("msg", "err_msg"))


class _EventJson(Model):
    """An event's JSON, as it comes."""

    event: str = ""
    message: LegacyMessage | None = None
    index: int = 0
    seq_id: int | None = None
    is_finish: bool = False
    conversation_id: str = ""
    error_information: _ErrorJson | None = None

    @property
    def error(self) -> _ErrorJson:
        """What went wrong; some servers leave the inner object out."""
        return self.error_information or convert(_ErrorJson, self.model_extra)


@dataclass
class _LegacyMessageBuilder:
    """A message in the making: its first piece (for the fields), the text and extra information so far."""

    first: LegacyMessage
    text: StringIO = field(default_factory=StringIO)
    extra_info: dict[str, object] | None = None

    def add(self, piece: LegacyMessage) -> str:
        """Takes a piece; what it adds to the answer."""
        self.text.write(piece.content)
        self.extra_info = piece.extra_info or self.extra_info
        return piece.content if is_answer(self.first) else ""

    def message(self) -> LegacyMessage:
        """The message as far as it came."""
        return self.first.model_copy(update={"content": self.text.getvalue(), "extra_info": self.extra_info})


class LegacyChatReading(Reading[LegacyChatEvent]):
    """Bytes of a v2 chat stream to events; joins the pieces of each message by its index. Knows no network."""

    def __init__(self, limit: int, conversation_id: str | None = None) -> None:
        super().__init__()
        self._decoder = Decoder(limit)
        self._messages: dict[int, _LegacyMessageBuilder] = {}
        self.conversation_id = conversation_id

    @property
    def messages(self) -> tuple[LegacyMessage, ...]:
        """The messages so far, in order of appearance; unfinished ones too."""
        return tuple(builder.message() for builder in self._messages.values())

    def feed(self, chunk: bytes) -> list[LegacyChatEvent]:
        """The events that this piece completes, up to a failure."""
        out: list[LegacyChatEvent] = []
        try:
            for sse in self._decoder.feed(chunk):
                self._append(sse, out)
        except CozeError as error:
            self.fail(error)
        return out

    def finish(self) -> list[LegacyChatEvent]:
        """The event that was pending when the line ended, unless it was cut; what is no stream at all is a refusal."""
        out: list[LegacyChatEvent] = []
        try:
            for sse in self._decoder.finish():
                with suppress(ProtocolError):  # cut in the middle of its data
                    self._append(sse, out)
            stray = self._decoder.stray.strip()
            if not self._messages and not out and stray.startswith((b"{", b"<")):
                raise_error_in(stray)
        except CozeError as error:
            self.fail(error)
        return out

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
        return LegacyChatEvent(event.event, data, message, event.index, event.seq_id, event.is_finish, delta)


def _parse_event(sse: ServerSentEvent) -> _EventJson:
    """An event's JSON; what is none (keep-alives, ``[DONE]``) has only a name."""
    if sse.data.lstrip().startswith(b"{"):
        event = convert_json(_EventJson, sse.data)
        return event if event.event else event.model_copy(update={"event": sse.event})
    return _EventJson(event="done" if sse.data.strip().strip(b'"') == b"[DONE]" else sse.event)


def _error_of(event: _EventJson) -> APIError | None:
    error = event.error
    code = parse_code(error.code)
    if event.event.lower() != "error" and code in (None, 0, ""):
        return None
    message = error.msg or "The server reported an error without saying which"
    return error_for(code, message, logid=find_logid(event.model_extra or {}))
