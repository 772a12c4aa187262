"""A conversation of Coze as the message history of a framework: read it, add to it, clear it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from coze_client.api.conversations.messages import Messages
from coze_client.api.conversations.resource import Conversations
from coze_client.api.conversations.values import Message
from coze_client.bridge.chat.dialogue import DialogueMessage, convert_to_drafts, count_remembered
from coze_client.bridge.chat.drafts import attach
from coze_client.core.paging import Cursor
from coze_client.core.session import Session
from coze_client.errors import ConfigurationError

_TOLD = frozenset({"question", "answer", ""})
"""The types of messages that a history has; "" is that of a message which was added without a chat."""


async def read_history(session: Session, conversation_id: str) -> list[Message]:
    """The questions, answers and added messages since the conversation was last cleared, oldest first."""
    section = (await session.send(Conversations.retrieve(conversation_id=conversation_id))).last_section_id
    cursor = Cursor(session, Messages.list(conversation_id=conversation_id))
    found: list[Message] = []
    while (page := await cursor.next()) is not None:
        current = [each for each in page.items if not (section and each.section_id) or each.section_id == section]
        found += [each for each in current if each.type in _TOLD]
        if len(current) < len(page.items):
            break
    return found[::-1]


async def add_to_history(session: Session, conversation_id: str, messages: Sequence[DialogueMessage]) -> None:
    """Add what the conversation lacks: an answer that came from it is in it, with the messages before that answer.

    Raises ConfigurationError for a system message before anything is added.
    """
    new = messages[count_remembered(messages, conversation_id) :]
    if any(message.role == "system" for message in new):
        raise ConfigurationError(
            "A conversation of Coze holds no system messages", cure="Write instructions into the prompt of the bot"
        )
    drafts = [draft for message in new for draft in convert_to_drafts(message)]
    for message in await attach(session, drafts):
        role = cast("Literal['user', 'assistant']", message.role)
        kind = cast("Literal['text', 'object_string']", message.content_type)
        content = message.content
        await session.send(
            Messages.create(conversation_id=conversation_id, role=role, content=content, content_type=kind)
        )


async def clear_history(session: Session, conversation_id: str) -> None:
    """Start a new section: the bot and this history no longer know the messages before. Coze keeps them."""
    await session.send(Conversations.clear(conversation_id=conversation_id))


async def delete_from_history(session: Session, conversation_id: str, message_id: str) -> None:
    """Delete one message."""
    await session.send(Messages.delete(conversation_id=conversation_id, message_id=message_id))


def message_parts(message: Message) -> list[dict[str, object]]:
    """The parts of a message: a type (text, image, file, audio) with a text, or a ``file_id`` and ``file_url``."""
    decoded = message.decoded if message.content_type == "object_string" else None
    if not isinstance(decoded, list):
        return [{"type": "text", "text": message.content}]
    return [cast("dict[str, object]", part) for part in cast("list[object]", decoded) if isinstance(part, dict)]


def origin_metadata(message: Message) -> dict[str, object]:
    """The metadata of an answer that the conversation holds, which ``Origin.read`` reads."""
    return {
        "chat_id": message.chat_id,
        "conversation_id": message.conversation_id,
        "bot_id": message.bot_id,
        "status": "completed",
        "message_ids": [message.id],
    }
