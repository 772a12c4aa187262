"""The stored records of conversations, messages and chats, and their JSON in replies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from coze_client.emulator.protocol.dialect import Dialect
from coze_client.emulator.protocol.request import Caller

RUNNING = frozenset({"created", "in_progress"})


@dataclass(frozen=True)
class StoredConversation:
    """A conversation; `section_id` is its current context window, the first of which has the conversation's id.

    `session` is the end user of a service app who owns it. Times are Unix seconds.
    """

    KIND: ClassVar[str] = "Conversation"

    id: str
    account: str
    section_id: str
    created_at: int
    updated_at: int
    bot_id: str = ""
    name: str = ""
    connector_id: str = "1024"
    meta_data: dict[str, str] = field(default_factory=dict)
    session: str = ""

    @property
    def owner(self) -> str:
        return self.account

    def belongs_to(self, caller: Caller) -> bool:
        return (self.account, self.session) == (caller.account, caller.session)

    def describe(self, dialect: Dialect) -> dict[str, object]:
        creator = "creator_id" if dialect.has_logid else "creator_d"
        return {
            "id": self.id,
            "name": self.name or None,
            "meta_data": self.meta_data,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            creator: self.account,
            "connector_id": self.connector_id,
            "last_section_id": self.section_id,
        }


@dataclass(frozen=True)
class StoredMessage:
    """A message; `type` is "" if the API created it; `chat_id` is "" unless it belongs to a chat."""

    KIND: ClassVar[str] = "Message"

    id: str
    conversation_id: str
    section_id: str
    role: str
    type: str
    content: str
    content_type: str
    created_at: int
    updated_at: int
    chat_id: str = ""
    bot_id: str = ""
    reasoning_content: str = ""
    meta_data: dict[str, str] = field(default_factory=dict)
    feedback: dict[str, object] | None = None

    @property
    def owner(self) -> str:
        return self.conversation_id

    def delta(self, content: str = "", reasoning: str = "", content_type: str = "text") -> dict[str, object]:
        """Return the JSON of a delta of this message; deltas have no times."""
        piece = {**self._head(), "content": content, "content_type": content_type}
        return {**piece, "reasoning_content": reasoning} if reasoning else piece

    def describe(self, dialect: Dialect) -> dict[str, object]:
        updated: object = str(self.updated_at) if dialect.updated_at_as_text else self.updated_at
        whole = {
            **self._head(),
            "content": self.content,
            "content_type": self.content_type,
            "meta_data": self.meta_data,
            "created_at": self.created_at,
            "updated_at": updated,
        }
        return {**whole, "reasoning_content": self.reasoning_content} if self.reasoning_content else whole

    def _head(self) -> dict[str, object]:
        return {
            "id": self.id,
            "conversation_id": self.conversation_id,
            "bot_id": self.bot_id,
            "chat_id": self.chat_id,
            "section_id": self.section_id,
            "role": self.role,
            "type": self.type,
        }


@dataclass(frozen=True)
class StoredChat:
    """A chat; unless `saved`, only its own stream shows it. `calls` are client plugin calls, with submitted outputs."""

    KIND: ClassVar[str] = "Chat"

    id: str
    conversation_id: str
    account: str
    bot_id: str
    section_id: str
    status: str
    created_at: int
    saved: bool = True
    ended_at: int = 0
    error_code: int = 0
    error_msg: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    meta_data: dict[str, str] = field(default_factory=dict)
    calls: list[dict[str, str]] = field(default_factory=list)
    inserted: list[str] = field(default_factory=list)

    @property
    def owner(self) -> str:
        return self.conversation_id

    @property
    def running(self) -> bool:
        return self.status in RUNNING

    def message(self, message_id: str, kind: str, now: int) -> StoredMessage:
        """Create an empty message of the bot in this chat."""
        return StoredMessage(
            message_id,
            self.conversation_id,
            self.section_id,
            "assistant",
            kind,
            "",
            "text",
            now,
            now,
            self.id,
            self.bot_id,
        )

    def describe(self, dialect: Dialect) -> dict[str, object]:
        """Return the JSON of the chat in events; completed_at is set from the start, so it does not mean completion."""
        chat: dict[str, object] = {
            "id": self.id,
            "conversation_id": self.conversation_id,
            "bot_id": self.bot_id,
            "section_id": self.section_id,
            "created_at": self.created_at,
            "completed_at": self.ended_at or (self.created_at if dialect.sends_empty_fields else 0),
            "status": self.status,
        }
        if dialect.sends_empty_fields:
            chat["last_error"] = {"code": self.error_code, "msg": self.error_msg}
        if self.usage or dialect.sends_empty_fields:
            chat["usage"] = self.usage or {"token_count": 0, "output_count": 0, "input_count": 0}
        if self.status == "failed":
            chat["failed_at"] = self.ended_at
        if self.status == "requires_action":
            chat["required_action"] = {"type": "submit_tool_outputs", "submit_tool_outputs": self._tool_calls()}
        return chat

    def describe_in_full(self, dialect: Dialect) -> dict[str, object]:
        """Return the JSON of the chat in replies to retrieve, with the caller's meta_data."""
        inserted = (
            {"inserted_additional_messages": [{"id": message_id} for message_id in self.inserted]}
            if self.inserted
            else {}
        )
        return {**self.describe(dialect), "meta_data": self.meta_data, **inserted}

    @property
    def open_calls(self) -> list[dict[str, str]]:
        return [call for call in self.calls if "output" not in call]

    def _tool_calls(self) -> dict[str, object]:
        return {"tool_calls": [_tool_call(call) for call in self.open_calls]}


def _tool_call(call: dict[str, str]) -> dict[str, object]:
    head: dict[str, object] = {"id": call["id"], "type": call["type"]}
    function = {"name": call.get("name"), "arguments": call.get("arguments")}
    return {**head, "function": function} if call["type"] == "function" else head
