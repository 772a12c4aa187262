"""The call that begins a chat stream, of a bot or a chatflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coze_client.core.request import Request
from coze_client.core.stream import Events

if TYPE_CHECKING:
    from coze_client.api.chats.stream import AsyncChatStream, ChatStream


class ChatCall(NamedTuple):
    """What a chat stream must know of the call that began it."""

    request: Request[None]
    conversation_id: str | None
    saved: bool
    cancel_on_close: bool
    chat_id: str | None = None
    known_message_ids: frozenset[str] = frozenset()
    incurable: str = ""
    """Why a broken stream cannot heal, if it never can."""

    def events(self) -> Events[ChatStream, AsyncChatStream]:
        """The stream that the call begins, of either face."""
        from coze_client.api.chats.stream import AsyncChatStream, ChatStream, ChatStreamRun

        return Events(
            self.request,
            lambda session: ChatStream(ChatStreamRun(session, self)),
            lambda session: AsyncChatStream(ChatStreamRun(session, self)),
        )
