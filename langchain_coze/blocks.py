"""Parts of an answer as LangChain's standard content blocks, and back out of a message; pure.

``content`` is text alone. The rest stands in ``additional_kwargs``, thoughts under REASONING and blocks under BLOCKS,
from where the translator, which is registered for PROVIDER, puts all of it into ``content_blocks``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.block_translators import register_translator
from langchain_core.messages.content import ContentBlock

from coze_client.api.recall.values import Slice
from coze_client.bridge.chat.parts import AudioPart, CardPart, Part, PluginCall, PluginOutput, RecallPart

PROVIDER = "coze"
REASONING = "reasoning_content"
BLOCKS = "coze_blocks"

Block = dict[str, Any]  # standard blocks are JSON of many shapes


def convert_part(part: Part) -> Block:
    """A part as a standard block.

    Blocks that stand for themselves get an index of their own, so that LangChain's merging keeps them apart; pieces of
    audio share one, and it joins them.
    """
    if isinstance(part, PluginCall):
        told = {"type": "server_tool_call", "id": part.id, "name": part.name, "args": dict(part.arguments)}
        return _apart(told, part.id)
    if isinstance(part, PluginOutput):
        told = {"type": "server_tool_result", "tool_call_id": part.call_id, "status": "success", "output": part.output}
        return _apart({**told, "id": part.id}, part.id)
    if isinstance(part, RecallPart):
        return {"type": "text", "text": "", "annotations": [_citation(each) for each in part.slices]}
    if isinstance(part, AudioPart):
        told = {"mime_type": part.mime_type} if part.mime_type else {}
        return {"type": "audio", "base64": part.data, **told, "index": "lc_coze_audio"}
    if isinstance(part, CardPart):
        return _apart(_non_standard({"type": "card", "card": part.content}), part.id)
    message = part.message
    return _apart(_non_standard(message.model_dump(mode="json", exclude_none=True)), message.id)


def translate_message(message: AIMessage) -> list[ContentBlock]:
    """All that a message says: thoughts, what the bot did, its text with citations, and the calls it asks for."""
    own = _blocks(message)
    said = [block for block in own if block["type"] == "text"]
    text: Block = {"type": "text", "text": message.content}
    if annotations := [each for block in said for each in block["annotations"]]:
        text["annotations"] = annotations
    before = [block for block in own if block["type"].startswith("server_tool")]
    after = [block for block in own if block not in before and block not in said]
    calls: list[Block] = [
        {"type": "tool_call", "id": call["id"], "name": call["name"], "args": call["args"]}
        for call in message.tool_calls
    ]
    spoken = [text] if message.content or annotations else []
    found = [*_reasoning(message), *_finished(before), *spoken, *_finished(after), *calls]
    return cast("list[ContentBlock]", found)


def translate_chunk(message: AIMessageChunk) -> list[ContentBlock]:
    """What a chunk adds; the sum of all chunks is translated as a message."""
    own = _blocks(message)
    if message.chunk_position == "last":
        return translate_message(message)
    text: list[Block] = [{"type": "text", "text": message.content}] if message.content else []
    calls: list[Block] = [
        {"type": "tool_call_chunk", "id": call["id"], "name": call["name"], "args": call["args"]}
        for call in message.tool_call_chunks
    ]
    return cast("list[ContentBlock]", [*_reasoning(message), *text, *own, *calls])


def _blocks(message: AIMessage) -> list[Block]:
    if not isinstance(message.content, str):
        raise NotImplementedError("not written by this package: LangChain's own reading applies")
    return list(message.additional_kwargs.get(BLOCKS, ()))


def _reasoning(message: AIMessage) -> list[Block]:
    thoughts = message.additional_kwargs.get(REASONING)
    return [{"type": "reasoning", "reasoning": thoughts}] if thoughts else []


def _finished(blocks: Sequence[Block]) -> list[Block]:
    return [{name: value for name, value in block.items() if name != "index"} for block in blocks]


def _apart(block: Block, message_id: str) -> Block:
    return {**block, "index": f"lc_coze_{message_id}"}


def _non_standard(value: Block) -> Block:
    return {"type": "non_standard", "value": value}


def _citation(found: Slice) -> Block:
    """A recalled slice as a citation; what has no field of its own stands in ``extras``."""
    title = found.title or found.document_name
    known = {"cited_text": found.text, "title": title, "url": found.url}
    extras = {
        "score": found.score,
        "dataset_id": found.dataset_id,
        "dataset_name": found.dataset_name,
        "document_id": found.document_id,
        "document_name": found.document_name,
    }
    told: Block = {"type": "citation", **{name: value for name, value in known.items() if value}}
    return {**told, "extras": {name: value for name, value in extras.items() if value not in ("", None)}}


register_translator(PROVIDER, translate_message, translate_chunk)
