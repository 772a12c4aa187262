"""Chats: one run of a bot in a conversation; user input in, messages out.

API pages: chat v3, retrieve_chat, list_chat_messages, chat_cancel, chat_submit_tool_outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from coze_client.api.chats.following import follow_chat
from coze_client.api.chats.requests import (
    NewChat,
    cancel_request,
    messages_request,
    retrieve_request,
    submit_request,
    submit_stream_request,
)
from coze_client.api.chats.stream import AsyncChatStream, ChatOpening, ChatStream
from coze_client.api.chats.values import Chat, ChatResult, PublishStatus, ToolOutputLike
from coze_client.api.conversations.values import Message, MessageLike
from coze_client.core.request import Request
from coze_client.core.resource import ConcurrencyT, Resource, call, events, flow
from coze_client.core.stream import Events
from coze_client.errors import ConfigurationError


class Chats(Resource[ConcurrencyT]):
    """Chats with bots."""

    @call
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
    ) -> Request[Chat]:
        """Start a chat and return at once; ask ``retrieve`` for its end, or use ``create_and_poll``.

        `additional_messages`: at most 100, oldest first, the question last. `user_id` separates users' memories and
        must be the same for the same user. `conversation_id`: omitted, Coze begins a new conversation.
        `custom_variables` fill the bot's prompt, `parameters` a chatflow's start node, `meta_data` (16 pairs) comes
        back with ``retrieve``, `extra_params` takes latitude and longitude. `publish_status="unpublished_draft"` runs
        the draft; `bot_version` an older version. Raises ConversationBusy (4016) if another chat runs for
        longer than the client waits, NotFound for an unknown bot or conversation, InvalidRequest if it is unpublished.
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
        cancel_on_close: bool = True,
    ) -> Events[ChatStream, AsyncChatStream]:
        """Start a chat and read it as it comes, in one request; arguments as in ``create``.

        The stream heals: if the line breaks after the chat's id is known, and the history is saved, exactly what is
        missing is fetched. Otherwise StreamInterrupted is raised, with what arrived; a chat is never started twice.
        Stopping early closes the line and, with `cancel_on_close`, cancels the chat. Raises ChatFailed if the bot
        fails, and what ``create`` raises.
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
        )
        opening = ChatOpening(chat.stream_request(), conversation_id, auto_save_history, cancel_on_close)
        return opening.events()

    @call
    def retrieve(self, *, conversation_id: str, chat_id: str) -> Request[Chat]:
        """A chat's state now (ask once a second at most); only of chats whose history is saved."""
        return retrieve_request(conversation_id, chat_id)

    @call
    def messages(self, *, conversation_id: str, chat_id: str) -> Request[tuple[Message, ...]]:
        """What a chat said: answers, plugin calls, follow-ups; without the question, in no promised order."""
        return messages_request(conversation_id, chat_id)

    @call
    def cancel(self, *, conversation_id: str, chat_id: str) -> Request[Chat]:
        """Stop a running chat; tokens so far are billed. Raises InvalidRequest (4104) if it does not run any more."""
        return cancel_request(conversation_id, chat_id)

    @call
    def submit_tool_outputs(
        self, *, conversation_id: str, chat_id: str, tool_outputs: Sequence[ToolOutputLike]
    ) -> Request[Chat]:
        """Hand over the outputs of all tool calls of a chat that waits for them; it then runs on (poll it).

        Not on coze-studio. Raises ServerError (5000) if the chat's history is not saved.
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
        """Hand over the outputs of all tool calls and read what the same chat says on.

        `known_message_ids`: messages of this chat that were seen before; should the line break, recovery leaves them
        out. Otherwise as ``stream`` and ``submit_tool_outputs``.
        """
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
        deadline: float = 600.0,
    ) -> ChatResult:
        """Start a chat and ask once a second until it ends in whatever way; then its messages.

        A failed or cancelled chat is returned, not raised: look at ``chat.status`` and ``chat.last_error``. After
        `deadline` seconds the chat is cancelled and TimedOut raised. ``stream`` needs fewer requests and is faster.
        """
        if not deadline > 0:
            raise ConfigurationError(f"A deadline is more than 0 seconds, not {deadline}")
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
        )
        release = await self._session.lock_conversation(conversation_id)
        try:
            chat = await self._session.send(new.request())
            return await follow_chat(self._session, chat, deadline)
        finally:
            release()
