"""Chats: run a bot in a conversation; the input is messages of the user, the output is messages of the bot.

API pages: chat_v3, retrieve_chat, list_chat_messages, chat_cancel, chat_submit_tool_outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_client.api.chats.requests import (
    NewChat,
    cancel_request,
    messages_request,
    retrieve_request,
    submit_request,
    submit_stream_request,
)
from coze_client.api.chats.telemetry import describe_chat
from coze_client.api.chats.values import Chat, ChatResult, PublishStatus, ToolOutputLike
from coze_client.api.conversations.values import Message, MessageLike
from coze_client.core.request import Request
from coze_client.core.resource import ConcurrencyT, Resource, call, call_by, events, flow
from coze_client.core.session import Session
from coze_client.core.stream import Events
from coze_client.core.telemetry import observe
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.chats.stream import AsyncChatStream, ChatStream


async def _start(session: Session, request: Request[Chat]) -> Chat:
    from coze_client.api.chats.start import start_chat  # it loads what reads streams

    return await start_chat(session, request)


class Chats(Resource[ConcurrencyT]):
    """``client.chats``: start a chat, stream or poll it, submit tool outputs, list its messages, cancel it."""

    @call_by(_start)
    def create(
        self,
        *,
        bot_id: str,
        user_id: str,
        additional_messages: Sequence[MessageLike] = (),
        conversation_id: str | None = None,
        custom_variables: Mapping[str, str] | None = None,
        auto_save_history: bool = True,
        meta_data: Mapping[str, str] | None = None,
        extra_params: Mapping[str, str] | None = None,
        parameters: Mapping[str, object] | str | None = None,
        shortcut_command: Mapping[str, object] | None = None,
        enable_card: bool | None = None,
        publish_status: PublishStatus | None = None,
        bot_version: str | None = None,
        connector_id: str | None = None,
        accept_new_conversation: bool = False,
    ) -> Request[Chat]:
        """Start a chat and return it without waiting; poll it with ``retrieve``, or use ``create_and_poll`` instead.

        `user_id`: always the same for the same user, because Coze keeps one memory per user_id. `additional_messages`:
        at most 100, oldest first, the question last. `conversation_id`: default a new conversation. `custom_variables`
        fill the bot's prompt, `parameters` (files are uploaded) the start node of a chatflow; `shortcut_command` runs
        one of the bot's shortcuts. `extra_params`: latitude and longitude. `meta_data`: at most 16 pairs.
        `enable_card`: question nodes may answer with cards. `publish_status="unpublished_draft"` runs the draft,
        `bot_version` an older version; `connector_id`: the channel, default "1024" (API).
        `accept_new_conversation`: warn, instead of raising ConversationMismatch, if the server answers in another
        conversation than the one named.

        `auto_save_history` must stay True here (4007). Raises ConversationBusy (4016) if another chat occupies the
        conversation for longer than the client waits, NotFound for an unknown bot or conversation, InvalidRequest for
        an unpublished bot. API page: chat_v3.
        """
        chat = NewChat(
            bot_id=bot_id,
            user_id=user_id,
            additional_messages=additional_messages,
            conversation_id=conversation_id,
            custom_variables=custom_variables,
            auto_save_history=auto_save_history,
            meta_data=meta_data,
            extra_params=extra_params,
            parameters=parameters,
            shortcut_command=shortcut_command,
            enable_card=enable_card,
            publish_status=publish_status,
            bot_version=bot_version,
            connector_id=connector_id,
            accept_new_conversation=accept_new_conversation,
        )
        return chat.request()

    @events
    def stream(
        self,
        *,
        bot_id: str,
        user_id: str,
        additional_messages: Sequence[MessageLike] = (),
        conversation_id: str | None = None,
        custom_variables: Mapping[str, str] | None = None,
        auto_save_history: bool = True,
        meta_data: Mapping[str, str] | None = None,
        extra_params: Mapping[str, str] | None = None,
        parameters: Mapping[str, object] | str | None = None,
        shortcut_command: Mapping[str, object] | None = None,
        enable_card: bool | None = None,
        publish_status: PublishStatus | None = None,
        bot_version: str | None = None,
        connector_id: str | None = None,
        accept_new_conversation: bool = False,
        cancel_on_close: bool = True,
    ) -> Events[ChatStream, AsyncChatStream]:
        """Start a chat and stream its events in one request.

        `user_id`: always the same for the same user, because Coze keeps one memory per user_id. `additional_messages`:
        at most 100, oldest first, the question last. `conversation_id`: default a new conversation. `custom_variables`
        fill the bot's prompt, `parameters` (files are uploaded) the start node of a chatflow; `shortcut_command` runs
        one of the bot's shortcuts. `extra_params`: latitude and longitude. `meta_data`: at most 16 pairs.
        `enable_card`: question nodes may answer with cards. `publish_status="unpublished_draft"` runs the draft,
        `bot_version` an older version; `connector_id`: the channel, default "1024" (API).
        `accept_new_conversation`: warn, instead of raising ConversationMismatch, if the server answers in another
        conversation than the one named.

        If the connection breaks, the stream fetches exactly the missing events; this needs the chat's id and
        `auto_save_history`. Otherwise, or if what was fetched contradicts what arrived, it raises StreamInterrupted
        with what arrived; a chat is never started twice.
        If you stop early, the stream closes the connection and cancels the chat, unless `cancel_on_close` is False.
        Raises ChatFailed if the bot fails or the chat is completed without an answer, ConversationBusy (4016), NotFound
        for an unknown bot or conversation, InvalidRequest for an unpublished bot. API page: chat_v3.
        """
        from coze_client.api.chats.stream import ChatOpening

        chat = NewChat(
            bot_id=bot_id,
            user_id=user_id,
            additional_messages=additional_messages,
            conversation_id=conversation_id,
            custom_variables=custom_variables,
            auto_save_history=auto_save_history,
            meta_data=meta_data,
            extra_params=extra_params,
            parameters=parameters,
            shortcut_command=shortcut_command,
            enable_card=enable_card,
            publish_status=publish_status,
            bot_version=bot_version,
            connector_id=connector_id,
            accept_new_conversation=accept_new_conversation,
        )
        return ChatOpening(
            chat.stream_request(), conversation_id, auto_save_history, cancel_on_close, expected=chat.expected
        ).events()

    @call
    def retrieve(self, *, conversation_id: str, chat_id: str) -> Request[Chat]:
        """Retrieve the current state of a chat whose history is saved; at most once a second.

        API page: retrieve_chat.
        """
        return retrieve_request(conversation_id, chat_id)

    @call
    def messages(self, *, conversation_id: str, chat_id: str) -> Request[tuple[Message, ...]]:
        """List the messages of a chat: answers, plugin calls, follow-ups; without the question, in no fixed order.

        API page: list_chat_messages.
        """
        return messages_request(conversation_id, chat_id)

    @call
    def cancel(self, *, conversation_id: str, chat_id: str) -> Request[Chat]:
        """Cancel a running chat; Coze bills the tokens used so far.

        A coze-studio only notes it: the chat runs on, and its status is completed at the end. Raises InvalidRequest
        (4104) if the chat does not run any more. API page: chat_cancel.
        """
        return cancel_request(conversation_id, chat_id)

    @call_by(_start)
    def submit_tool_outputs(
        self, *, conversation_id: str, chat_id: str, tool_outputs: Sequence[ToolOutputLike]
    ) -> Request[Chat]:
        """Submit the outputs of a chat's tool calls, all together; the same chat continues, poll it with ``retrieve``.

        Not available on coze-studio. Raises ServerError (5000) if the chat's history is not saved. API page:
        chat_submit_tool_outputs.
        """
        return submit_request(conversation_id, chat_id, tool_outputs)

    @events
    def stream_tool_outputs(
        self,
        *,
        conversation_id: str,
        chat_id: str,
        tool_outputs: Sequence[ToolOutputLike],
        known_message_ids: Collection[str] = (),
        cancel_on_close: bool = True,
    ) -> Events[ChatStream, AsyncChatStream]:
        """Submit the outputs of a chat's tool calls, all together, and stream the events of the same chat.

        `known_message_ids`: messages of this chat that you already have; recovery of a broken connection omits them.
        If you stop early, the stream cancels the chat, unless `cancel_on_close` is False. Not available on
        coze-studio. Raises ServerError (5000) if the chat's history is not saved, ChatFailed if the bot fails,
        StreamInterrupted if recovery fails. API page: chat_submit_tool_outputs.
        """
        from coze_client.api.chats.stream import ChatOpening

        request = submit_stream_request(conversation_id, chat_id, tool_outputs)
        seen = frozenset(known_message_ids)
        return ChatOpening(
            request,
            conversation_id,
            saved=True,
            cancel_on_close=cancel_on_close,
            chat_id=chat_id,
            known_message_ids=seen,
        ).events()

    @flow
    async def create_and_poll(
        self,
        *,
        bot_id: str,
        user_id: str,
        additional_messages: Sequence[MessageLike] = (),
        conversation_id: str | None = None,
        custom_variables: Mapping[str, str] | None = None,
        meta_data: Mapping[str, str] | None = None,
        extra_params: Mapping[str, str] | None = None,
        parameters: Mapping[str, object] | str | None = None,
        shortcut_command: Mapping[str, object] | None = None,
        enable_card: bool | None = None,
        publish_status: PublishStatus | None = None,
        bot_version: str | None = None,
        connector_id: str | None = None,
        accept_new_conversation: bool = False,
        deadline: float = 600.0,
    ) -> ChatResult:
        """Start a chat, poll it once a second until its status is terminal, and list its messages.

        `user_id`: always the same for the same user, because Coze keeps one memory per user_id. `additional_messages`:
        at most 100, oldest first, the question last. `conversation_id`: default a new conversation. `custom_variables`
        fill the bot's prompt, `parameters` (files are uploaded) the start node of a chatflow; `shortcut_command` runs
        one of the bot's shortcuts. `extra_params`: latitude and longitude. `meta_data`: at most 16 pairs.
        `enable_card`: question nodes may answer with cards. `publish_status="unpublished_draft"` runs the draft,
        `bot_version` an older version; `connector_id`: the channel, default "1024" (API).
        `accept_new_conversation`: warn, instead of raising ConversationMismatch, if the server answers in another
        conversation than the one named.

        A failed or cancelled chat is returned, not raised: check ``chat.status`` and ``chat.last_error``. A chat that
        is completed without an answer raises ChatFailed, because coze-studio reports failures so. After `deadline`
        seconds the chat is cancelled and TimedOut raised. ``stream`` sends fewer requests and is faster.
        Raises ConversationBusy (4016), NotFound for an unknown bot or conversation, InvalidRequest for an unpublished
        bot. API pages: chat_v3, retrieve_chat, list_chat_messages.
        """
        from coze_client.api.chats.following import follow_chat
        from coze_client.api.chats.start import start_and_read

        if not deadline > 0:
            raise ConfigurationError(f"deadline must be more than 0 seconds, not {deadline}")
        new = NewChat(
            bot_id=bot_id,
            user_id=user_id,
            additional_messages=additional_messages,
            conversation_id=conversation_id,
            custom_variables=custom_variables,
            meta_data=meta_data,
            extra_params=extra_params,
            parameters=parameters,
            shortcut_command=shortcut_command,
            enable_card=enable_card,
            publish_status=publish_status,
            bot_version=bot_version,
            connector_id=connector_id,
            accept_new_conversation=accept_new_conversation,
        )
        request = new.request()  # before the lock: an invalid argument must not wait for another chat
        release = await self._session.lock_conversation(conversation_id)
        try:
            with observe(request.operation, self._session.config.base_url) as observation:
                started = await start_and_read(self._session, replace(request, operation=None), deadline)
                result = await follow_chat(self._session, started.chat, deadline, started.messages)
                observation.note(describe_chat(*result))
                return result
        finally:
            release()
