"""Start a chat without a stream, whatever form the response has: JSON, or the events of the whole chat.

coze-studio up to v0.5.0 answers ``stream: false`` with a stream of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coze_client.api.chats.events import ChatEvent, ChatReading
from coze_client.api.chats.failures import ChatFailed, ConversationMismatch
from coze_client.api.chats.requests import ReadStart, cancel_request
from coze_client.api.chats.values import Chat
from coze_client.api.conversations.values import Message
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream_run import StreamRun
from coze_client.errors import CozeError


class StartedChat(NamedTuple):
    """A chat that was started; ``messages`` are ``None`` unless the response was the stream of the whole chat."""

    chat: Chat
    messages: tuple[Message, ...] | None


class ChatStart(StreamRun[ChatEvent]):
    """The steps that start a chat; the chat goes on after them."""

    reading: ChatReading

    def __init__(self, session: Session, request: Request[Chat]) -> None:
        read = request.read
        expected = read.expected if isinstance(read, ReadStart) else None
        super().__init__(session, request, ChatReading(session.config.max_event_bytes, expected=expected))

    async def recover(self, failure: CozeError | None) -> Sequence[ChatEvent]:
        """Nothing is missing once the chat has an id."""
        if not self.reading.chat_id:
            await super().recover(failure)
        return ()

    async def abandon(self) -> None:
        """Cancel the chat if it runs in another conversation than the one that was named."""
        reading = self.reading
        if isinstance(reading.failure, ConversationMismatch) and reading.chat_id and reading.conversation_id:
            await self.session.for_cleanup().send(cancel_request(reading.conversation_id, reading.chat_id))


async def start_chat(session: Session, request: Request[Chat]) -> Chat:
    """Start a chat and return it as the response shows it, perhaps already at its end.

    Raises ConversationMismatch, after cancelling the chat, if it runs in another conversation.
    """
    return (await start_and_read(session, request)).chat


async def start_and_read(session: Session, request: Request[Chat]) -> StartedChat:
    """As ``start_chat``, with the messages that the response has."""
    start = ChatStart(session, request)
    reading = start.reading
    try:
        await start.collect(_ignore)
    except ChatFailed as failed:
        if failed.chat is None or not failed.chat.id:
            raise
    chat = reading.chat or Chat(id=reading.chat_id or "", conversation_id=reading.conversation_id or "")
    return StartedChat(chat, reading.received.messages if reading.complete else None)


def _ignore(event: ChatEvent) -> None:
    """Only the state at the end counts."""
