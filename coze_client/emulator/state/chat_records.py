"""The stored records of conversations, messages and chats, and their JSON in replies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from coze_client.emulator.protocol.dialect import Dialect
from coze_client.emulator.protocol.request import Caller

RUNNING = frozenset({"created", "in_progress"})


@dataclass(frozen=True)
class StoredConversation:
    """A conversation; `section_id` is its current context window.

    `session` is the end user of a service app who owns it, `user_id` what a studio's caller gave. `app_id` is the app
    or bot whose chatflows find it by name. `deleted`: it only left the list. Times are Unix seconds.
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
    user_id: str = ""
    app_id: str = ""
    deleted: bool = False

    @property
    def owner(self) -> str:
        return self.account

    def belongs_to(self, caller: Caller) -> bool:
        return (self.account, self.session) == (caller.account, caller.session)

    def describe(self, dialect: Dialect, call: str) -> dict[str, object]:
        """Return the JSON of the conversation in the reply to a call: create, list, retrieve or update."""
        if dialect.conversation_fields is not None:
            return {
                name: value for name, value in self._fields(call).items() if name in dialect.conversation_fields[call]
            }
        return {
            "id": self.id,
            "name": self.name or None,
            "meta_data": self.meta_data,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "creator_id": self.account,
            "connector_id": self.connector_id,
            "last_section_id": self.section_id,
        }

    def _fields(self, call: str) -> dict[str, object]:
        """Return all fields that the studio has for a conversation, as it spells them."""
        return {
            "id": self.id,
            "created_at": self.created_at,
            "meta_data": (self.meta_data or None) if call != "update" else None,
            "creator_d": self.account,
            "connector_id": self.connector_id,
            "last_section_id": self.section_id,
            "name": self.name,
            "user_id": self.user_id,
        }


@dataclass(frozen=True)
class StoredMessage:
    """A message; `type` is "" if the API created it; `chat_id` is "" unless it belongs to a chat.

    `stored_at` is the millisecond of its row in a studio's table.
    """

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
    stored_at: int = 0

    @property
    def owner(self) -> str:
        return self.conversation_id

    def delta(
        self, dialect: Dialect, content: str = "", reasoning: str = "", content_type: str = "text"
    ) -> dict[str, object]:
        """Return the JSON of a delta of this message; the cloud's deltas have no times."""
        if dialect.full_deltas:
            piece: dict[str, object] = {"content": content, "content_type": content_type}
            return {**self.describe(dialect), **piece, "reasoning_content": reasoning}
        piece = {**self._head(), "content": content, "content_type": content_type}
        return {**piece, "reasoning_content": reasoning} if reasoning else piece

    def describe(self, dialect: Dialect, *, in_chat: bool = True) -> dict[str, object]:
        """Return the JSON of the message in its chat, or in the list of its conversation."""
        if dialect.full_deltas:
            return self._describe_fully(in_chat=in_chat)
        whole = {
            **self._head(),
            "content": self.content,
            "content_type": self.content_type,
            "meta_data": self.meta_data,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        return {**whole, "reasoning_content": self.reasoning_content} if self.reasoning_content else whole

    def _describe_fully(self, *, in_chat: bool) -> dict[str, object]:
        described: dict[str, object] = {
            **self._head(),
            "content": self.content,
            "content_type": self.content_type,
            "created_at": self.created_at,
            "reasoning_content": self.reasoning_content,
        }
        if not in_chat:
            return {**described, "meta_data": self.meta_data, "updated_at": self.updated_at}
        return {**described, "meta_data": self.meta_data} if self.meta_data else described

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
        """Return the JSON of the chat in events; the cloud sets completed_at from the start, long before completion."""
        if not dialect.sends_empty_fields:
            return self._describe_sparsely()
        chat: dict[str, object] = {
            "id": self.id,
            "conversation_id": self.conversation_id,
            "bot_id": self.bot_id,
            "section_id": self.section_id,
            "created_at": self.created_at,
            "completed_at": self.ended_at or self.created_at,
            "status": self.status,
            "last_error": {"code": self.error_code, "msg": self.error_msg},
            "usage": self.usage or {"token_count": 0, "output_count": 0, "input_count": 0},
        }
        if self.status == "failed":
            chat["failed_at"] = self.ended_at
        if self.status == "requires_action":
            chat["required_action"] = {"type": "submit_tool_outputs", "submit_tool_outputs": self._tool_calls()}
        return chat

    def describe_in_full(self, dialect: Dialect) -> dict[str, object]:
        """Return the JSON of the chat in replies to retrieve; the cloud's has the caller's meta_data."""
        if not dialect.echoes_meta_data:
            return {**self._describe_sparsely(), "usage": self.usage} if self.usage else self._describe_sparsely()
        inserted = (
            {"inserted_additional_messages": [{"id": message_id} for message_id in self.inserted]}
            if self.inserted
            else {}
        )
        return {**self.describe(dialect), "meta_data": self.meta_data, **inserted}

    def _describe_sparsely(self) -> dict[str, object]:
        return {
            "id": self.id,
            "conversation_id": self.conversation_id,
            "bot_id": self.bot_id,
            "created_at": self.created_at,
            "completed_at": self.ended_at if self.status == "completed" else 0,
            "failed_at": self.ended_at if self.status == "failed" else 0,
            "status": self.status,
            "section_id": self.section_id,
        }

    @property
    def open_calls(self) -> list[dict[str, str]]:
        return [call for call in self.calls if "output" not in call]

    def _tool_calls(self) -> dict[str, object]:
        return {"tool_calls": [_tool_call(call) for call in self.open_calls]}


def _tool_call(call: dict[str, str]) -> dict[str, object]:
    head: dict[str, object] = {"id": call["id"], "type": call["type"]}
    function = {"name": call.get("name"), "arguments": call.get("arguments")}
    return {**head, "function": function} if call["type"] == "function" else head
