"""Chats: one run of a bot in a conversation; user input in, messages out.

API pages: chat v3, retrieve_chat, list_chat_messages, chat_cancel, chat_submit_tool_outputs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from coze_client.api.chats.chat_call import ChatCall
from coze_client.api.chats.values import Chat, ChatResult, PublishStatus, ToolOutput, ToolOutputLike
from coze_client.api.conversations.messages import Message, MessageLike, convert_to_wire
from coze_client.core.request import Kind, Request, fields, query
from coze_client.core.resource import ConcurrencyT, Resource, call, events, flow
from coze_client.core.response import Payload
from coze_client.core.stream import Events
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.chats.stream import AsyncChatStream, ChatStream

_MOST_MESSAGES = 100


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
        if not auto_save_history:
            raise ConfigurationError(
                "A chat without streaming must be saved (4007): its state could not be asked for",
                cure="Leave auto_save_history=True, or use chats.stream",
            )
        return _start(_body(locals(), stream=False), conversation_id, Payload(Chat))

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
        request = _start(_body(locals(), stream=True), conversation_id, _unread, stream=True)
        return ChatCall(request, conversation_id, auto_save_history, cancel_on_close).events()

    @call
    def retrieve(self, *, conversation_id: str, chat_id: str) -> Request[Chat]:
        """A chat's state now (ask once a second at most); only of chats whose history is saved."""
        return Request("GET", "/v3/chat/retrieve", Payload(Chat), _ids(conversation_id, chat_id))

    @call
    def messages(self, *, conversation_id: str, chat_id: str) -> Request[tuple[Message, ...]]:
        """What a chat said: answers, plugin calls, follow-ups; without the question, in no promised order."""
        return Request("GET", "/v3/chat/message/list", _read_messages, _ids(conversation_id, chat_id))

    @call
    def cancel(self, *, conversation_id: str, chat_id: str) -> Request[Chat]:
        """Stop a running chat; tokens so far are billed. Raises InvalidRequest (4104) if it does not run any more."""
        body = {"conversation_id": conversation_id, "chat_id": chat_id}
        return Request("POST", "/v3/chat/cancel", Payload(Chat), body=body)

    @call
    def submit_tool_outputs(
        self, *, conversation_id: str, chat_id: str, tool_outputs: Sequence[ToolOutputLike]
    ) -> Request[Chat]:
        """Hand over the outputs of all tool calls of a chat that waits for them; it then runs on (poll it).

        Not on coze-studio. Raises ServerError (5000) if the chat's history is not saved.
        """
        return _submit(conversation_id, chat_id, tool_outputs, Payload(Chat), stream=False)

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
        request = _submit(conversation_id, chat_id, tool_outputs, _unread, stream=True)
        seen = frozenset(known_message_ids)
        return ChatCall(
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
        body = _body(locals(), stream=False)
        from coze_client.api.chats.following import finish

        release = await self._session.lock_conversation(conversation_id)
        try:
            chat = await self._session.send(_start(body, conversation_id, Payload(Chat)))
            return await finish(self._session, chat, deadline)
        finally:
            release()


_NOT_IN_BODY = ("self", "conversation_id", "cancel_on_close", "deadline")


def _body(given: Mapping[str, Any], *, stream: bool) -> dict[str, object]:  # the arguments of a method, typed there
    """The JSON body of a chat; raises ConfigurationError for what Coze would refuse."""
    arguments = {name: value for name, value in given.items() if name not in _NOT_IN_BODY}
    if not isinstance(arguments["user_id"], str) or not arguments["user_id"]:
        raise ConfigurationError("user_id is text, the same for the same user; Coze keeps users' memories apart by it")
    messages = [convert_to_wire(message) for message in arguments["additional_messages"]]
    if len(messages) > _MOST_MESSAGES:
        raise ConfigurationError(f"A chat takes at most {_MOST_MESSAGES} messages (4004), not {len(messages)}")
    if isinstance(arguments["parameters"], str):
        arguments["parameters"] = _object(arguments["parameters"])
    arguments |= {"additional_messages": messages, "stream": stream}
    arguments.setdefault("auto_save_history", True)
    return fields(**arguments)


def _object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError("parameters is an object, or the JSON text of one")
    return value


def _start(body: Mapping[str, object], conversation_id: str | None, read: Any, *, stream: bool = False) -> Request[Any]:
    where = query(conversation_id=conversation_id or None)
    return Request("POST", "/v3/chat", read, where, body, Kind.START, stream=stream)


def _submit(
    conversation_id: str, chat_id: str, outputs: Sequence[ToolOutputLike], read: Any, *, stream: bool
) -> Request[Any]:
    body = {"tool_outputs": [_output(output) for output in outputs], "stream": stream}
    where = _ids(conversation_id, chat_id)
    return Request("POST", "/v3/chat/submit_tool_outputs", read, where, body, Kind.START, stream=stream)


def _output(given: ToolOutputLike) -> dict[str, str]:
    try:
        output = ToolOutput.model_validate(given)
    except ValidationError as error:
        raise ConfigurationError(
            "A tool output is a ToolOutput, or a dict with tool_call_id (text) and output"
        ) from error
    return {"tool_call_id": output.tool_call_id, "output": output.output}


def _ids(conversation_id: str, chat_id: str) -> dict[str, str]:
    return query(conversation_id=conversation_id, chat_id=chat_id)


def _unread(answer: object) -> None:
    """Streams are read by their own reading."""


_LISTED = Payload(tuple[Message, ...])


def _read_messages(answer: Any) -> tuple[Message, ...]:
    return tuple(message for message in _LISTED(answer) if message.type != "question")
