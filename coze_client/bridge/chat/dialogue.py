"""A dialogue as frameworks keep it, and the one call by which Coze carries it on; pure.

A framework hands over the whole dialogue each time, Coze keeps conversations of its own. What has to be sent follows
from where the earlier answers came from, which they tell in their metadata; no adapter remembers anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from typing_extensions import NotRequired

from coze_client.api.chats.resource import Chats
from coze_client.api.chats.values import CANCELED, REQUIRES_ACTION, PublishStatus, ToolOutput
from coze_client.api.files.attachments import Attachment
from coze_client.bridge.chat.drafts import Draft
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.chats.stream import AsyncChatStream, ChatStream
    from coze_client.api.conversations.values import Message
    from coze_client.core.stream import Events

_MOST_MESSAGES = 100


class ChatOptions(TypedDict):
    """What a chat call takes besides its messages and its conversation; meanings as in ``chats.stream``."""

    bot_id: str
    user_id: str
    custom_variables: NotRequired[Mapping[str, str] | None]
    auto_save_history: NotRequired[bool]
    meta_data: NotRequired[Mapping[str, str] | None]
    extra_params: NotRequired[Mapping[str, str] | None]
    parameters: NotRequired[Mapping[str, object] | str | None]
    shortcut_command: NotRequired[Mapping[str, object] | None]
    enable_card: NotRequired[bool | None]
    publish_status: NotRequired[PublishStatus | None]
    bot_version: NotRequired[str | None]
    connector_id: NotRequired[str | None]
    cancel_on_close: NotRequired[bool]


CHAT_OPTIONS = frozenset(ChatOptions.__annotations__)


@dataclass(frozen=True)
class Origin:
    """The chat that an answer came from, as its metadata tells."""

    chat_id: str
    conversation_id: str
    status: str = "completed"
    saved: bool = True
    message_ids: tuple[str, ...] = ()

    @classmethod
    def read(cls, metadata: Mapping[str, object]) -> Origin | None:
        """From an answer's metadata; ``None`` if it is no answer of Coze."""
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
        )

    @property
    def remembered(self) -> bool:
        """True if the conversation holds what was said up to this answer."""
        return self.saved and self.status not in CANCELED

    @property
    def waits(self) -> bool:
        """True if the chat stopped for tool outputs or a reply of the user."""
        return self.status in REQUIRES_ACTION


@dataclass(frozen=True)
class PriorToolCall:
    """A tool call that an assistant's line made."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class DialogueMessage:
    """One message of a dialogue, in no framework's words.

    `origin` and `calls` are an assistant's; `call_id` says which call a tool's line answers, `name` of which tool.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    origin: Origin | None = None
    calls: tuple[PriorToolCall, ...] = ()
    call_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class UserQuestion:
    """A chat to start; `instructions` are the system's words that were not joined to a question."""

    conversation_id: str | None
    drafts: tuple[Draft, ...]
    instructions: str = ""

    def ask(self, messages: Sequence[Message], options: ChatOptions) -> Events[ChatStream, AsyncChatStream]:
        """The stream that answers; `messages` are the drafts after their upload."""
        return Chats.stream(**options, conversation_id=self.conversation_id, additional_messages=messages)


@dataclass(frozen=True)
class SubmitOutputs:
    """What a waiting chat asked for: the outputs of its tool calls."""

    conversation_id: str
    chat_id: str
    outputs: tuple[ToolOutput, ...]
    known_message_ids: frozenset[str] = frozenset()
    drafts: tuple[Draft, ...] = ()
    instructions: str = ""

    def ask(self, messages: Sequence[Message], options: ChatOptions) -> Events[ChatStream, AsyncChatStream]:
        """The stream in which the same chat goes on."""
        return Chats.stream_tool_outputs(
            conversation_id=self.conversation_id,
            chat_id=self.chat_id,
            tool_outputs=self.outputs,
            known_message_ids=self.known_message_ids,
            cancel_on_close=options.get("cancel_on_close", True),
        )


def next_step(
    lines: Sequence[DialogueMessage],
    *,
    conversation_id: str | None = None,
    join_instructions: bool = True,
    trim: bool = False,
) -> UserQuestion | SubmitOutputs:
    """What carries the dialogue on.

    Outputs that directly follow a waiting chat's calls go to that chat. Else it is a question: with a conversation,
    what follows the last answer that it remembers; without one, everything, unless the last answer waits for a reply,
    which goes on in its conversation. System lines are joined to the first question, or kept apart as ``instructions``.
    Raises ConfigurationError if there is nothing to ask, if outputs are missing, and for more than 100 messages, of
    which `trim` sends the last 100.
    """
    waiting = _waiting_calls(lines)
    if waiting is not None:
        return _outputs(lines, waiting)
    conversation_id = conversation_id or _awaiting_reply(lines)
    new = lines[_remembered(lines, conversation_id) :]
    told = lines if not join_instructions else new
    instructions = "\n\n".join(line.text for line in told if line.role == "system" and line.text)
    drafts = [draft for line in new if line.role != "system" for draft in _drafts(line)]
    if not drafts and join_instructions and instructions:
        drafts, instructions = [Draft("user", instructions)], ""
    _check(drafts, conversation_id)
    if len(drafts) > _MOST_MESSAGES and not trim:
        raise ConfigurationError(
            f"Coze takes at most {_MOST_MESSAGES} messages with a chat (4004), and these are {len(drafts)}",
            cure="Send fewer, pass trim=True to send the last ones, or let Coze keep the history: conversation_id=…",
        )
    drafts = drafts[-_MOST_MESSAGES:]
    if join_instructions and instructions:
        return UserQuestion(conversation_id, tuple(_instructed(drafts, instructions)))
    return UserQuestion(conversation_id, tuple(drafts), instructions)


def instructed(instructions: str, question: str) -> str:
    """A question under the instructions that a system message gave: Coze has no role for them."""
    return f"Instructions:\n{instructions}\n\nQuestion:\n{question}"


def _instructed(drafts: list[Draft], instructions: str) -> list[Draft]:
    first = next(place for place, draft in enumerate(drafts) if draft.role == "user")
    joined = replace(drafts[first], text=instructed(instructions, drafts[first].text))
    return [*drafts[:first], joined, *drafts[first + 1 :]]


def _waiting_calls(lines: Sequence[DialogueMessage]) -> int | None:
    """The place of the assistant's line whose chat waits for the tool lines at the end; ``None`` if there is none."""
    place = len(lines) - 1
    while place >= 0 and lines[place].role == "tool":
        place -= 1
    line = lines[place] if 0 <= place < len(lines) - 1 else None
    waits = line is not None and line.origin is not None and line.origin.waits and line.calls
    return place if waits else None


def _outputs(lines: Sequence[DialogueMessage], place: int) -> SubmitOutputs:
    asked, origin = {call.id: call for call in lines[place].calls}, lines[place].origin
    answered = {line.call_id: line.text for line in lines[place + 1 :]}
    missing = [f"{call.name} ({call.id})" for call in asked.values() if call.id not in answered]
    unasked = [call_id for call_id in answered if call_id not in asked]
    if missing or unasked or origin is None:
        told = [f"no output of {', '.join(missing)}"] if missing else []
        told += [f"an output for {', '.join(unasked)}, which it did not ask for"] if unasked else []
        raise ConfigurationError(
            f"The chat waits for its tool calls, and there is {' and '.join(told)}",
            cure="Coze takes the outputs of all calls of an answer at once",
        )
    if not origin.saved:
        raise ConfigurationError(
            "The chat waits for tool outputs, but was not saved, so it cannot be gone on with (5000)",
            cure="Leave auto_save_history=True with bots that have client plugins",
        )
    same = [line.origin for line in lines if line.origin is not None and line.origin.chat_id == origin.chat_id]
    return SubmitOutputs(
        origin.conversation_id,
        origin.chat_id,
        tuple(ToolOutput(tool_call_id=call_id, output=text) for call_id, text in answered.items()),
        frozenset(message_id for each in same for message_id in each.message_ids),
    )


def _awaiting_reply(lines: Sequence[DialogueMessage]) -> str | None:
    """The conversation of the last answer, if a workflow asked the user something in it."""
    last = next((line for line in reversed(lines) if line.role == "assistant"), None)
    if last is None or last.origin is None or last.calls or not (last.origin.waits and last.origin.remembered):
        return None
    return last.origin.conversation_id


def _remembered(lines: Sequence[DialogueMessage], conversation_id: str | None) -> int:
    """How many lines the conversation holds already."""
    for place in range(len(lines) - 1, -1, -1):
        origin = lines[place].origin
        if origin and conversation_id and origin.conversation_id == conversation_id and origin.remembered:
            return place + 1
    return 0


def _drafts(line: DialogueMessage) -> list[Draft]:
    """A line as it is sent; calls and outputs of other chats become words, since saved chats take no others."""
    if line.role == "tool":
        return [Draft("user", f"Result of {line.name or 'the tool'}:\n{line.text}")]
    if line.role == "user":
        return [Draft("user", line.text, line.attachments)] if line.text or line.attachments else []
    calls = [f"[called {call.name}({json.dumps(call.arguments, ensure_ascii=False)})]" for call in line.calls]
    text = "\n".join(filter(None, [line.text, *calls]))
    return [Draft("assistant", text)] if text else []


def _check(drafts: Sequence[Draft], conversation_id: str | None) -> None:
    if not drafts:
        already = f" that conversation {conversation_id} does not hold already" if conversation_id else ""
        raise ConfigurationError(
            f"There is no question to send{already}", cure="The last message must be the user's, and not empty"
        )
    if drafts[-1].role != "user":
        raise ConfigurationError("The last message must be the user's: there is nothing to answer")


def convert_to_options(given: Mapping[str, object]) -> ChatOptions:
    """Keyword arguments as the options of a chat, without those that are ``None``; unknown names raise TypeError."""
    if unknown := sorted(given.keys() - CHAT_OPTIONS):
        raise TypeError(
            f"A Coze chat takes no {', '.join(map(repr, unknown))}; it takes {', '.join(sorted(CHAT_OPTIONS))}"
        )
    return cast("ChatOptions", {name: value for name, value in given.items() if value is not None})
