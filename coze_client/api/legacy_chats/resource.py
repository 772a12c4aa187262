"""Chats over the v2 API, the one before v3: for gateways and older servers that still speak it.

It has no chat ids: nothing can be asked afterwards, cancelled or recovered; where there is a choice, take ``chats``.
API page: chat v2 (``/open_api/v2/chat``), since withdrawn from the documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from coze_client.api.conversations.messages import Message, MessageLike, convert_to_wire
from coze_client.core.model import Model, convert
from coze_client.core.request import Kind, Request, fields
from coze_client.core.resource import ConcurrencyT, Resource, call, events
from coze_client.core.response import RawResponse, read_envelope, read_nothing
from coze_client.core.stream import Events
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.legacy_chats.stream import AsyncLegacyChatStream, LegacyChatStream

T = TypeVar("T")

_SENT = ("role", "type", "content", "content_type")


class LegacyMessage(Message):
    """A message of a v2 chat: role, type, content, content type and ``extra_info``, but no ids or times."""

    extra_info: dict[str, object] | None = None


class LegacyChat(Model):
    """A v2 chat that ended: all that the bot said, plugin calls and follow-ups included, in the server's order."""

    conversation_id: str = ""
    messages: tuple[LegacyMessage, ...] = ()

    @property
    def text(self) -> str:
        """The bot's answer: the text of its answer messages, one after the other."""
        from coze_client.api.chats.events import join_answers

        return join_answers(self.messages)


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
        return _start(locals(), _read_chat, stream=False)

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
        return _stream(_start(locals(), read_nothing, stream=True), conversation_id)


def _start(given: Mapping[str, Any], read: Callable[[RawResponse], T], *, stream: bool) -> Request[T]:
    """The request of a method's arguments, typed there; raises ConfigurationError for a user that Coze would refuse."""
    if not isinstance(given["user"], str) or not given["user"]:
        raise ConfigurationError("user is text, the same for the same user; Coze keeps users' memories apart by it")
    body = fields(
        bot_id=given["bot_id"],
        user=given["user"],
        query=given["query"],
        conversation_id=given["conversation_id"] or None,
        chat_history=[_convert_to_legacy(message) for message in given["chat_history"]] or None,
        custom_variables=given["custom_variables"],
        stream=stream,
    )
    return Request("POST", "/open_api/v2/chat", read, body=body, kind=Kind.START, stream=stream)


def _convert_to_legacy(message: MessageLike) -> dict[str, object]:
    wire = convert_to_wire(message)
    if wire.get("role") == "user":
        wire.pop("type", None)  # in v2 the type tells the kinds of the bot's messages only; it knows no "question"
    return {name: wire[name] for name in _SENT if name in wire}


def _read_chat(answer: RawResponse) -> LegacyChat:
    envelope = read_envelope(answer)
    return convert(LegacyChat, {name: envelope.get(name) for name in ("conversation_id", "messages")})


def _stream(request: Request[None], conversation_id: str | None) -> Events[LegacyChatStream, AsyncLegacyChatStream]:
    from coze_client.api.legacy_chats.stream import AsyncLegacyChatStream, LegacyChatStream, LegacyChatStreamRun

    return Events(
        request,
        lambda session: LegacyChatStream(LegacyChatStreamRun(session, request, conversation_id)),
        lambda session: AsyncLegacyChatStream(LegacyChatStreamRun(session, request, conversation_id)),
    )
