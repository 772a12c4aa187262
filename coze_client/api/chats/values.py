"""A chat: its state, what it waits for, what it costs, what it came to.

API pages: chat v3, retrieve_chat, chat_submit_tool_outputs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from pydantic import AliasChoices, Field, field_validator, model_validator

from coze_client.api.conversations.values import Message
from coze_client.core.model import Model

REQUIRES_ACTION = frozenset({"requires_action", "required_action"})
CANCELED = frozenset({"canceled", "cancelled", "conversation.chat.cancelled"})
COMPLETED = frozenset({"completed", "compleated"})
FAILED = frozenset({"failed", "expired", "deleted"})
TERMINAL = REQUIRES_ACTION | CANCELED | COMPLETED | FAILED
"""Every spelling of a status after which a chat says no more by itself."""

PublishStatus = Literal["published_online", "unpublished_draft"]


class TokenDetails(Model):
    """Parts of a token count."""

    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class Usage(Model):
    """Tokens of a chat; both spellings that Coze uses are read. ``token_count`` is the total."""

    token_count: int | None = None
    output_count: int | None = Field(default=None, validation_alias=AliasChoices("output_count", "output_tokens"))
    input_count: int | None = Field(default=None, validation_alias=AliasChoices("input_count", "input_tokens"))
    input_tokens_details: TokenDetails | None = None
    output_tokens_details: TokenDetails | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: object) -> object:
        # a null of one spelling must not hide the number of the other
        return {name: count for name, count in given.items() if count is not None} if isinstance(given, dict) else given

    @property
    def known(self) -> bool:
        """False for the empty or zero objects that Coze sends before it knows."""
        return bool(self.token_count or self.output_count or self.input_count)


class LastError(Model):
    """Why a chat failed; code 0 or ``None`` on healthy chats."""

    code: int | str | None = None
    msg: str = ""


class FunctionCall(Model):
    """A plugin and its arguments, as JSON text."""

    name: str = ""
    arguments: str = ""


class ToolCall(Model):
    """What a chat waits for: ``type`` function (run this) or reply_message (a workflow's question to the user)."""

    id: str = ""
    type: str = ""
    function: FunctionCall | None = None


class SubmitToolOutputs(Model):
    tool_calls: tuple[ToolCall, ...] = ()


class RequiredAction(Model):
    type: str = ""
    submit_tool_outputs: SubmitToolOutputs | None = None


class Chat(Model):
    """One run of a bot.

    ``status``: created, in_progress, completed, failed, requires_action, canceled, or what the server sends. Times are
    unix seconds (``completed_at`` is set long before a chat is complete). ``usage`` is final once it is completed.
    """

    id: str = ""
    conversation_id: str = ""
    bot_id: str = ""
    section_id: str = ""
    status: str = ""
    created_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    meta_data: dict[str, str] | None = None
    last_error: LastError | None = None
    required_action: RequiredAction | None = None
    usage: Usage | None = None

    @property
    def is_terminal(self) -> bool:
        """True if the chat says no more by itself."""
        return self.status in TERMINAL

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """What the chat waits for; empty unless its status says so (blank actions stand in healthy chats)."""
        action = self.required_action
        if self.status not in REQUIRES_ACTION or action is None or action.submit_tool_outputs is None:
            return ()
        return action.submit_tool_outputs.tool_calls


class ToolOutput(Model):
    """What a tool call came to; anything but text is sent as JSON text."""

    tool_call_id: str
    output: str

    @field_validator("output", mode="before")
    @classmethod
    def _as_text(cls, given: object) -> str:
        return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


ToolOutputLike = ToolOutput | Mapping[str, object]


class ChatResult(NamedTuple):
    """A chat that ended, and its messages (without the question; empty unless it was completed or waits for tools)."""

    chat: Chat
    messages: tuple[Message, ...]

    @property
    def text(self) -> str:
        """The bot's answer: the text of its answer messages, one after the other."""
        return join_answers(self.messages)


def is_answer(message: Message) -> bool:
    """True for what the bot says to the user, in words."""
    return message.type == "answer" and message.content_type in ("text", "")


def join_answers(messages: Iterable[Message]) -> str:
    """How several answers of one chat join to one text: one after the other, in order of first appearance."""
    return "".join(message.content for message in messages if is_answer(message))
