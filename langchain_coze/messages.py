"""Convert LangChain's messages to a dialogue; pure. Messages of other providers are converted, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from coze_client.api.files.attachments import Attachment
from coze_client.bridge.chat.dialogue import DialogueMessage, Origin, PriorToolCall
from coze_client.errors import ConfigurationError
from langchain_coze.attachments import Block, convert_blocks

_ROLES = {"user": "user", "human": "user", "assistant": "assistant", "ai": "assistant", "system": "system"}


def convert_to_dialogue(messages: Sequence[BaseMessage]) -> list[DialogueMessage]:
    """Convert all messages; raises ConfigurationError for a message whose role Coze does not have."""
    names = {call["id"]: call["name"] for call in _calls(messages)}
    return [_convert_message(message, names) for message in messages]


def _calls(messages: Iterable[BaseMessage]) -> Iterable[Mapping[str, object]]:
    for message in messages:
        if isinstance(message, AIMessage):
            yield from cast("list[Mapping[str, object]]", message.tool_calls)


def _convert_message(message: BaseMessage, names: Mapping[object, object]) -> DialogueMessage:
    if isinstance(message, AIMessage):
        return _convert_answer(message)
    if isinstance(message, ToolMessage):
        name = message.name or str(names.get(message.tool_call_id) or "")
        return DialogueMessage("tool", _output(message), call_id=message.tool_call_id, name=name)
    if isinstance(message, FunctionMessage):
        return DialogueMessage("tool", _output(message), name=message.name)
    if isinstance(message, SystemMessage):
        return _convert_instructions(message)
    role = _ROLES.get(message.role) if isinstance(message, ChatMessage) else None
    if role == "system":
        return _convert_instructions(message)
    if role == "assistant":
        return DialogueMessage("assistant", str(message.text))
    if role == "user" or isinstance(message, HumanMessage):
        return _convert_question(message)
    raise ConfigurationError(f"Coze has no role for a message of type {message.type}")


def _convert_instructions(message: BaseMessage) -> DialogueMessage:
    text, attachments = _read(message)
    if attachments:
        raise ConfigurationError(
            f"A system message has content of type {attachments[0].kind}, but Coze takes only text there",
            cure="Put it into a message of the user",
        )
    return DialogueMessage("system", text)


def _convert_question(message: BaseMessage) -> DialogueMessage:
    return DialogueMessage("user", *_read(message))


def _read(message: BaseMessage) -> tuple[str, tuple[Attachment, ...]]:
    if isinstance(message.content, str):
        return message.content, ()
    return convert_blocks(cast("list[Block]", message.content_blocks))


def _convert_answer(message: AIMessage) -> DialogueMessage:
    calls = tuple(PriorToolCall(str(call["id"]), call["name"], call["args"]) for call in message.tool_calls)
    origin = Origin.read(message.response_metadata) if message.response_metadata else None
    return DialogueMessage("assistant", str(message.text), origin=origin, calls=calls)


def _output(message: BaseMessage) -> str:
    """The output of a tool as one text, as Coze takes it; of media, only the type in brackets."""
    if isinstance(message.content, str):
        return message.content
    blocks = [block if isinstance(block, dict) else {"type": "text", "text": block} for block in message.content]
    return "\n".join(str(block["text"]) if "text" in block else f"[{block.get('type')}]" for block in blocks)
