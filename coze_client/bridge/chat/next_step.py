"""The one request by which Coze continues a dialogue: a question in a new chat, or outputs for a waiting one; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict, cast

from typing_extensions import NotRequired

from coze_client.api.chats.resource import Chats
from coze_client.api.chats.values import PublishStatus, ToolOutput
from coze_client.bridge.chat.dialogue import NOBODY, DialogueMessage, Speaker, convert_to_drafts, count_remembered
from coze_client.bridge.chat.drafts import Draft
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.chats.stream import AsyncChatStream, ChatStream
    from coze_client.api.conversations.values import Message
    from coze_client.core.stream import Events

_MAX_MESSAGES = 100


class ChatOptions(TypedDict):
    """Arguments of ``chats.stream`` besides messages and conversation; see there for their meaning."""

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
    accept_new_conversation: NotRequired[bool]


CHAT_OPTIONS = frozenset(ChatOptions.__annotations__)


@dataclass(frozen=True)
class UserQuestion:
    """A chat to start; `instructions` are the system messages that were not joined to a question.

    `known_chat_id`: the chat of the last answer before the drafts, if one of these is unanswered.
    """

    conversation_id: str | None
    drafts: tuple[Draft, ...]
    instructions: str = ""
    known_chat_id: str = ""

    def events(self, messages: Sequence[Message], options: ChatOptions) -> Events[ChatStream, AsyncChatStream]:
        """The stream of the answer; `messages` are the drafts after their upload."""
        return Chats.stream(**options, conversation_id=self.conversation_id, additional_messages=messages)

    def with_prompt(self, prompt: str) -> UserQuestion:
        """The chat with `prompt` after the text of its last question; "" adds nothing."""
        *before, last = self.drafts
        text = "\n\n".join(filter(None, [last.text, prompt]))
        return replace(self, drafts=(*before, replace(last, text=text))) if prompt else self


@dataclass(frozen=True)
class SubmitOutputs:
    """The outputs of the tool calls that a chat waits for."""

    conversation_id: str
    chat_id: str
    outputs: tuple[ToolOutput, ...]
    known_message_ids: frozenset[str] = frozenset()
    drafts: tuple[Draft, ...] = ()
    instructions: str = ""
    known_chat_id: str = ""

    def events(self, messages: Sequence[Message], options: ChatOptions) -> Events[ChatStream, AsyncChatStream]:
        """The stream in which the same chat continues."""
        return Chats.stream_tool_outputs(
            conversation_id=self.conversation_id,
            chat_id=self.chat_id,
            tool_outputs=self.outputs,
            known_message_ids=self.known_message_ids,
            cancel_on_close=options.get("cancel_on_close", True),
        )


def next_step(
    messages: Sequence[DialogueMessage],
    *,
    conversation_id: str | None = None,
    join_instructions: bool = True,
    trim: bool = False,
    speaker: Speaker = NOBODY,
    continue_question: str | None = None,
    submits: bool = True,
) -> UserQuestion | SubmitOutputs:
    """Plan the request that continues the dialogue.

    Tool outputs that directly follow the calls of a waiting chat of the same `speaker` are submitted to that chat.
    Otherwise a new chat starts, and earlier calls and outputs become text. With a conversation, it gets the messages
    after the last answer that the conversation contains. Without one, it gets all messages, unless the last answer
    waits for a reply to this speaker: then it continues in that answer's conversation. If the dialogue ends with an
    answer, `continue_question` is asked after it. `submits`: False if no chat takes outputs; they become text, too.

    System messages are joined to the first question, or returned apart as ``instructions``. Raises ConfigurationError
    if there is no question, if outputs are missing, and for more than 100 messages; with `trim`, the last 100 are sent.
    """
    waiting = _find_waiting_calls(messages, speaker) if submits else None
    if waiting is not None:
        return _submit_outputs(messages, waiting)
    conversation_id = conversation_id or _conversation_awaiting_reply(messages, speaker)
    remembered = count_remembered(messages, conversation_id)
    new = messages[remembered:]
    systems = [message for message in (new if join_instructions else messages) if message.role == "system"]
    instructions = "\n\n".join(message.text for message in systems if message.text)
    drafts = _convert_all_to_drafts(new, mark_unanswered=conversation_id is not None)
    origin = messages[remembered - 1].origin if remembered and any(draft.unanswered for draft in drafts) else None
    known_chat_id = origin.chat_id if origin else ""
    if not drafts and join_instructions and instructions:
        drafts, instructions = [Draft("user", instructions)], ""
    if continue_question and _ends_with_answer(messages):
        drafts.append(Draft("user", continue_question))
    _check_question(drafts, conversation_id)
    if len(drafts) > _MAX_MESSAGES and not trim:
        raise ConfigurationError(
            f"Coze takes at most {_MAX_MESSAGES} messages with a chat (4004), not {len(drafts)}",
            cure="Send fewer, pass trim=True to send the last ones, or let Coze store the history: conversation_id=…",
        )
    drafts = drafts[-_MAX_MESSAGES:]
    if join_instructions and instructions:
        drafts, instructions = _join_instructions(drafts, instructions), ""
    return UserQuestion(conversation_id, tuple(drafts), instructions, known_chat_id)


def _join_instructions(drafts: list[Draft], instructions: str) -> list[Draft]:
    first = next(index for index, draft in enumerate(drafts) if draft.role == "user")
    joined = replace(drafts[first], instructions=instructions)
    return [*drafts[:first], joined, *drafts[first + 1 :]]


def _find_waiting_calls(messages: Sequence[DialogueMessage], speaker: Speaker) -> int | None:
    """The index of the assistant message whose chat waits for the tool messages at the end, if it is the speaker's."""
    index = len(messages) - 1
    while index >= 0 and messages[index].role == "tool":
        index -= 1
    message = messages[index] if 0 <= index < len(messages) - 1 else None
    origin = message.origin if message is not None and message.calls else None
    return index if origin is not None and origin.waits and origin.speaker.may_be(speaker) else None


def _submit_outputs(messages: Sequence[DialogueMessage], index: int) -> SubmitOutputs:
    calls, origin = {call.id: call for call in messages[index].calls}, messages[index].origin
    outputs = {message.call_id: message.text for message in messages[index + 1 :]}
    missing = [f"{call.name} ({call.id})" for call in calls.values() if call.id not in outputs]
    unknown = [call_id for call_id in outputs if call_id not in calls]
    if missing or unknown or origin is None:
        problems = [f"no output of {', '.join(missing)}"] if missing else []
        problems += [f"an output for {', '.join(unknown)}, which it did not call"] if unknown else []
        raise ConfigurationError(
            f"The chat waits for the outputs of its tool calls, but there is {' and '.join(problems)}",
            cure="Submit the outputs of all calls of an answer at once",
        )
    if not origin.saved:
        raise ConfigurationError(
            "The chat waits for tool outputs, but it was not saved, so it cannot continue (5000)",
            cure="Leave auto_save_history=True for bots that have client plugins",
        )
    same_chat = [each.origin for each in messages if each.origin is not None and each.origin.chat_id == origin.chat_id]
    return SubmitOutputs(
        origin.conversation_id,
        origin.chat_id,
        tuple(ToolOutput(tool_call_id=call_id, output=text) for call_id, text in outputs.items()),
        frozenset(message_id for each in same_chat for message_id in each.message_ids),
    )


def _conversation_awaiting_reply(messages: Sequence[DialogueMessage], speaker: Speaker) -> str | None:
    """The conversation of the last answer, if a workflow of the speaker asked the user something in it."""
    last = next((message for message in reversed(messages) if message.role == "assistant"), None)
    origin = last.origin if last is not None and not last.calls else None
    if origin is None or not (origin.waits and origin.remembered and origin.speaker.may_be(speaker)):
        return None
    return origin.conversation_id


def _convert_all_to_drafts(messages: Sequence[DialogueMessage], *, mark_unanswered: bool) -> list[Draft]:
    """Convert all but the system messages; a question is unanswered if another question follows."""
    told = [message for message in messages if message.role != "system"]
    drafts: list[Draft] = []
    for message, following in zip(told, [*told[1:], None], strict=False):
        unanswered = mark_unanswered and message.role == "user" and following is not None and following.role == "user"
        drafts += [replace(draft, unanswered=unanswered) for draft in convert_to_drafts(message)]
    return drafts


def _ends_with_answer(messages: Sequence[DialogueMessage]) -> bool:
    """True if the last message is an answer of an assistant that waits for nothing."""
    last = messages[-1] if messages else None
    if last is None or last.role != "assistant" or last.calls:
        return False
    return last.origin is None or not last.origin.waits


def _check_question(drafts: Sequence[Draft], conversation_id: str | None) -> None:
    if not drafts:
        known = f": conversation {conversation_id} already contains all messages" if conversation_id else ""
        raise ConfigurationError(
            f"There is no question to send{known}", cure="The last message must be the user's, and not empty"
        )
    if drafts[-1].role != "user":
        raise ConfigurationError(
            "The last message must be the user's: there is no question to answer",
            cure="Add a question, or answer the tool calls or the question of the last message",
        )


def convert_to_options(given: Mapping[str, object]) -> ChatOptions:
    """Convert keyword arguments to the options of a chat, without those that are ``None``.

    Raises TypeError for unknown names.
    """
    if unknown := sorted(given.keys() - CHAT_OPTIONS):
        raise TypeError(
            f"A Coze chat takes no {', '.join(map(repr, unknown))}; it takes {', '.join(sorted(CHAT_OPTIONS))}"
        )
    return cast("ChatOptions", {name: value for name, value in given.items() if value is not None})
