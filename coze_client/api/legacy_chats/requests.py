"""The request of the v2 chat API, as a value.

API page: chat v2 (``/open_api/v2/chat``), since withdrawn from the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coze_client.api.conversations.values import MessageLike, convert_to_wire
from coze_client.api.legacy_chats.values import LegacyChat
from coze_client.core.model import convert
from coze_client.core.request import Kind, Request, fields
from coze_client.core.response import RawResponse, read_envelope, read_nothing
from coze_client.errors import ConfigurationError

_SENT = ("role", "type", "content", "content_type")


@dataclass(frozen=True, kw_only=True)
class NewLegacyChat:
    """Everything that starts a v2 chat: the parameters of ``legacy_chats.create`` and ``stream``, as one value."""

    bot_id: str
    user: str
    query: str
    conversation_id: str | None = None
    chat_history: Sequence[MessageLike] = ()
    custom_variables: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        user: object = self.user
        if not isinstance(user, str) or not user:
            raise ConfigurationError("user is text, the same for the same user; Coze keeps users' memories apart by it")

    def request(self) -> Request[LegacyChat]:
        """The request that is answered when the chat has ended."""
        return self._post(_read_chat, stream=False)

    def stream_request(self) -> Request[None]:
        """The request that is answered by a stream of events."""
        return self._post(read_nothing, stream=True)

    def _post(self, read: Any, *, stream: bool) -> Request[Any]:  # typed by the two methods above
        body = fields(
            bot_id=self.bot_id,
            user=self.user,
            query=self.query,
            conversation_id=self.conversation_id or None,
            chat_history=[_convert_to_legacy(message) for message in self.chat_history] or None,
            custom_variables=self.custom_variables,
            stream=stream,
        )
        return Request("POST", "/open_api/v2/chat", read, body=body, kind=Kind.START, stream=stream)


def _convert_to_legacy(message: MessageLike) -> dict[str, object]:
    wire = convert_to_wire(message)
    if wire.get("role") == "user":
        wire.pop("type", None)  # in v2 the type tells the kinds of the bot's messages only; it knows no "question"
    return {name: wire[name] for name in _SENT if name in wire}


def _read_chat(response: RawResponse) -> LegacyChat:
    envelope = read_envelope(response)
    return convert(LegacyChat, {name: envelope.get(name) for name in ("conversation_id", "messages")})
