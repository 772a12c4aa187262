"""CozeChatMessageHistory: a conversation of Coze as LangChain's message history."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from coze_client.api.conversations.values import Message
from coze_client.bridge.chat.history import (
    add_to_history,
    clear_history,
    message_parts,
    origin_metadata,
    read_history,
)
from coze_client.bridge.connection import AnyCozeClient, Connection
from coze_client.core.concurrency import Blocking
from coze_client.core.config import Region
from coze_client.core.credentials import Credentials, TokenFunction
from langchain_coze.errors import langchain_errors
from langchain_coze.messages import convert_to_dialogue


class CozeChatMessageHistory(BaseChatMessageHistory):
    """The messages that Coze keeps in a conversation, as LangChain's messages.

    ```python
    from langchain_coze import CozeChatMessageHistory

    history = CozeChatMessageHistory("7380000000000000001")  # token: COZE_API_TOKEN
    history.add_user_message("My name is Ada.")
    print(history.messages)
    ```

    ``messages`` has the questions, the answers and the messages that were added by hand, oldest first, each with Coze's
    id. They are read anew each time: one request, and one for each 50 messages. ``clear`` starts a new section of the
    conversation: neither the bot nor ``messages`` knows what was before it, but Coze keeps it.

    Also for a ``ChatCoze`` that answers in the same conversation, as in ``RunnableWithMessageHistory``: Coze keeps its
    answers and their questions, so they are not added again. Tool calls and their outputs are kept as words. System
    messages raise ConfigurationError: Coze keeps none. A coze-studio can list and clear messages, but not add any.
    ``token``, ``base_url``, ``region`` and ``client`` are those of ``ChatCoze``.
    """

    def __init__(
        self,
        conversation_id: str,
        *,
        token: str | TokenFunction | Credentials | None = None,
        base_url: str | None = None,
        region: Region | None = None,
        client: AnyCozeClient | None = None,
    ) -> None:
        super().__init__()
        self.conversation_id = conversation_id
        self._connection = Connection(token=token, base_url=base_url, region=region, client=client)

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]  # LangChain's guide makes it a property, too
        """The messages, oldest first."""
        with langchain_errors():
            session = self._connection._blocking._session
            return list(map(convert_to_message, Blocking.run(read_history(session, self.conversation_id))))

    async def aget_messages(self) -> list[BaseMessage]:
        """As ``messages``, on asyncio."""
        with langchain_errors():
            session = self._connection._asyncio._session
            return list(map(convert_to_message, await read_history(session, self.conversation_id)))

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Add messages at the end, one request each; attachments with content are uploaded before."""
        with langchain_errors():
            session = self._connection._blocking._session
            Blocking.run(add_to_history(session, self.conversation_id, convert_to_dialogue(messages)))

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """As ``add_messages``, on asyncio."""
        with langchain_errors():
            session = self._connection._asyncio._session
            await add_to_history(session, self.conversation_id, convert_to_dialogue(messages))

    def clear(self) -> None:
        """Start a new section of the conversation."""
        with langchain_errors():
            Blocking.run(clear_history(self._connection._blocking._session, self.conversation_id))

    async def aclear(self) -> None:
        """As ``clear``, on asyncio."""
        with langchain_errors():
            await clear_history(self._connection._asyncio._session, self.conversation_id)


def convert_to_message(message: Message) -> BaseMessage:
    """Convert a message of a conversation to one of LangChain; pure."""
    parts = message_parts(message)
    text_only = all(part.get("type") == "text" for part in parts)
    content = [_block(part) for part in parts]
    plain = "\n".join(str(part.get("text") or "") for part in parts)
    if message.role == "assistant":
        metadata = origin_metadata(message)
        return AIMessage(plain if text_only else content, id=message.id, response_metadata=metadata)
    return HumanMessage(plain if text_only else content, id=message.id)


def _block(part: dict[str, object]) -> str | dict[str, object]:
    if part.get("type") == "text":
        return {"type": "text", "text": str(part.get("text") or "")}
    named = {"file_id": part.get("file_id"), "url": part.get("file_url")}
    return {"type": str(part.get("type")), **{name: value for name, value in named.items() if value}}
