"""CozeChatStore: conversations of Coze as LlamaIndex's chat store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import AudioBlock, ContentBlock, DocumentBlock, ImageBlock, MessageRole, TextBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.storage.chat_store.base import BaseChatStore

from coze_client.api.conversations.resource import Conversations
from coze_client.api.conversations.values import Message
from coze_client.bridge.chat.history import (
    add_to_history,
    clear_history,
    delete_from_history,
    message_parts,
    origin_metadata,
    read_history,
)
from coze_client.bridge.connection import Connection
from coze_client.core.concurrency import Blocking
from coze_client.core.paging import Cursor
from coze_client.core.session import Session
from coze_client.errors import ConfigurationError
from llama_index_coze.messages import convert_to_dialogue


class CozeChatStore(Connection, BaseChatStore):
    """Conversations of Coze as a chat store: a key is the id of a conversation.

    ```python
    from llama_index.core.memory import ChatMemoryBuffer
    from llama_index_coze import CozeChatStore

    store = CozeChatStore()  # token: COZE_API_TOKEN
    memory = ChatMemoryBuffer.from_defaults(chat_store=store, chat_store_key="7380000000000000001")
    ```

    A message has Coze's id in ``additional_kwargs["id"]``. Messages are read anew each time: one request, and one for
    each 50 messages. Deleting all messages starts a new section of the conversation: neither the bot nor the store
    knows what was before it, but Coze keeps it. System messages raise ConfigurationError: Coze keeps none. Tool calls
    and outputs are kept as words. A coze-studio can list and clear messages, but neither add nor delete one.

    Do not give the same conversation to a ``CozeLLM``: Coze itself keeps its questions and answers, and a memory would
    add the questions once more.
    """

    bot_id: str | None = None
    """The bot whose conversations are the keys; only ``get_keys`` needs it."""

    @classmethod
    def class_name(cls) -> str:
        return "CozeChatStore"

    def get_messages(self, key: str) -> list[ChatMessage]:
        """The messages of the conversation, oldest first."""
        return Blocking.run(_read(self._blocking._session, key))

    async def aget_messages(self, key: str) -> list[ChatMessage]:
        """As ``get_messages``, on asyncio."""
        return await _read(self._asyncio._session, key)

    def add_message(self, key: str, message: ChatMessage) -> None:
        """Add a message at the end; attachments with content are uploaded before."""
        Blocking.run(_add(self._blocking._session, key, [message]))

    async def async_add_message(self, key: str, message: ChatMessage) -> None:
        """As ``add_message``, on asyncio."""
        await _add(self._asyncio._session, key, [message])

    def set_messages(self, key: str, messages: list[ChatMessage]) -> None:
        """Make these the messages of the conversation; those that it begins with already stay as they are."""
        Blocking.run(_set(self._blocking._session, key, messages))

    async def aset_messages(self, key: str, messages: list[ChatMessage]) -> None:
        """As ``set_messages``, on asyncio."""
        await _set(self._asyncio._session, key, messages)

    def delete_messages(self, key: str) -> list[ChatMessage] | None:
        """Start a new section of the conversation, and return the messages before it."""
        return Blocking.run(_delete_all(self._blocking._session, key))

    async def adelete_messages(self, key: str) -> list[ChatMessage] | None:
        """As ``delete_messages``, on asyncio."""
        return await _delete_all(self._asyncio._session, key)

    def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Delete the message at this index and return it; ``None`` if there is none."""
        return Blocking.run(_delete(self._blocking._session, key, idx))

    async def adelete_message(self, key: str, idx: int) -> ChatMessage | None:
        """As ``delete_message``, on asyncio."""
        return await _delete(self._asyncio._session, key, idx)

    def delete_last_message(self, key: str) -> ChatMessage | None:
        """Delete the last message and return it; ``None`` if there is none."""
        return Blocking.run(_delete(self._blocking._session, key, -1))

    async def adelete_last_message(self, key: str) -> ChatMessage | None:
        """As ``delete_last_message``, on asyncio."""
        return await _delete(self._asyncio._session, key, -1)

    def get_keys(self) -> list[str]:
        """The ids of the conversations of ``bot_id``, newest first; raises ConfigurationError without a ``bot_id``."""
        return Blocking.run(_list_keys(self._blocking._session, self.bot_id))

    async def aget_keys(self) -> list[str]:
        """As ``get_keys``, on asyncio."""
        return await _list_keys(self._asyncio._session, self.bot_id)


async def _read(session: Session, key: str) -> list[ChatMessage]:
    return list(map(convert_to_message, await read_history(session, key)))


async def _add(session: Session, key: str, messages: Sequence[ChatMessage]) -> None:
    await add_to_history(session, key, convert_to_dialogue(messages))


async def _set(session: Session, key: str, messages: Sequence[ChatMessage]) -> None:
    known = [each.additional_kwargs["id"] for each in await _read(session, key)]
    if known != [each.additional_kwargs.get("id") for each in messages[: len(known)]]:
        await clear_history(session, key)
        known = []
    await _add(session, key, [_without_origin(message) for message in messages[len(known) :]])


def _without_origin(message: ChatMessage) -> ChatMessage:
    """A copy that counts as new, also if it came from the section that was cleared."""
    return ChatMessage(role=message.role, blocks=message.blocks)


async def _delete_all(session: Session, key: str) -> list[ChatMessage]:
    found = await _read(session, key)
    await clear_history(session, key)
    return found


async def _delete(session: Session, key: str, index: int) -> ChatMessage | None:
    found = await _read(session, key)
    if not -len(found) <= index < len(found):
        return None
    await delete_from_history(session, key, str(found[index].additional_kwargs["id"]))
    return found[index]


async def _list_keys(session: Session, bot_id: str | None) -> list[str]:
    if not bot_id:
        raise ConfigurationError("Coze lists conversations by bot", cure="Give CozeChatStore a bot_id")
    cursor = Cursor(session, Conversations.list(bot_id=bot_id))
    keys: list[str] = []
    while (page := await cursor.next()) is not None:
        keys += [conversation.id for conversation in page.items]
    return keys


def convert_to_message(message: Message) -> ChatMessage:
    """Convert a message of a conversation to one of LlamaIndex; pure."""
    answers = message.role == "assistant"
    kwargs: dict[str, Any] = {"id": message.id, **(origin_metadata(message) if answers else {})}
    role = MessageRole.ASSISTANT if answers else MessageRole.USER
    return ChatMessage(role=role, blocks=[_block(part) for part in message_parts(message)], additional_kwargs=kwargs)


def _block(part: dict[str, object]) -> ContentBlock:
    kind, url = str(part.get("type")), str(part.get("file_url") or "")
    if kind == "text":
        return TextBlock(text=str(part.get("text") or ""))
    if not url:
        return TextBlock(text=f"[{kind} {part.get('file_id')}]")
    if kind == "image":
        return ImageBlock(url=url)
    return AudioBlock(url=url) if kind == "audio" else DocumentBlock(url=url)
