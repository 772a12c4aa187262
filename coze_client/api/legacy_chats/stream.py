"""The stream of a v2 chat: only ``data`` lines, with the event's name inside the JSON; it cannot be recovered."""

from __future__ import annotations

from collections.abc import Sequence

from coze_client.api.chats.values import join_answers
from coze_client.api.legacy_chats.events import LegacyChatEvent, LegacyChatReading
from coze_client.api.legacy_chats.values import LegacyMessage
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream import AsyncStream, Events, Stream, StreamFacts
from coze_client.core.stream_run import StreamRun
from coze_client.errors import CozeError


class LegacyChatStreamRun(StreamRun[LegacyChatEvent]):
    """The steps of a v2 chat stream; v2 can neither recover nor cancel a chat."""

    reading: LegacyChatReading

    def __init__(self, session: Session, request: Request[None], conversation_id: str | None) -> None:
        super().__init__(session, request, LegacyChatReading(session.config.max_event_bytes, conversation_id or None))

    async def recover(self, failure: CozeError | None) -> Sequence[LegacyChatEvent]:
        interrupted = self.reading.interruption("The stream broke before its end")
        raise self.tell_limit(interrupted, failure) from failure


class _LegacyChatStreamFacts(StreamFacts[LegacyChatStreamRun]):
    """Properties of a v2 chat stream on either client."""

    @property
    def conversation_id(self) -> str | None:
        """The conversation's id, from the call or from an event; ``None`` until then."""
        return self._run.reading.conversation_id

    @property
    def text(self) -> str:
        """The answer so far: the text of all answer messages, joined."""
        return join_answers(self._run.reading.messages)

    @property
    def messages(self) -> tuple[LegacyMessage, ...]:
        """The messages so far, in order of first appearance; the last may be incomplete while the stream runs."""
        return self._run.reading.messages


class LegacyChatStream(_LegacyChatStreamFacts, Stream[LegacyChatEvent, LegacyChatStreamRun]):
    """The events of a v2 chat, for a ``for`` loop; ``close`` does not stop the chat itself."""


class AsyncLegacyChatStream(_LegacyChatStreamFacts, AsyncStream[LegacyChatEvent, LegacyChatStreamRun]):
    """The events of a v2 chat, for an ``async for`` loop; ``aclose`` does not stop the chat itself."""


def legacy_chat_events(
    request: Request[None], conversation_id: str | None
) -> Events[LegacyChatStream, AsyncLegacyChatStream]:
    """The stream that `request` opens, for either client."""
    return Events(
        request,
        lambda session: LegacyChatStream(LegacyChatStreamRun(session, request, conversation_id)),
        lambda session: AsyncLegacyChatStream(LegacyChatStreamRun(session, request, conversation_id)),
    )
