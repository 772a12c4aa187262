"""Converts LlamaIndex messages to dialogue messages; sends no request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import IOBase
from typing import Literal

from llama_index.core.base.llms.types import (
    AudioBlock,
    CachePoint,
    CitableBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.llms import ChatMessage

from coze_client.api.files.attachments import Attachment, Medium
from coze_client.bridge.chat.answer_parts import convert_to_arguments
from coze_client.bridge.chat.dialogue import DialogueMessage, Origin, PriorToolCall
from coze_client.core.media import extension_of
from coze_client.errors import ConfigurationError

_ROLES: Mapping[MessageRole, Literal["system", "user", "assistant", "tool"]] = {
    MessageRole.SYSTEM: "system",
    MessageRole.DEVELOPER: "system",
    MessageRole.USER: "user",
    MessageRole.ASSISTANT: "assistant",
    MessageRole.CHATBOT: "assistant",
    MessageRole.MODEL: "assistant",
    MessageRole.TOOL: "tool",
    MessageRole.FUNCTION: "tool",
}

Media = ImageBlock | AudioBlock | VideoBlock | DocumentBlock


def convert_to_dialogue(messages: Sequence[ChatMessage]) -> list[DialogueMessage]:
    """Convert each message to one dialogue message.

    Blocks of answers that Coze cannot use (thoughts, citations and cache points of other providers) are left out.
    Raises ConfigurationError for a block of a user or system that cannot be sent, and for a block with a path: a
    message must not make this process read local files.
    """
    names = {
        block.tool_call_id: block.tool_name
        for message in messages
        for block in message.blocks
        if isinstance(block, ToolCallBlock)
    }
    return [_convert(message, names) for message in messages]


def _convert(message: ChatMessage, names: Mapping[str | None, str]) -> DialogueMessage:
    role, blocks = _ROLES[message.role], list(_flatten(message.blocks))
    if role == "tool":
        call_id = str(message.additional_kwargs.get("tool_call_id") or "")
        name = names.get(call_id) or str(message.additional_kwargs.get("name") or "")
        return DialogueMessage(role, _tool_output(blocks), call_id=call_id, name=name)
    text = "\n".join(block.text for block in blocks if isinstance(block, TextBlock))
    if role == "user" or role == "system":
        media = list(_media(blocks, role))
        return DialogueMessage(role, text, tuple(map(_attachment, media)))
    calls = tuple(_call(block) for block in blocks if isinstance(block, ToolCallBlock))
    return DialogueMessage(role, text, origin=Origin.read(message.additional_kwargs), calls=calls)


def _media(blocks: Iterable[ContentBlock], role: Literal["user", "system"]) -> Iterator[Media]:
    """The media of a user's message; raises ConfigurationError for what would be lost."""
    for block in blocks:
        if isinstance(block, Media) and role == "user":
            yield block
        elif not isinstance(block, TextBlock | ThinkingBlock | CachePoint):
            raise ConfigurationError(
                f"A {role} message has a block of type {block.block_type}, which cannot be sent to Coze",
                cure="Give text, images, files or audio in a message of the user",
            )


def _flatten(blocks: Iterable[ContentBlock]) -> Iterator[ContentBlock]:
    for block in blocks:
        if isinstance(block, CitableBlock):
            yield from block.content
        else:
            yield block


def _tool_output(blocks: Iterable[ContentBlock]) -> str:
    """The text of a tool's output; Coze accepts only text, so other blocks become "[image]" and the like."""
    return "\n".join(block.text if isinstance(block, TextBlock) else f"[{block.block_type}]" for block in blocks)


def _call(block: ToolCallBlock) -> PriorToolCall:
    kwargs = block.tool_kwargs
    arguments = convert_to_arguments(kwargs) if isinstance(kwargs, str) else kwargs
    return PriorToolCall(block.tool_call_id or "", block.tool_name, arguments or {})


def _attachment(block: Media) -> Attachment:
    kind, content, name = _describe(block)
    if content:
        return _attach_content(kind, content, name)
    if block.url:
        return Attachment.from_url(kind, str(block.url), name)
    if block.path:
        raise ConfigurationError(
            f"A message gives the {block.block_type} as a path, but paths in messages are never read",
            cure=f"Give the content: {type(block).__name__}(…=Path(…).read_bytes())",
        )
    raise ConfigurationError(f"The {block.block_type} of a message is empty")


def _describe(block: Media) -> tuple[Medium, bytes | IOBase | None, str]:
    """Coze's kind (a video is a file), the content, and the name for the upload, "" if there is none."""
    if isinstance(block, ImageBlock):
        return "image", block.image, _file_name("image", extension_of(block.image_mimetype or ""))
    if isinstance(block, AudioBlock):
        return "audio", block.audio, _file_name("audio", f".{block.format}" if block.format else "")
    if isinstance(block, VideoBlock):
        return "file", block.video, _file_name("video", extension_of(block.video_mimetype or ""))
    title = block.title or "file"
    name = title if "." in title else _file_name(title, extension_of(block.document_mimetype or ""))
    return "file", block.data, name


def _file_name(stem: str, extension: str) -> str:
    """A name, or "" without an extension: Coze needs one, which is then found from the content or its type."""
    return stem + extension if extension else ""


def _attach_content(kind: Medium, content: bytes | IOBase, name: str) -> Attachment:
    """Attach bytes, which blocks contain in base64, or the content of an open file."""
    if isinstance(content, bytes):
        return Attachment.from_base64(kind, content.decode("ascii"), name=name)
    content.seek(0)
    return Attachment.from_bytes(kind, bytes(content.read()), name=name)
