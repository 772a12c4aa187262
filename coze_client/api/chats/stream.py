"""The stream of a chat: it locks the conversation, recovers lost events, and cancels the chat on close."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from coze_client.api.chats.chat_event import MESSAGE_COMPLETED, MESSAGE_DELTA, ChatEvent
from coze_client.api.chats.events import ChatReading
from coze_client.api.chats.failures import ConversationMismatch, ExpectedConversation
from coze_client.api.chats.following import load_messages, wait_for_chat
from coze_client.api.chats.requests import cancel_request
from coze_client.api.chats.telemetry import describe_chat
from coze_client.api.chats.values import CANCELED, FAILED, Chat
from coze_client.api.conversations.values import Message
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream import AsyncStream, Events, Stream, StreamFacts
from coze_client.core.stream_run import StreamRun
from coze_client.core.telemetry import Facts
from coze_client.errors import CozeError

_RECOVERY_SECONDS = 600.0
_RECOVERY_LIMIT = "timeout.deadline, by default 600 s"
_TYPES_BEFORE_ANSWERS = frozenset({"function_call", "tool_response", "tool_output", "knowledge"})


class ChatOpening(NamedTuple):
    """How to open the stream of a chat or chatflow, and whether it can be recovered after the connection breaks.

    ``expected``: the conversation in which the chat must run. ``saved``: Coze saves the history. ``known_message_ids``:
    messages that recovery omits. ``no_recovery_reason``: why such a stream can never be recovered; "" if it can.
    """

    request: Request[object]
    conversation_id: str | None
    saved: bool
    cancel_on_close: bool
    chat_id: str | None = None
    known_message_ids: frozenset[str] = frozenset()
    no_recovery_reason: str = ""
    expected: ExpectedConversation | None = None

    def events(self) -> Events[ChatStream, AsyncChatStream]:
        """The stream for either client."""
        return Events(
            self.request,
            lambda session: ChatStream(ChatStreamRun(session, self)),
            lambda session: AsyncChatStream(ChatStreamRun(session, self)),
        )


class ChatStreamRun(StreamRun[ChatEvent]):
    """The steps of a chat stream: lock the conversation, open, recover, cancel."""

    reading: ChatReading
    _ended_cleanly = False

    def __init__(self, session: Session, opening: ChatOpening) -> None:
        limit = session.config.max_event_bytes
        reading = ChatReading(limit, opening.chat_id, opening.conversation_id, opening.expected)
        super().__init__(session, opening.request, reading)
        self.opening = opening
        self.cancels = opening.cancel_on_close and opening.saved
        self._release: Callable[[], None] | None = None

    async def prepare(self) -> None:
        self._release = await self.session.lock_conversation(self.opening.conversation_id)

    @property
    def is_named(self) -> bool:
        return bool(self.reading.chat_id and self.reading.conversation_id)

    async def recover(self, failure: CozeError | None) -> Sequence[ChatEvent]:
        reading = self.reading
        if reason := self._no_recovery_reason():
            raise self.tell_limit(reading.interruption(reason), failure) from failure
        started = Chat(id=reading.chat_id or "", conversation_id=reading.conversation_id or "")
        try:
            chat = await self._wait_for(started)
            listed = await load_messages(self.session, chat)
        except CozeError as error:
            interrupted = reading.interruption(f"recovery failed: {error}")
            raise self.tell_limit(interrupted, failure) from (failure or error)
        if chat.status not in CANCELED | FAILED and (lost := reading.received.begun_without(listed)):
            reason = f"the server does not list message {lost[0]}, a part of which arrived"
            raise self.tell_limit(reading.interruption(reason), failure) from failure
        missing = [event for message in sort_messages(listed) for event in self._missing(message)]
        return [*missing, *reading.add_end(chat)]

    async def _wait_for(self, chat: Chat) -> Chat:
        seconds = self.session.config.timeout.deadline or _RECOVERY_SECONDS
        check = self.refuse_closed  # another thread or task may close the stream meanwhile
        return await wait_for_chat(self.session, chat, seconds, _RECOVERY_LIMIT, at_once=True, check=check)

    async def abandon(self) -> None:
        reading = self.reading
        wanted = self.opening.cancel_on_close or isinstance(reading.failure, ConversationMismatch)
        if not (wanted and self.opening.saved and reading.chat_id and reading.conversation_id):
            return
        await self.session.for_cleanup().send(cancel_request(reading.conversation_id, reading.chat_id))

    def begins_answer(self, event: ChatEvent) -> bool:
        is_message = event.type in (MESSAGE_DELTA, MESSAGE_COMPLETED)
        return is_message and event.message is not None and event.message.type == "answer"

    def outcome(self) -> Facts:
        reading = self.reading
        known = Chat(id=reading.chat_id or "", conversation_id=reading.conversation_id or "")
        return describe_chat(reading.chat or known, reading.received.messages)

    def on_close(self) -> None:
        if self._release:
            self._release()

    async def finish(self, failure: CozeError | None) -> Sequence[ChatEvent]:
        self._ended_cleanly = failure is None
        return await super().finish(failure)

    def _missing(self, message: Message) -> list[ChatEvent]:
        return [] if message.id in self.opening.known_message_ids else self.reading.add_missing(message)

    def _no_recovery_reason(self) -> str:
        if self.opening.no_recovery_reason:
            return self.opening.no_recovery_reason
        if self.reading.chat_id is None or self.reading.conversation_id is None:
            return _NO_EVENTS if self._ended_cleanly and not self.reading.received.messages else _NO_ID
        if not self.opening.saved:
            return "the chat's history is not saved (auto_save_history=False), so the rest cannot be fetched"
        if self.reading.has_audio:
            return "audio that did not arrive cannot be fetched"
        return ""


def sort_messages(messages: Iterable[Message]) -> list[Message]:
    """Sort listed messages into the order of a stream: by time, then by type. Coze lists them in no fixed order."""
    return sorted(messages, key=lambda message: (message.created_at or 0, _sort_rank(message)))


def _sort_rank(message: Message) -> int:
    if message.type in _TYPES_BEFORE_ANSWERS or message.verbose_type == "knowledge_recall":
        return 0
    return {"answer": 1, "verbose": 2, "follow_up": 3}.get(message.type, 4)


_NO_ID = "the chat id had not arrived yet; the chat may still run, and is not started again"
_NO_EVENTS = (
    "the server ended it without an event of a chat. A coze-studio does so if it fails before it has saved the chat:"
    " then nothing runs, and its log has the cause. On other servers the chat may still run, and is not started again"
)


class _ChatStreamFacts(StreamFacts[ChatStreamRun]):
    """Properties of a chat stream on either client."""

    @property
    def chat_id(self) -> str | None:
        """The chat's id; ``None`` until an event contains it."""
        return self._run.reading.chat_id

    @property
    def conversation_id(self) -> str | None:
        """The conversation's id, from the call or from an event; ``None`` until then."""
        return self._run.reading.conversation_id

    @property
    def chat(self) -> Chat | None:
        """The chat in its latest state; at the end it has ``usage``."""
        return self._run.reading.chat

    @property
    def text(self) -> str:
        """The answer so far: the text of all answer messages, joined."""
        return self._run.reading.received.text

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages so far, in order of first appearance; the last may be incomplete while the stream runs."""
        return self._run.reading.received.messages


class ChatStream(_ChatStreamFacts, Stream[ChatEvent, ChatStreamRun]):
    """The events of a chat, for a ``for`` loop.

    Entering or iterating it opens the stream. ``close`` before the end also cancels the chat, by default.
    """


class AsyncChatStream(_ChatStreamFacts, AsyncStream[ChatEvent, ChatStreamRun]):
    """The events of a chat, for an ``async for`` loop.

    Entering or iterating it opens the stream. ``aclose`` before the end also cancels the chat, by default.
    """
