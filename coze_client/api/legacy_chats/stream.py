"""A v2 chat as it streams: ``data`` lines alone, the event's name inside the JSON, and no way back after a cut."""

from __future__ import annotations

from collections.abc import Sequence

from coze_client.api.chats.values import join_answers
from coze_client.api.legacy_chats.events import LegacyChatEvent, LegacyChatReading
from coze_client.api.legacy_chats.values import LegacyMessage
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream import AsyncStream, Events, Stream, StreamFacts
from coze_client.core.stream_run import StreamRun
from coze_client.errors import CozeError, StreamInterrupted


class LegacyChatStreamRun(StreamRun[LegacyChatEvent]):
    """The steps of a v2 chat stream: nothing heals, and nothing can be told to the server."""

    reading: LegacyChatReading

    def __init__(self, session: Session, request: Request[None], conversation_id: str | None) -> None:
        super().__init__(session, request, LegacyChatReading(session.config.max_event_bytes, conversation_id or None))

    async def recover(self, failure: CozeError | None) -> Sequence[LegacyChatEvent]:
        reading = self.reading
        raise StreamInterrupted(
            "The stream broke before its end, and the v2 API has no way to fetch the rest",
            text=join_answers(reading.messages),
            messages=reading.messages,
            conversation_id=reading.conversation_id,
            logid=self.logid,
            cure="What arrived is in .text and .messages; the chat may have run on and is billed",
        ) from failure


class _LegacyChatStreamFacts(StreamFacts[LegacyChatStreamRun]):
    """What a v2 chat stream knows of its chat, on either face."""

    @property
    def conversation_id(self) -> str | None:
        """The conversation's id; ``None`` until it was given or told."""
        return self._run.reading.conversation_id

    @property
    def text(self) -> str:
        """The answer so far: all answer messages, one after the other."""
        return join_answers(self._run.reading.messages)

    @property
    def messages(self) -> tuple[LegacyMessage, ...]:
        """The messages so far, in order of appearance; while the stream runs, the last may be unfinished."""
        return self._run.reading.messages


class LegacyChatStream(_LegacyChatStreamFacts, Stream[LegacyChatEvent, LegacyChatStreamRun]):
    """A v2 chat, event by event; closed at its end or by ``close``, which leaves the chat itself running."""


class AsyncLegacyChatStream(_LegacyChatStreamFacts, AsyncStream[LegacyChatEvent, LegacyChatStreamRun]):
    """A v2 chat, event by event; closed at its end or by ``aclose``, which leaves the chat itself running."""


def legacy_chat_events(
    request: Request[None], conversation_id: str | None
) -> Events[LegacyChatStream, AsyncLegacyChatStream]:
    """The stream that `request` opens, for either client."""
    return Events(
        request,
        lambda session: LegacyChatStream(LegacyChatStreamRun(session, request, conversation_id)),
        lambda session: AsyncLegacyChatStream(LegacyChatStreamRun(session, request, conversation_id)),
    )
