"""The events of a chat stream: decode and type them, collect the messages, find which listed ones are missing; no I/O.

API page: chat_v3, stream response. The spellings of coze-studio are accepted too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO

from pydantic import ValidationError
from typing_extensions import TypedDict

from coze_client.api.chats.failures import ChatFailed
from coze_client.api.chats.values import CANCELED, FAILED, REQUIRES_ACTION, Chat, LastError, is_answer, join_answers
from coze_client.api.conversations.values import Message
from coze_client.core.error_codes import cure_for, error_for
from coze_client.core.model import adapter, convert_json, json_validator, parse_json
from coze_client.core.reading import Reading
from coze_client.core.response import parse_code, raise_error_in
from coze_client.core.sse import Decoder
from coze_client.errors import CozeError, ProtocolError

MESSAGE_DELTA = "conversation.message.delta"
MESSAGE_COMPLETED = "conversation.message.completed"
CHAT_REQUIRES_ACTION = "conversation.chat.requires_action"
AUDIO_DELTA = "conversation.audio.delta"
DONE_EVENTS = frozenset({"done", "Done", "conversation.stream.done"})
_ERROR_EVENTS = frozenset({"error", "Error"})
_NO_ERROR_TEXT = "The server reported an error without a message"
_CHAT_EVENTS = frozenset(
    f"conversation.chat.{state}"
    for state in ("created", "in_progress", "completed", *FAILED, *CANCELED, *REQUIRES_ACTION)
)
_KNOWN_EVENTS = _CHAT_EVENTS | DONE_EVENTS | _ERROR_EVENTS | {MESSAGE_DELTA, MESSAGE_COMPLETED, AUDIO_DELTA}


class ChatEvent:
    """One event of a chat stream.

    ``type`` is Coze's event name, ``data`` the raw bytes. ``chat`` or ``message`` is the parsed data; both are ``None``
    for ``done`` and unknown events. ``delta`` is the text that the event adds to the answer, ``reasoning`` the text
    that it adds to the model's reasoning; "" if it adds none.
    """

    __slots__ = ("_message", "chat", "data", "delta", "reasoning", "type")

    def __init__(
        self,
        type: str,  # noqa: A002 - Coze's word
        data: bytes,
        message: Message | None = None,
        chat: Chat | None = None,
        delta: str = "",
        reasoning: str = "",
    ) -> None:
        self.type = type
        self.data = data
        self._message = message
        self.chat = chat
        self.delta = delta
        self.reasoning = reasoning

    @property
    def message(self) -> Message | None:
        """The message in this event: of a delta, only the part that it adds; of other events, the whole message."""
        if self._message is None and self.type == MESSAGE_DELTA:  # parsed on demand: most callers read only the text
            self._message = _parse_message(self.data)
        return self._message

    def __repr__(self) -> str:
        return f"ChatEvent(type={self.type!r}, message={self.message!r}, chat={self.chat!r}, delta={self.delta!r})"


@dataclass
class MessageBuilder:
    """Builds one message from its deltas, or keeps the completed one; ``first`` is the first delta, for its fields."""

    first: Message
    is_answer: bool
    text: StringIO = field(default_factory=StringIO)
    reasoning: StringIO = field(default_factory=StringIO)
    completed: Message | None = None

    def extend(self, text: str, reasoning: str) -> tuple[str, str]:
        """Append a delta; return the text that it adds to the answer and to the reasoning."""
        if self.completed is not None:
            return "", ""
        self.text.write(text)
        if reasoning:
            self.reasoning.write(reasoning)
        return (text, reasoning) if self.is_answer else ("", "")

    def message(self) -> Message:
        """The message so far."""
        if self.completed is not None:
            return self.completed
        return self.first.model_copy(
            update={"content": self.text.getvalue(), "reasoning_content": self.reasoning.getvalue() or None}
        )


class ReceivedMessages:
    """The messages of a chat received so far, by message id, in order of first appearance."""

    def __init__(self) -> None:
        self._messages: dict[str, MessageBuilder] = {}
        self.last: MessageBuilder | None = None  # the message of the latest delta

    def add_delta(self, message: Message) -> tuple[str, str]:
        """Append a delta; return the text that it adds to the answer and to the reasoning."""
        builder = self.last = self._builder_of(message)
        return builder.extend(message.content, message.reasoning_content or "")

    def add_completed(self, message: Message) -> tuple[str, str]:
        """Store a completed message; return the text that it adds beyond its deltas (mostly none)."""
        builder = self._builder_of(message)
        if builder.completed is not None:
            return "", ""
        text, reasoning = builder.text.getvalue(), builder.reasoning.getvalue()
        if reasoning and not message.reasoning_content:
            message = message.model_copy(update={"reasoning_content": reasoning})
        builder.completed = message
        if not is_answer(message):
            return "", ""
        return _remainder(message.content, text), _remainder(message.reasoning_content or "", reasoning)

    def is_missing(self, message: Message) -> bool:
        """True if a listed message has not arrived completely; raises ValueError if the deltas contradict it."""
        builder = self._messages.get(message.id)
        if builder is None:
            return True
        if builder.completed is not None:
            return False
        if not message.content.startswith(builder.text.getvalue()):
            raise ValueError("the text that arrived is no prefix of the listed message")
        return True

    @property
    def text(self) -> str:
        """The answer so far: the text of all answer messages, joined."""
        return join_answers(self.messages)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages so far; the last may be incomplete."""
        return tuple(builder.message() for builder in self._messages.values())

    def _builder_of(self, message: Message) -> MessageBuilder:
        builder = self._messages.get(message.id)
        if builder is None:
            builder = self._messages[message.id] = MessageBuilder(message, is_answer(message))
        return builder


def _remainder(whole: str, part: str) -> str:
    return whole[len(part) :] if whole.startswith(part) else ""


def _parse_message(data: bytes) -> Message:
    validate: Callable[[bytes], Message] = json_validator(Message)
    try:
        return validate(data)
    except ValidationError:
        return convert_json(Message, data)


class _DeltaFields(TypedDict, total=False):
    """The fields that matter in every delta after the first of a message; parsing only these is faster."""

    id: str
    content: str
    reasoning_content: str | None


class ChatReading(Reading[ChatEvent]):
    """Converts the bytes of a chat stream to events; keeps the messages and the chat's latest state. No I/O.

    `limit`: bytes of one event at most.
    """

    def __init__(self, limit: int, chat_id: str | None = None, conversation_id: str | None = None) -> None:
        super().__init__()
        self._decoder = Decoder(limit)
        self._parse_delta: Callable[[bytes], _DeltaFields] = adapter(_DeltaFields).validator.validate_json
        self.received = ReceivedMessages()
        self.chat: Chat | None = None
        self.chat_id = chat_id
        self.conversation_id = conversation_id
        self.has_audio = False

    def feed(self, chunk: bytes) -> list[ChatEvent]:
        """Return the events that this chunk completes, up to a failure."""
        out: list[ChatEvent] = []
        try:
            for name, data, _, _ in self._decoder.feed(chunk):
                if name == MESSAGE_DELTA:
                    out.append(self._read_delta(data))
                elif name.lower() != "ping":
                    out.append(self._read_event(name, data))
                    if self.over:
                        break
        except CozeError as error:
            self.fail(error)
        return out

    def finish(self) -> list[ChatEvent]:
        """Return the events still pending when the connection closed, without incomplete ones.

        A JSON or HTML body in place of a stream is an error response.
        """
        out: list[ChatEvent] = []
        try:
            for name, data, _, _ in self._decoder.finish():
                if self.complete or name in _KNOWN_EVENTS:
                    with suppress(ProtocolError):  # its data is incomplete
                        out.append(self._read_event(name, data))
            stray = self._decoder.stray.strip()
            if not out and self.chat is None and stray.startswith((b"{", b"<")):
                self.complete = True
                raise_error_in(stray)
        except CozeError as error:
            self.fail(error)
        return out

    def add_missing(self, message: Message) -> list[ChatEvent]:
        """Return the events that are missing of a listed message; raises ValueError if the deltas contradict it."""
        if not self.received.is_missing(message):
            return []
        data = message.model_dump_json(exclude_unset=True).encode()
        delta, reasoning = self.received.add_completed(message)
        events = []
        if delta or reasoning:
            part = message.model_copy(update={"content": delta, "reasoning_content": reasoning or None})
            events.append(
                ChatEvent(
                    MESSAGE_DELTA, part.model_dump_json(exclude_unset=True).encode(), part, None, delta, reasoning
                )
            )
        return [*events, ChatEvent(MESSAGE_COMPLETED, data, message)]

    def add_end(self, chat: Chat) -> list[ChatEvent]:
        """Return the final chat event that the stream would have sent; a failed chat sets ``failure``."""
        data = chat.model_dump_json(exclude_unset=True).encode()
        name = CHAT_REQUIRES_ACTION if chat.status in REQUIRES_ACTION else f"conversation.chat.{chat.status}"
        try:
            return [self._chat_event(name, data)]
        except CozeError as error:
            self.fail(error)
            return []

    def _read_delta(self, data: bytes) -> ChatEvent:
        builder = self.received.last
        if builder is None or self.chat_id is None:
            return self._read_event(MESSAGE_DELTA, data)
        try:
            fields = self._parse_delta(data)
        except ValidationError:
            return self._read_event(MESSAGE_DELTA, data)
        if fields.get("id", "") != builder.first.id:
            return self._read_event(MESSAGE_DELTA, data)
        delta, reasoning = builder.extend(fields.get("content", ""), fields.get("reasoning_content") or "")
        return ChatEvent(MESSAGE_DELTA, data, None, None, delta, reasoning)

    def _read_message(self, data: bytes) -> Message:
        message = _parse_message(data)
        if self.chat_id is None:
            self._note_ids(message.chat_id, message.conversation_id)
        return message

    def _read_event(self, name: str, data: bytes) -> ChatEvent:
        if name in (MESSAGE_DELTA, MESSAGE_COMPLETED):
            message = self._read_message(data)
            add = self.received.add_delta if name == MESSAGE_DELTA else self.received.add_completed
            delta, reasoning = add(message)
            return ChatEvent(name, data, message, None, delta, reasoning)
        if name in _CHAT_EVENTS:
            return self._chat_event(name, data)
        if name in DONE_EVENTS or (not name and data.strip(b'"') == b"[DONE]"):
            self.over = self.complete = True
            return ChatEvent(name or "done", data)
        if name in _ERROR_EVENTS:
            self.complete = True
            raise self._read_error(data)
        if name == AUDIO_DELTA:
            self.has_audio = True
            return ChatEvent(name, data, self._read_message(data))
        return ChatEvent(name, data)

    def _chat_event(self, name: str, data: bytes) -> ChatEvent:
        chat = convert_json(Chat, data) if data.strip() else Chat()
        self._note_ids(chat.id, chat.conversation_id)
        state = name.rpartition(".")[2]
        if state in FAILED or chat.status in FAILED:
            self.complete = True
            raise self._chat_failed(chat)
        self.chat = chat if chat.id or self.chat is None else self.chat
        if state == "completed":
            self.complete = True
        elif state in REQUIRES_ACTION or state in CANCELED:
            self.over = self.complete = True
        return ChatEvent(name, data, None, chat)

    def _note_ids(self, chat_id: str, conversation_id: str) -> None:
        self.chat_id = self.chat_id or chat_id or None
        self.conversation_id = conversation_id or self.conversation_id

    def _chat_failed(self, chat: Chat) -> ChatFailed:
        extra = chat.model_extra or {}  # some failures send a bare {code, msg} in place of a chat
        last = chat.last_error if chat.last_error and chat.last_error.code else None
        code = parse_code(last.code if last else extra.get("code"))
        message = (last.msg if last else str(extra.get("msg") or "")) or "The bot failed to answer"
        if self.chat is not None and not chat.id:
            chat = self.chat.model_copy(update={"status": "failed", "last_error": LastError(code=code, msg=message)})
        self.chat = chat
        text = self.received.text
        return ChatFailed(message, code=code, chat=chat, text=text, logid=self.logid, cure=cure_for(code))

    def _read_error(self, data: bytes) -> CozeError:
        try:
            body = parse_json(data)
        except ProtocolError:
            body = data.decode("utf-8", "replace").strip()
        if not isinstance(body, dict):
            return error_for(None, str(body or _NO_ERROR_TEXT), logid=self.logid)
        code = parse_code(body.get("code", body.get("error_code")))
        message = str(body.get("msg") or body.get("error_message") or _NO_ERROR_TEXT)
        return error_for(code, message, logid=self.logid)
