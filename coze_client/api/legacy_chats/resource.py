"""Chats over the v2 API, the predecessor of v3, for gateways and older servers that still offer it.

v2 has no chat ids, so a chat cannot be retrieved, cancelled or recovered; use ``chats`` where you have a choice.
Coze has removed its API page (``/open_api/v2/chat``) from the documentation.
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
    """``client.legacy_chats``: start a chat over the v2 API, waiting for the answer or streaming it."""

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
        """Start a chat and wait for the whole answer, in one request that lasts as long as the bot runs.

        `user`: always the same for the same user, because Coze keeps one memory per user. `query`: the question.
        `chat_history`: the messages before it, oldest first. `conversation_id`: default a new conversation.
        `custom_variables` fill the bot's prompt. Raises NotFound for an unknown bot, InvalidRequest for an unpublished
        one, ServerError if the bot fails, TransportError if the connection breaks; the call is not retried if the chat
        may have started.
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
        """Start a chat and stream its events in one request.

        `user`: always the same for the same user, because Coze keeps one memory per user. `query`: the question.
        `chat_history`: the messages before it, oldest first. `conversation_id`: default a new conversation.
        `custom_variables` fill the bot's prompt. If you stop early, the stream closes the connection, but v2 cannot
        cancel the chat. Raises NotFound for an unknown bot, InvalidRequest for an unpublished one, ServerError if the
        bot fails. The answer is complete if ``done`` arrived, and the last part of each message had ``is_finish``.
        Otherwise raises StreamInterrupted, with what arrived: v2 cannot return the rest, and the chat is not started
        again. Raises ChatFailed if there is no answer.
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
