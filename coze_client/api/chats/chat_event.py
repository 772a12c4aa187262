"""One event of a chat stream, and the names of the events that are known.

API page: chat_v3, stream response. The spellings of coze-studio are accepted too.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from coze_client.api.chats.values import CANCELED, COMPLETED, FAILED, REQUIRES_ACTION, Chat
from coze_client.api.conversations.values import Message
from coze_client.core.model import convert_json, json_validator

MESSAGE_DELTA = "conversation.message.delta"
MESSAGE_COMPLETED = "conversation.message.completed"
CHAT_REQUIRES_ACTION = "conversation.chat.requires_action"
AUDIO_DELTA = "conversation.audio.delta"
DONE_EVENTS = frozenset({"done", "Done", "conversation.stream.done"})
ERROR_EVENTS = frozenset({"error", "Error"})
CHAT_EVENTS = frozenset(
    f"conversation.chat.{state}"
    for state in ("created", "in_progress", *COMPLETED, *FAILED, *CANCELED, *REQUIRES_ACTION)
)
KNOWN_EVENTS = CHAT_EVENTS | DONE_EVENTS | ERROR_EVENTS | {MESSAGE_DELTA, MESSAGE_COMPLETED, AUDIO_DELTA}


class ChatEvent:
    """One event of a chat stream.

    ``type`` is Coze's event name, ``data`` the raw bytes. ``chat`` or ``message`` is the parsed data; both are ``None``
    for ``done`` and unknown events. ``delta`` is the text that the event adds to the answer, ``reasoning`` the text
    that it adds to the model's reasoning; "" if it adds none.
    """

    __slots__ = ("_message", "chat", "data", "delta", "reasoning", "type")

    def __init__(
        self,
        type: str,  # noqa: A002 - Coze's word
        data: bytes,
        message: Message | None = None,
        chat: Chat | None = None,
        delta: str = "",
        reasoning: str = "",
    ) -> None:
        self.type = type
        self.data = data
        self._message = message
        self.chat = chat
        self.delta = delta
        self.reasoning = reasoning

    @property
    def message(self) -> Message | None:
        """The message in this event: of a delta, only the part that it adds; of other events, the whole message."""
        if self._message is None and self.type == MESSAGE_DELTA:  # parsed on demand: most callers read only the text
            self._message = parse_message(self.data)
        return self._message

    def __repr__(self) -> str:
        return f"ChatEvent(type={self.type!r}, message={self.message!r}, chat={self.chat!r}, delta={self.delta!r})"


def parse_message(data: bytes) -> Message:
    validate: Callable[[bytes], Message] = json_validator(Message)
    try:
        return validate(data)
    except ValidationError:
        return convert_json(Message, data)
