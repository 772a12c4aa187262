"""The events of a v2 chat stream: decoded, typed, and joined to messages; pure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO

from pydantic import AliasChoices, Field

from coze_client.api.chats.events import DONE
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


class _Error(Model):
    """Public v2 clients disagree about the names."""

    code: int | str | None = Field(default=None, validation_alias=AliasChoices("code", "err_code"))
    msg: str = Field(default="", validation_alias=AliasChoices("msg", "err_msg"))


class _Wire(Model):
    """An event's JSON, as it comes."""

    event: str = ""
    message: LegacyMessage | None = None
    index: int = 0
    seq_id: int | None = None
    is_finish: bool = False
    conversation_id: str = ""
    error_information: _Error | None = None

    @property
    def error(self) -> _Error:
        """What went wrong; some servers leave the inner object out."""
        return self.error_information or convert(_Error, self.model_extra)


@dataclass
class _GrowingMessage:
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
        self._messages: dict[int, _GrowingMessage] = {}
        self.conversation_id = conversation_id

    @property
    def messages(self) -> tuple[LegacyMessage, ...]:
        """The messages so far, in order of appearance; unfinished ones too."""
        return tuple(growing.message() for growing in self._messages.values())

    def feed(self, chunk: bytes) -> list[LegacyChatEvent]:
        """The events that this piece completes, up to a failure."""
        out: list[LegacyChatEvent] = []
        try:
            for sse in self._decoder.feed(chunk):
                self._take(sse, out)
        except CozeError as error:
            self.fail(error)
        return out

    def finish(self) -> list[LegacyChatEvent]:
        """The event that was pending when the line ended, unless it was cut; what is no stream at all is a refusal."""
        out: list[LegacyChatEvent] = []
        try:
            for sse in self._decoder.finish():
                with suppress(ProtocolError):  # cut in the middle of its data
                    self._take(sse, out)
            stray = self._decoder.stray.strip()
            if not self._messages and not out and stray.startswith((b"{", b"<")):
                raise_error_in(stray)
        except CozeError as error:
            self.fail(error)
        return out

    def _take(self, sse: ServerSentEvent, out: list[LegacyChatEvent]) -> None:
        if not self.over and sse.data.strip():
            out.append(self._read(sse))

    def _read(self, sse: ServerSentEvent) -> LegacyChatEvent:
        told = _wire(sse)
        self.conversation_id = told.conversation_id or self.conversation_id
        if told.event == "message" and told.message is not None:
            return self._add(told, told.message, sse.data)
        if told.event in DONE:
            self.over = self.complete = True
        elif error := _failure(told):
            raise error
        return LegacyChatEvent(told.event, sse.data)

    def _add(self, told: _Wire, message: LegacyMessage, data: bytes) -> LegacyChatEvent:
        growing = self._messages.get(told.index)
        if growing is None:
            growing = self._messages[told.index] = _GrowingMessage(message)
        delta = growing.add(message)
        return LegacyChatEvent(told.event, data, message, told.index, told.seq_id, told.is_finish, delta)


def _wire(sse: ServerSentEvent) -> _Wire:
    """An event's JSON; what is none (keep-alives, ``[DONE]``) has only a name."""
    if sse.data.lstrip().startswith(b"{"):
        told = convert_json(_Wire, sse.data)
        return told if told.event else told.model_copy(update={"event": sse.event})
    return _Wire(event="done" if sse.data.strip().strip(b'"') == b"[DONE]" else sse.event)


def _failure(told: _Wire) -> APIError | None:
    error = told.error
    code = parse_code(error.code)
    if told.event.lower() != "error" and code in (None, 0, ""):
        return None
    message = error.msg or "The server reported an error without saying which"
    return error_for(code, message, logid=find_logid(told.model_extra or {}))
