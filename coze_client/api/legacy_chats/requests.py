"""The request of the v2 chat API, as a value.

Coze has removed its API page (``/open_api/v2/chat``) from the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coze_client.api.chats.requests import BILLED_CHAT, ignore_response, look_in
from coze_client.api.conversations.values import MessageLike, convert_to_wire
from coze_client.api.legacy_chats.events import LegacyChatReading, read_chat, read_streamed_chat
from coze_client.api.legacy_chats.values import LegacyChat
from coze_client.core.request import Kind, Request, Unanswered, fields
from coze_client.core.response import RawResponse
from coze_client.core.sse import begins_stream
from coze_client.errors import ConfigurationError

_SENT = ("role", "type", "content", "content_type")


@dataclass(frozen=True, kw_only=True)
class NewLegacyChat:
    """A v2 chat to start: the parameters of ``legacy_chats.create`` and ``stream``, as one value.

    Raises ConfigurationError if ``user`` is no text or empty.
    """

    bot_id: str
    user: str
    query: str
    conversation_id: str | None = None
    chat_history: Sequence[MessageLike] = ()
    custom_variables: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        user: object = self.user
        if not isinstance(user, str) or not user:
            raise ConfigurationError("user must be a non-empty string: Coze keeps one memory per user")

    def request(self) -> Request[LegacyChat]:
        """The request whose response comes when the chat has ended."""
        return self._post(_read_chat, stream=False)

    def stream_request(self) -> Request[None]:
        """The request whose response is a stream of events."""
        return self._post(ignore_response, stream=True)

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
        cure = f"{BILLED_CHAT}. client.chats.stream(…) survives a long chat; v2 cannot"
        unanswered = Unanswered(f"{cure}{look_in(self.conversation_id)}", conversation_id=self.conversation_id or None)
        path = "/open_api/v2/chat"
        return Request(
            "POST",
            path,
            read,
            body=body,
            kind=Kind.START,
            stream=stream,
            reading=LegacyChatReading,
            unanswered=unanswered,
        )


def _convert_to_legacy(message: MessageLike) -> dict[str, object]:
    wire = convert_to_wire(message)
    if wire.get("role") == "user":
        wire.pop("type", None)  # v2 has types only for the bot's messages; "question" is unknown to it
    return {name: wire[name] for name in _SENT if name in wire}


def _read_chat(response: RawResponse) -> LegacyChat:
    """Read a chat: JSON, or the events of the chat if the server streams it even so."""
    if begins_stream(response.content):
        return read_streamed_chat(response.content, response.logid)
    return read_chat(response)
