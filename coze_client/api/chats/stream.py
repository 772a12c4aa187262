"""A chat as it streams, and how a broken one heals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from coze_client.api.chats.events import ChatEvent, ChatReading
from coze_client.api.chats.following import load_messages, wait_for_chat
from coze_client.api.chats.requests import cancel_request
from coze_client.api.chats.values import Chat
from coze_client.api.conversations.values import Message
from coze_client.core.http import HttpResponse
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream import AsyncStream, Events, Stream, StreamFacts
from coze_client.core.stream_run import StreamRun
from coze_client.errors import CozeError, StreamInterrupted

_RECOVERY_SECONDS = 600.0
_TYPES_BEFORE_ANSWERS = frozenset({"function_call", "tool_response", "tool_output", "knowledge"})


class ChatOpening(NamedTuple):
    """How a chat stream of a bot or a chatflow begins, and whether a broken one can heal."""

    request: Request[None]
    conversation_id: str | None
    saved: bool
    cancel_on_close: bool
    chat_id: str | None = None
    known_message_ids: frozenset[str] = frozenset()
    no_recovery_reason: str = ""
    """Why a broken stream cannot heal, if it never can."""

    def events(self) -> Events[ChatStream, AsyncChatStream]:
        """The stream that the call begins, of either face."""
        return Events(
            self.request,
            lambda session: ChatStream(ChatStreamRun(session, self)),
            lambda session: AsyncChatStream(ChatStreamRun(session, self)),
        )


class ChatStreamRun(StreamRun[ChatEvent]):
    """The steps of a chat stream: waits for its turn in the conversation, heals, cancels."""

    reading: ChatReading

    def __init__(self, session: Session, opening: ChatOpening) -> None:
        reading = ChatReading(session.config.max_event_bytes, opening.chat_id, opening.conversation_id)
        super().__init__(session, opening.request, reading)
        self.opening = opening
        self._release: Callable[[], None] | None = None

    async def open(self) -> HttpResponse:
        self._release = await self.session.lock_conversation(self.opening.conversation_id)
        try:
            incoming = await super().open()
        except BaseException:
            self.on_close()
            raise
        return incoming

    async def recover(self, failure: CozeError | None) -> Sequence[ChatEvent]:
        reading = self.reading
        if why := self._no_recovery_reason():
            raise self._interruption(why) from failure
        started = Chat(id=reading.chat_id or "", conversation_id=reading.conversation_id or "")
        try:
            chat = await wait_for_chat(
                self.session, started, self.session.config.timeout.deadline or _RECOVERY_SECONDS, at_once=True
            )
            listed = await load_messages(self.session, chat)
            missing = [event for message in sort_messages(listed) for event in self._missing(message)]
        except ValueError as conflict:
            raise self._interruption(f"{conflict}, so it cannot be completed") from failure
        except CozeError as error:
            raise self._interruption(f"fetching the rest failed too: {error}") from (failure or error)
        return [*missing, *reading.add_end(chat)]

    async def abandon(self) -> None:
        reading = self.reading
        if not (self.opening.cancel_on_close and self.opening.saved and reading.chat_id and reading.conversation_id):
            return
        for_cleanup = self.session.for_cleanup()
        await for_cleanup.send(cancel_request(reading.conversation_id, reading.chat_id))

    def on_close(self) -> None:
        if self._release:
            self._release()

    def _missing(self, message: Message) -> list[ChatEvent]:
        return [] if message.id in self.opening.known_message_ids else self.reading.add_missing(message)

    def _no_recovery_reason(self) -> str:
        if self.opening.no_recovery_reason:
            return self.opening.no_recovery_reason
        if self.reading.chat_id is None or self.reading.conversation_id is None:
            return "the chat's id had not come yet, and it may run on (it is not started again)"
        if not self.opening.saved:
            return "the chat's history is not saved (auto_save_history=False), so nothing can be fetched"
        if self.reading.has_audio:
            return "audio that was not delivered cannot be fetched again"
        return ""

    def _interruption(self, why: str) -> StreamInterrupted:
        reading = self.reading
        return StreamInterrupted(
            f"The stream broke before its end, and {why}",
            text=reading.received.text,
            messages=reading.received.messages,
            chat_id=reading.chat_id,
            conversation_id=reading.conversation_id,
            logid=self.logid,
            cure="What arrived is in .text and .messages; the chat may have run on and is billed",
        )


def sort_messages(messages: Iterable[Message]) -> list[Message]:
    """Listed messages in the order in which a stream gives them: Coze lists them in no promised order."""
    return sorted(messages, key=lambda message: (message.created_at or 0, _sort_rank(message)))


def _sort_rank(message: Message) -> int:
    if message.type in _TYPES_BEFORE_ANSWERS or message.verbose_type == "knowledge_recall":
        return 0
    return {"answer": 1, "verbose": 2, "follow_up": 3}.get(message.type, 4)


class _ChatStreamFacts(StreamFacts[ChatStreamRun]):
    """What a chat stream knows of its chat, on either face."""

    @property
    def chat_id(self) -> str | None:
        """The chat's id; ``None`` until the server told it."""
        return self._run.reading.chat_id

    @property
    def conversation_id(self) -> str | None:
        """The conversation's id; ``None`` until it was given or told."""
        return self._run.reading.conversation_id

    @property
    def chat(self) -> Chat | None:
        """The chat's last state; after the end with its ``usage``."""
        return self._run.reading.chat

    @property
    def text(self) -> str:
        """The answer so far: all answer messages, one after the other."""
        return self._run.reading.received.text

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages so far, in order of appearance; while the stream runs, the last may be unfinished."""
        return self._run.reading.received.messages


class ChatStream(_ChatStreamFacts, Stream[ChatEvent, ChatStreamRun]):
    """A chat, event by event; opens when entered or iterated, closes at its end or by ``close``, which cancels it."""


class AsyncChatStream(_ChatStreamFacts, AsyncStream[ChatEvent, ChatStreamRun]):
    """A chat, event by event; opens when entered or iterated, closes at its end or by ``aclose``, which cancels it."""
