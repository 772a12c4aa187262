"""The events of a chat stream: decoded, typed, and added up to the answer; pure.

API page chat v3, stream response; spellings of coze-studio included.
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

DELTA = "conversation.message.delta"
MESSAGE_COMPLETED = "conversation.message.completed"
CHAT_COMPLETED = "conversation.chat.completed"
CHAT_REQUIRES_ACTION = "conversation.chat.requires_action"
AUDIO_DELTA = "conversation.audio.delta"
DONE_EVENTS = frozenset({"done", "Done", "conversation.stream.done"})
_ERROR_EVENTS = frozenset({"error", "Error"})
_CHAT_EVENTS = frozenset(
    f"conversation.chat.{state}"
    for state in ("created", "in_progress", "completed", *FAILED, *CANCELED, *REQUIRES_ACTION)
)
_KNOWN_EVENTS = _CHAT_EVENTS | DONE_EVENTS | _ERROR_EVENTS | {DELTA, MESSAGE_COMPLETED, AUDIO_DELTA}


class ChatEvent:
    """One event of a chat stream.

    ``type`` is Coze's name of it, ``data`` the raw bytes. ``chat`` or ``message`` is what the data says, ``None`` where
    it says neither (``done``, unknown events). ``delta`` is what the event adds to the answer's text, ``reasoning``
    what it adds to the model's thoughts; both are mostly "".
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
        """The message that a delta adds to, with only what this event adds; or a whole one."""
        if self._message is None and self.type == DELTA:  # most are read for their words alone
            self._message = _parse_message(self.data)
        return self._message

    def __repr__(self) -> str:
        return f"ChatEvent(type={self.type!r}, message={self.message!r}, chat={self.chat!r}, delta={self.delta!r})"


@dataclass
class MessageBuilder:
    """A message in the making: the first delta (for its fields), the text and the thoughts so far."""

    first: Message
    answers: bool
    text: StringIO = field(default_factory=StringIO)
    thoughts: StringIO = field(default_factory=StringIO)
    whole: Message | None = None

    def extend(self, text: str, thoughts: str) -> tuple[str, str]:
        """Takes what a delta says; what it adds to the answer and to the thoughts."""
        if self.whole is not None:
            return "", ""
        self.text.write(text)
        if thoughts:
            self.thoughts.write(thoughts)
        return (text, thoughts) if self.answers else ("", "")

    def message(self) -> Message:
        """The message as far as it came."""
        if self.whole is not None:
            return self.whole
        return self.first.model_copy(
            update={"content": self.text.getvalue(), "reasoning_content": self.thoughts.getvalue() or None}
        )


class ReceivedMessages:
    """All that a chat has said so far, by message id, in order of first appearance."""

    def __init__(self) -> None:
        self._messages: dict[str, MessageBuilder] = {}
        self.last: MessageBuilder | None = None  # of the latest delta

    def extend(self, message: Message) -> tuple[str, str]:
        """Takes a delta; what it adds to the answer and to the thoughts."""
        builder = self.last = self._builder_of(message)
        return builder.extend(message.content, message.reasoning_content or "")

    def complete(self, message: Message) -> tuple[str, str]:
        """Takes a whole message; what it adds to the answer and thoughts beyond its deltas (mostly nothing)."""
        builder = self._builder_of(message)
        if builder.whole is not None:
            return "", ""
        text, thoughts = builder.text.getvalue(), builder.thoughts.getvalue()
        if thoughts and not message.reasoning_content:
            message = message.model_copy(update={"reasoning_content": thoughts})
        builder.whole = message
        if not is_answer(message):
            return "", ""
        return _remainder(message.content, text), _remainder(message.reasoning_content or "", thoughts)

    def lacks(self, message: Message) -> Message | None:
        """`message` if it has not arrived whole; raises ValueError if what arrived is no beginning of it."""
        builder = self._messages.get(message.id)
        if builder is None:
            return message
        if builder.whole is not None:
            return None
        if not message.content.startswith(builder.text.getvalue()):
            raise ValueError("what was delivered is no beginning of what is listed")
        return message

    @property
    def text(self) -> str:
        """The answer so far."""
        return join_answers(self.messages)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages so far; the last may be unfinished."""
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
    """What a delta of a message that has begun is read for: most say nothing else that is new."""

    id: str
    content: str
    reasoning_content: str | None


class ChatReading(Reading[ChatEvent]):
    """Bytes of a chat stream to events; keeps the transcript and the chat's last state. Knows no network."""

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
        """The events that this piece completes, up to a failure."""
        out: list[ChatEvent] = []
        try:
            for name, data, _, _ in self._decoder.feed(chunk):
                if name == DELTA:
                    out.append(self._read_delta(data))
                elif name.lower() != "ping":
                    out.append(self._read_event(name, data))
                    if self.over:
                        break
        except CozeError as error:
            self.fail(error)
        return out

    def finish(self) -> list[ChatEvent]:
        """The event that was pending when the line ended, unless it was cut; what is no stream at all is a refusal."""
        out: list[ChatEvent] = []
        try:
            for name, data, _, _ in self._decoder.finish():
                if self.complete or name in _KNOWN_EVENTS:
                    with suppress(ProtocolError):  # cut in the middle of its data
                        out.append(self._read_event(name, data))
            stray = self._decoder.stray.strip()
            if not out and self.chat is None and stray.startswith((b"{", b"<")):
                self.complete = True
                raise_error_in(stray)
        except CozeError as error:
            self.fail(error)
        return out

    def add_missing(self, message: Message) -> list[ChatEvent]:
        """The events that a listed message still owes; raises ValueError if what arrived is no beginning of it."""
        if self.received.lacks(message) is None:
            return []
        data = message.model_dump_json(exclude_unset=True).encode()
        delta, thoughts = self.received.complete(message)
        events = []
        if delta or thoughts:
            part = message.model_copy(update={"content": delta, "reasoning_content": thoughts or None})
            events.append(
                ChatEvent(DELTA, part.model_dump_json(exclude_unset=True).encode(), part, None, delta, thoughts)
            )
        return [*events, ChatEvent(MESSAGE_COMPLETED, data, message)]

    def add_end(self, chat: Chat) -> list[ChatEvent]:
        """The event by which the stream would have told that the chat ended; a failed chat sets ``failure``."""
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
            return self._read_event(DELTA, data)
        try:
            words = self._parse_delta(data)
        except ValidationError:
            return self._read_event(DELTA, data)
        if words.get("id", "") != builder.first.id:
            return self._read_event(DELTA, data)
        delta, thoughts = builder.extend(words.get("content", ""), words.get("reasoning_content") or "")
        return ChatEvent(DELTA, data, None, None, delta, thoughts)

    def _read_whole_message(self, data: bytes) -> Message:
        message = _parse_message(data)
        if self.chat_id is None:
            self._note_ids(message.chat_id, message.conversation_id)
        return message

    def _read_event(self, name: str, data: bytes) -> ChatEvent:
        if name in (DELTA, MESSAGE_COMPLETED):
            message = self._read_whole_message(data)
            add = self.received.extend if name == DELTA else self.received.complete
            delta, thoughts = add(message)
            return ChatEvent(name, data, message, None, delta, thoughts)
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
            return ChatEvent(name, data, self._read_whole_message(data))
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
        bare = chat.model_extra or {}
        last = chat.last_error if chat.last_error and chat.last_error.code else None
        code = parse_code(last.code if last else bare.get("code"))
        told = (last.msg if last else str(bare.get("msg") or "")) or "The bot failed to answer"
        if self.chat is not None and not chat.id:
            chat = self.chat.model_copy(update={"status": "failed", "last_error": LastError(code=code, msg=told)})
        self.chat = chat
        text = self.received.text
        return ChatFailed(told, code=code, chat=chat, text=text, logid=self.logid, cure=cure_for(code))

    def _read_error(self, data: bytes) -> CozeError:
        try:
            body = parse_json(data)
        except ProtocolError:
            body = data.decode("utf-8", "replace").strip()
        if not isinstance(body, dict):
            return error_for(None, str(body or "The server reported an error without saying which"), logid=self.logid)
        code = parse_code(body.get("code", body.get("error_code")))
        told = str(body.get("msg") or body.get("error_message") or "The server reported an error without saying which")
        return error_for(code, told, logid=self.logid)
