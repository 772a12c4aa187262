"""Values of the chat API: a chat with its status, tool calls and token usage, tool outputs, and a result.

API pages: chat_v3, retrieve_chat, chat_submit_tool_outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import AliasChoices, Field, field_validator, model_validator

from coze_client.api.conversations.values import Message
from coze_client.core.json_text import dump_json
from coze_client.core.model import Model
from coze_client.core.response import Payload

REQUIRES_ACTION = frozenset({"requires_action", "required_action"})
CANCELED = frozenset({"canceled", "cancelled", "conversation.chat.cancelled"})
COMPLETED = frozenset({"completed", "compleated"})
FAILED = frozenset({"failed", "expired", "deleted"})
TERMINAL = REQUIRES_ACTION | CANCELED | COMPLETED | FAILED
"""Every spelling of a status in which a chat sends nothing more unless a caller acts."""

_COUNTS = (("token_count",), ("input_count", "input_tokens"), ("output_count", "output_tokens"))

PublishStatus = Literal["published_online", "unpublished_draft"]


class TokenDetails(Model):
    """How many tokens of a count came from the cache or went into reasoning."""

    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class Usage(Model):
    """Token usage of a chat; ``token_count`` is the total.

    Coze spells the other two ``…_count`` or ``…_tokens``; both are accepted. A total that is not their sum is replaced
    by the sum: a chatflow of coze-studio counts the output twice.
    """

    token_count: int | None = None
    output_count: int | None = Field(default=None, validation_alias=AliasChoices("output_count", "output_tokens"))
    input_count: int | None = Field(default=None, validation_alias=AliasChoices("input_count", "input_tokens"))
    input_tokens_details: TokenDetails | None = None
    output_tokens_details: TokenDetails | None = None

    @model_validator(mode="before")
    @classmethod
    def _mended(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        # a null in one spelling must not hide the number in the other
        counts = {str(name): count for name, count in given.items() if count is not None}
        total, read, written = (_number(counts, *names) for names in _COUNTS)
        if None in (total, read, written) or total == (read or 0) + (written or 0):
            return counts
        return {**counts, "token_count": (read or 0) + (written or 0)}

    @property
    def known(self) -> bool:
        """False for the empty or zero usage that Coze sends before the final count."""
        return bool(self.token_count or self.output_count or self.input_count)


class LastError(Model):
    """Why a chat failed; ``code`` is 0 or ``None`` if it did not fail."""

    code: int | str | None = None
    msg: str = ""


class FunctionCall(Model):
    """The function of a tool call: its name, and its arguments as JSON text."""

    name: str = ""
    arguments: str = ""


class ToolCall(Model):
    """A call that a chat waits for.

    ``type``: function (run it and submit its output) or reply_message (a workflow asks the user).
    """

    id: str = ""
    type: str = ""
    function: FunctionCall | None = None


class SubmitToolOutputs(Model):
    """The tool calls whose outputs must be submitted, all together."""

    tool_calls: tuple[ToolCall, ...] = ()


class RequiredAction(Model):
    """What a chat with status requires_action needs; healthy chats may hold a blank one."""

    type: str = ""
    submit_tool_outputs: SubmitToolOutputs | None = None


class Chat(Model):
    """One run of a bot in a conversation.

    ``status``: created, in_progress, completed, failed, requires_action, canceled, or another text that the server
    sends. Times are unix seconds; Coze sets ``completed_at`` long before the chat is complete. ``usage`` is final when
    the status is completed.
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
        """True if the chat ended, or waits for tool outputs."""
        return self.status in TERMINAL

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls that the chat waits for; empty unless its status is requires_action."""
        action = self.required_action
        if self.status not in REQUIRES_ACTION or action is None or action.submit_tool_outputs is None:
            return ()
        return action.submit_tool_outputs.tool_calls


read_started = Payload(Chat, needed="id")
"""Reads the response to the start of a chat; a chat without id could not be followed."""


class ToolOutput(Model):
    """The output of one tool call; a value that is not text is converted to JSON text."""

    tool_call_id: str
    output: str

    @field_validator("output", mode="before")
    @classmethod
    def _as_text(cls, given: object) -> str:
        return given if isinstance(given, str) else dump_json(given)


ToolOutputLike = ToolOutput | Mapping[str, object]


class ChatResult(NamedTuple):
    """A chat that ended or waits for tool outputs, with its messages.

    ``messages`` omits the question; it is empty for a failed or cancelled chat.
    """

    chat: Chat
    messages: tuple[Message, ...]

    @property
    def text(self) -> str:
        """The bot's answer: the text of all answer messages, joined."""
        return join_answers(self.messages)


def find_usage(messages: Sequence[Message]) -> Usage | None:
    """The token usage in the meta data of the last answer, where coze-studio tells it; ``None`` if there is none."""
    for message in reversed(messages):
        counts = message.meta_data or {}
        if message.type == "answer" and "token" in counts:
            input_count, output_count = _number(counts, "input_tokens"), _number(counts, "output_tokens")
            return Usage(token_count=_number(counts, "token"), input_count=input_count, output_count=output_count)
    return None


def _number(counts: Mapping[str, object], *names: str) -> int | None:
    """The first of these counts that is there; ``None`` if it is no number."""
    found = next((counts[name] for name in names if name in counts), None)
    text = str(found)
    return int(text) if not isinstance(found, bool) and text.isascii() and text.isdecimal() and len(text) < 19 else None


def is_answer(message: Message) -> bool:
    """True for an answer message that is text, not a card or audio."""
    return message.type == "answer" and message.content_type in ("text", "")


def join_answers(messages: Iterable[Message]) -> str:
    """The text of all answer messages, joined in the given order without separators."""
    return "".join(message.content for message in messages if is_answer(message))
