"""Start a chat without a stream, whatever form the response has: JSON, or the events of the whole chat.

coze-studio up to v0.5.0 answers ``stream: false`` with a stream of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from time import monotonic
from typing import NamedTuple

from coze_client.api.chats.chat_event import ChatEvent
from coze_client.api.chats.failures import ChatFailed
from coze_client.api.chats.following import CANCEL_SECONDS, did_not_end
from coze_client.api.chats.requests import ReadStart
from coze_client.api.chats.stream import ChatOpening, ChatStreamRun
from coze_client.api.chats.values import FAILED, Chat
from coze_client.api.conversations.values import Message
from coze_client.core.http import HttpResponse
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.errors import CozeError, StreamInterrupted, TimedOut


class StartedChat(NamedTuple):
    """A chat that was started; ``messages`` are ``None`` unless the response was the stream of the whole chat."""

    chat: Chat
    messages: tuple[Message, ...] | None


class ChatStart(ChatStreamRun):
    """The steps that start a chat, which then goes on by itself.

    With a `deadline`, a response that is the stream of the chat is read to its end, for so many seconds at most, as
    such a stream is read: it is recovered if it breaks, and the chat is cancelled if the reader stops.
    """

    _goes_on = False
    _ends = inf

    def __init__(self, session: Session, request: Request[Chat], deadline: float | None = None) -> None:
        read = request.read
        expected = read.expected if isinstance(read, ReadStart) else None
        opening = ChatOpening(request, None, saved=True, cancel_on_close=deadline is not None, expected=expected)
        super().__init__(session, opening)
        self._seconds = deadline

    async def open(self) -> HttpResponse:
        """As every stream; the deadline begins with the response, because only that can name what to cancel."""
        response = await super().open()
        if self._seconds is not None:
            self._ends = monotonic() + self._seconds
            self._deadline = min(self._ends, inf if self._deadline is None else self._deadline)
            response.end_at(self._deadline)
        return response

    @property
    def is_late(self) -> bool:
        """True once the time for the whole chat is over."""
        return monotonic() >= self._ends

    async def recover(self, failure: CozeError | None) -> Sequence[ChatEvent]:
        """Nothing is missing once the chat has an id, unless its stream is to be read to its end."""
        self._goes_on = bool(self.reading.chat_id) and not (self._seconds is not None and self.reading.is_streamed)
        return () if self._goes_on else await super().recover(failure)

    async def abandon(self) -> None:
        if not self._goes_on:
            await super().abandon()

    async def stop(self) -> None:
        """Cancel a chat that goes on by itself; whatever else was started is cancelled when the stream is closed."""
        if self._goes_on and not self.is_foreign:
            self._goes_on = False
            await self.session.concurrency.shield(self._abandon_quietly(), CANCEL_SECONDS)


async def start_chat(session: Session, request: Request[Chat]) -> Chat:
    """Start a chat and return it as the response shows it, perhaps already at its end.

    Raises ConversationMismatch, after cancelling the chat, if it runs in another conversation.
    """
    return (await _read(ChatStart(session, request))).chat


async def start_and_read(session: Session, request: Request[Chat], deadline: float) -> StartedChat:
    """As ``start_chat``, with the messages if the response is the stream of the chat, which is read to its end.

    If the reader stops before the end, the chat is cancelled. Raises TimedOut after `deadline` seconds of the stream.
    """
    start = ChatStart(session, request, deadline)
    try:
        return await _read(start)
    except (TimedOut, StreamInterrupted) as error:
        if not start.is_late:
            raise
        raise start.reading.annotate(did_not_end(deadline)) from error
    except BaseException:  # also Ctrl-C and a cancelled task: nobody will read the answer
        await start.stop()
        raise


async def _read(start: ChatStart) -> StartedChat:
    reading = start.reading
    try:
        await start.collect(_ignore)
    except ChatFailed as failed:
        if failed.chat is None or failed.chat.status not in FAILED:
            raise
    chat = reading.chat or Chat(id=reading.chat_id or "", conversation_id=reading.conversation_id or "")
    return StartedChat(chat, reading.received.messages if reading.complete else None)


def _ignore(event: ChatEvent) -> None:
    """Only the state at the end counts."""
