"""A framework's dialogue: its messages, and where its answers came from; pure.

A framework passes the whole dialogue with every call, while Coze stores conversations itself. The metadata of earlier
answers name the chat and conversation that they came from, so no adapter keeps state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from coze_client.api.chats.values import CANCELED, REQUIRES_ACTION
from coze_client.api.files.attachments import Attachment
from coze_client.bridge.chat.drafts import Draft
from coze_client.core.json_text import dump_json


@dataclass(frozen=True)
class Speaker:
    """Who answers: a bot or a chatflow, and for which user. "" is unknown; a random user is unknown, too."""

    bot_id: str = ""
    workflow_id: str = ""
    user_id: str = ""

    @classmethod
    def read(cls, metadata: Mapping[str, object]) -> Speaker:
        """Read the speaker of an answer from the metadata of the answer."""
        return cls(*(str(metadata.get(name) or "") for name in ("bot_id", "workflow_id", "user_id")))

    def may_be(self, other: Speaker) -> bool:
        """True unless what is known of both speakers differs: only the same one can continue a waiting chat."""
        if not (self.bot_id or self.workflow_id):
            return True
        same = (self.bot_id, self.workflow_id) == (other.bot_id, other.workflow_id)
        return same and (not self.user_id or not other.user_id or self.user_id == other.user_id)


NOBODY = Speaker()


@dataclass(frozen=True)
class Origin:
    """The chat that an answer came from, read from the metadata of the answer."""

    chat_id: str
    conversation_id: str
    status: str = "completed"
    saved: bool = True
    message_ids: tuple[str, ...] = ()
    speaker: Speaker = NOBODY

    @classmethod
    def read(cls, metadata: Mapping[str, object]) -> Origin | None:
        """Read an answer's metadata; ``None`` if the answer is not from Coze."""
        chat_id, conversation_id = metadata.get("chat_id"), metadata.get("conversation_id")
        if not isinstance(chat_id, str) or not isinstance(conversation_id, str) or not conversation_id:
            return None
        ids = metadata.get("message_ids")
        return cls(
            chat_id,
            conversation_id,
            str(metadata.get("status", "completed")),
            saved=metadata.get("saved") is not False,
            message_ids=tuple(str(each) for each in ids) if isinstance(ids, (list, tuple)) else (),
            speaker=Speaker.read(metadata),
        )

    @property
    def remembered(self) -> bool:
        """True if the conversation contains this answer and the messages before it."""
        return self.saved and self.status not in CANCELED

    @property
    def waits(self) -> bool:
        """True if the chat waits for tool outputs or for a reply of the user."""
        return self.status in REQUIRES_ACTION


@dataclass(frozen=True)
class PriorToolCall:
    """A tool call in an earlier message of the assistant."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class DialogueMessage:
    """One message of a dialogue, the same for every framework.

    Messages of the assistant have `origin` and `calls`. Messages of a tool have `call_id`, the id of the call that they
    answer, and `name`, the name of the tool.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    origin: Origin | None = None
    calls: tuple[PriorToolCall, ...] = ()
    call_id: str = ""
    name: str = ""


def count_remembered(messages: Sequence[DialogueMessage], conversation_id: str | None) -> int:
    """How many messages from the start the conversation contains already."""
    for index in range(len(messages) - 1, -1, -1):
        origin = messages[index].origin
        if origin and conversation_id and origin.conversation_id == conversation_id and origin.remembered:
            return index + 1
    return 0


def convert_to_drafts(message: DialogueMessage) -> list[Draft]:
    """Convert a message; calls and outputs of other chats become text, because Coze takes them in no other form."""
    if message.role == "tool":
        return [Draft("user", f"Result of {message.name or 'the tool'}:\n{message.text}")]
    if message.role == "user":
        return [Draft("user", message.text, message.attachments)] if message.text or message.attachments else []
    calls = [f"[called {call.name}({dump_json(call.arguments)})]" for call in message.calls]
    text = "\n".join(filter(None, [message.text, *calls]))
    return [Draft("assistant", text)] if text else []
