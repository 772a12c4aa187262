"""The events of a chat stream: decode and type them, and decide whether the chat is whole; no I/O.

API page: chat_v3, stream response. The spellings of coze-studio are accepted too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from pydantic import ValidationError
from typing_extensions import TypedDict

from coze_client.api.chats.chat_event import (
    AUDIO_DELTA,
    CHAT_EVENTS,
    CHAT_REQUIRES_ACTION,
    DONE_EVENTS,
    ERROR_EVENTS,
    KNOWN_EVENTS,
    MESSAGE_COMPLETED,
    MESSAGE_DELTA,
    ChatEvent,
    parse_message,
)
from coze_client.api.chats.failures import ExpectedConversation, chat_failed, no_answer, read_error
from coze_client.api.chats.received_messages import LostDelta, ReceivedMessages, holds_answer
from coze_client.api.chats.values import (
    CANCELED,
    COMPLETED,
    FAILED,
    REQUIRES_ACTION,
    Chat,
    find_usage,
    read_started,
)
from coze_client.api.conversations.values import Message
from coze_client.core.model import adapter, convert, convert_json, parse_part
from coze_client.core.reading import Reading
from coze_client.core.response import Payload, RawResponse
from coze_client.core.sse import Decoder
from coze_client.errors import CozeError, ProtocolError, StreamInterrupted


def _lacks_chat(name: str, data: bytes) -> bool:
    """True for an event of a chat whose data did not arrive."""
    return name in CHAT_EVENTS and not data.strip()


class _DeltaFields(TypedDict, total=False):
    """The fields that matter in every delta after the first of a message; parsing only these is faster."""

    id: str
    content: str
    reasoning_content: str | None


class ChatReading(Reading[ChatEvent]):
    """Converts the bytes of a chat stream to events; keeps the messages and the chat's latest state. No I/O.

    `limit`: bytes of one event at most. `chat_id`: the chat that the stream continues. `expected`: the conversation in
    which the chat must run.

    A chat is complete when it reports its end. ``done`` alone is an end only after an answer and after the completed
    form of every message that deltas began. A completed chat must have an answer, or the message that the bot gave none
    (``holds_answer``); otherwise ``failure`` is ChatFailed.
    """

    def __init__(
        self,
        limit: int,
        chat_id: str | None = None,
        conversation_id: str | None = None,
        expected: ExpectedConversation | None = None,
    ) -> None:
        super().__init__()
        self._decoder = Decoder(limit)
        self._parse_delta: Callable[[bytes], _DeltaFields] = adapter(_DeltaFields).validator.validate_json
        self._expected = expected
        self._stopped = False  # it waits for an action or was cancelled, so it may have no answer
        self._has_unknown = False  # an event of an unknown type may contain the answer
        self.received = ReceivedMessages()
        self.chat: Chat | None = None
        self.chat_id = chat_id
        self.conversation_id = conversation_id
        self.has_audio = False
        self.is_streamed = True  # False if the body is the JSON of a chat that goes on

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

        In place of a stream, the body may be the JSON of a chat that has started, or an error response.
        """
        out: list[ChatEvent] = []
        try:
            if not self.over:
                self._read_rest(out)
            self._check_answered()
        except CozeError as error:
            self.fail(error)
        return out

    def _read_rest(self, out: list[ChatEvent]) -> None:
        for name, data, _, _ in self._decoder.finish():
            if not self.over and (self.complete or name in KNOWN_EVENTS) and not _lacks_chat(name, data):
                with suppress(ProtocolError):  # its data is incomplete
                    out.append(self._read_event(name, data))
        stray = self._decoder.stray.strip()
        if not out and self.chat is None and stray.startswith((b"{", b"<")):
            self._read_json(stray)

    def annotate(self, error: CozeError) -> CozeError:
        """Add to an error what arrived before it: the log id, the ids of the chat, and the text of the answer."""
        error.chat_id = error.chat_id or self.chat_id
        error.conversation_id = error.conversation_id or self.conversation_id
        error.text = error.text or self.received.text
        return super().annotate(error)

    def interruption(self, reason: str, streamed: str | None = None) -> StreamInterrupted:
        """The error of a stream that cannot be completed; `streamed` is the text that arrived, if not ``text``."""
        return StreamInterrupted(
            f"The stream broke before its end: {reason}",
            text=self.received.text if streamed is None else streamed,
            messages=self.received.messages,
            chat_id=self.chat_id,
            conversation_id=self.conversation_id,
            logid=self.logid,
            cure="The error's .text and .messages hold what arrived; the chat may still run and is billed",
        )

    def add_missing(self, message: Message) -> list[ChatEvent]:
        """Return the events that are missing of a listed message; raises StreamInterrupted if its deltas differ."""
        if not self.received.is_missing(message):
            return []
        data = message.model_dump_json(exclude_unset=True).encode()
        delta, reasoning = self._add_completed(message)
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
        events: list[ChatEvent] = []
        self._has_unknown = False  # what it contained is listed
        try:
            events.append(self._chat_event(name, data))
            self._check_answered()
        except CozeError as error:
            self.fail(error)
        return events

    def _check_answered(self) -> None:
        if self.complete and not self.failure and not self._may_be_answered:
            raise no_answer(self.chat, self.received.text, self.logid)

    @property
    def _may_be_answered(self) -> bool:
        needs_none = self._stopped or self.has_audio or self._has_unknown
        return needs_none or holds_answer(self.received.messages)

    def _read_json(self, body: bytes) -> None:
        """Read a body that is no stream: the response to a chat that is not streamed, or an error."""
        self.is_streamed = False
        try:
            self._note_chat(read_started(RawResponse(200, {}, body)))
        except ProtocolError:
            part = convert(Chat, Payload(Chat).extract(parse_part(body)))
            if not part.id:
                raise
            self._note_chat(part)

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
        message = parse_message(data)
        if self.chat_id is None:
            self._note_ids(message.chat_id, message.conversation_id)
        return message

    def _read_event(self, name: str, data: bytes) -> ChatEvent:
        if name in (MESSAGE_DELTA, MESSAGE_COMPLETED):
            message = self._read_message(data)
            add = self.received.add_delta if name == MESSAGE_DELTA else self._add_completed
            delta, reasoning = add(message)
            return ChatEvent(name, data, message, None, delta, reasoning)
        if name in CHAT_EVENTS:
            return self._chat_event(name, data)
        if name in DONE_EVENTS or (not name and data.strip(b'"') == b"[DONE]"):
            self.over = True
            self.complete = self.complete or (self.received.are_whole and self._may_be_answered)
            return ChatEvent(name or "done", data)
        if name in ERROR_EVENTS:
            self.complete = True
            raise read_error(data, self.logid)
        if name == AUDIO_DELTA:
            self.has_audio = True
            return ChatEvent(name, data, self._read_message(data))
        self._has_unknown = self._has_unknown or name.startswith("conversation.")
        return ChatEvent(name, data)

    def _add_completed(self, message: Message) -> tuple[str, str]:
        try:
            return self.received.add_completed(message)
        except LostDelta as lost:
            raise self.interruption(str(lost), lost.streamed) from None

    def _chat_event(self, name: str, data: bytes) -> ChatEvent:
        state = name.rpartition(".")[2]
        if state not in FAILED and _lacks_chat(name, data):
            return ChatEvent(name, data)
        chat = convert_json(Chat, data) if data.strip() else Chat()
        if state in COMPLETED and not (chat.usage and chat.usage.known):
            chat = chat.model_copy(update={"usage": find_usage(self.received.messages) or chat.usage})
        if state in FAILED or chat.status in FAILED:
            self.complete = True
            self._note_ids(chat.id, chat.conversation_id)
            failed = chat_failed(chat, self.chat, self.received.text, self.logid)
            self.chat = failed.chat
            raise failed
        self._note_chat(chat)
        if state in COMPLETED:
            self.complete = True
        elif state in REQUIRES_ACTION or state in CANCELED:
            self.over = self.complete = self._stopped = True
        return ChatEvent(name, data, None, chat)

    def _note_chat(self, chat: Chat) -> None:
        self.chat = chat if chat.id or self.chat is None else self.chat
        self._note_ids(chat.id, chat.conversation_id)

    def _note_ids(self, chat_id: str, conversation_id: str) -> None:
        self.chat_id = self.chat_id or chat_id or None
        self.conversation_id = conversation_id or self.conversation_id
        if self._expected is not None and conversation_id and conversation_id != self._expected.id:
            expected, self._expected = self._expected, None
            expected.check(self.chat_id, conversation_id)
