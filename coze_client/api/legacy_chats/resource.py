"""Chats over the v2 API, the one before v3: for gateways and older servers that still speak it.

It has no chat ids: nothing can be asked afterwards, cancelled or recovered; where there is a choice, take ``chats``.
API page: chat v2 (``/open_api/v2/chat``), since withdrawn from the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coze_client.api.conversations.values import MessageLike
from coze_client.api.legacy_chats.requests import NewLegacyChat
from coze_client.api.legacy_chats.stream import AsyncLegacyChatStream, LegacyChatStream, legacy_chat_events
from coze_client.api.legacy_chats.values import LegacyChat
from coze_client.core.request import Request
from coze_client.core.resource import ConcurrencyT, Resource, call, events
from coze_client.core.stream import Events


class LegacyChats(Resource[ConcurrencyT]):
    """Chats with bots, over the older API."""

    @call
    def create(
        self,
        *,
        bot_id: str,
        user: str,
        query: str,
        conversation_id: str | None = None,
        chat_history: Sequence[MessageLike] = (),
        custom_variables: Mapping[str, str] | None = None,
    ) -> Request[LegacyChat]:
        """Ask a bot and wait for the whole answer, in one request that lasts as long as the bot takes.

        `user` separates users' memories and must be the same for the same user. `chat_history` is what was said before
        `query`, oldest first. `conversation_id`: omitted, Coze begins a new conversation. `custom_variables` fill the
        bot's prompt. Raises NotFound for an unknown bot, InvalidRequest for an unpublished one, ServerError if the bot
        fails, TransportError if the line breaks; none of these is tried again once the chat may have begun.
        """
        chat = NewLegacyChat(
            bot_id=bot_id,
            user=user,
            query=query,
            conversation_id=conversation_id,
            chat_history=chat_history,
            custom_variables=custom_variables,
        )
        return chat.request()

    @events
    def stream(
        self,
        *,
        bot_id: str,
        user: str,
        query: str,
        conversation_id: str | None = None,
        chat_history: Sequence[MessageLike] = (),
        custom_variables: Mapping[str, str] | None = None,
    ) -> Events[LegacyChatStream, AsyncLegacyChatStream]:
        """Ask a bot and read the answer as it comes, in one request; arguments and errors as in ``create``.

        A stream that ends before its ``done`` raises StreamInterrupted with what arrived: v2 has no way to fetch the
        rest, and the chat is not started again. Stopping early closes the line, but v2 cannot cancel the chat.
        """
        chat = NewLegacyChat(
            bot_id=bot_id,
            user=user,
            query=query,
            conversation_id=conversation_id,
            chat_history=chat_history,
            custom_variables=custom_variables,
        )
        return legacy_chat_events(chat.stream_request(), conversation_id)
