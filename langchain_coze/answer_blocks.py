"""Convert the parts of an answer to LangChain's standard content blocks; pure.

The ``content`` of a message is only text. ``additional_kwargs`` has the reasoning under REASONING and the blocks under
BLOCKS. A translator, registered for PROVIDER, merges all of them into ``content_blocks``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.block_translators import register_translator
from langchain_core.messages.content import ContentBlock

from coze_client.bridge.chat.answer_parts import AudioPart, CardPart, Part, PluginCall, PluginOutput, RecallPart

if TYPE_CHECKING:
    from coze_client.api.recall.values import Slice

PROVIDER = "coze"
REASONING = "reasoning_content"
BLOCKS = "coze_blocks"

Block = dict[str, Any]  # standard blocks are JSON of many shapes


def convert_part(part: Part) -> Block:
    """Convert a part to a standard block.

    LangChain merges blocks with an equal index. So pieces of audio share one, and blocks that must stay apart have
    their own. Citations have none.
    """
    if isinstance(part, PluginCall):
        call = {"type": "server_tool_call", "id": part.id, "name": part.name, "args": dict(part.arguments)}
        return _with_index(call, part.id)
    if isinstance(part, PluginOutput):
        result = {"type": "server_tool_result", "tool_call_id": part.call_id, "status": "success"}
        return _with_index({**result, "output": part.output, "id": part.id}, part.id)
    if isinstance(part, RecallPart):
        return {"type": "text", "text": "", "annotations": [_citation(each) for each in part.slices]}
    if isinstance(part, AudioPart):
        mime_type = {"mime_type": part.mime_type} if part.mime_type else {}
        return {"type": "audio", "base64": part.data, **mime_type, "index": "lc_coze_audio"}
    if isinstance(part, CardPart):
        return _with_index(_non_standard({"type": "card", "card": part.content}), part.id)
    message = part.message
    return _with_index(_non_standard(message.model_dump(mode="json", exclude_none=True)), message.id)


def translate_message(message: AIMessage) -> list[ContentBlock]:
    """The blocks of a message: reasoning, plugin calls, text with citations, other blocks, tool calls."""
    own = _blocks(message)
    texts = [block for block in own if block["type"] == "text"]
    text: Block = {"type": "text", "text": message.content}
    if annotations := [each for block in texts for each in block["annotations"]]:
        text["annotations"] = annotations
    before = [block for block in own if block["type"].startswith("server_tool")]
    after = [block for block in own if block not in before and block not in texts]
    calls: list[Block] = [
        {"type": "tool_call", "id": call["id"], "name": call["name"], "args": call["args"]}
        for call in message.tool_calls
    ]
    answer = [text] if message.content or annotations else []
    blocks = [*_reasoning(message), *_without_index(before), *answer, *_without_index(after), *calls]
    return cast("list[ContentBlock]", blocks)


def translate_chunk(message: AIMessageChunk) -> list[ContentBlock]:
    """The blocks that a chunk adds; the sum of all chunks is translated as a message."""
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
        raise NotImplementedError("not a message of this package: LangChain translates it itself")
    return list(message.additional_kwargs.get(BLOCKS, ()))


def _reasoning(message: AIMessage) -> list[Block]:
    reasoning = message.additional_kwargs.get(REASONING)
    return [{"type": "reasoning", "reasoning": reasoning}] if reasoning else []


def _without_index(blocks: Sequence[Block]) -> list[Block]:
    return [{name: value for name, value in block.items() if name != "index"} for block in blocks]


def _with_index(block: Block, message_id: str) -> Block:
    return {**block, "index": f"lc_coze_{message_id}"}


def _non_standard(value: Block) -> Block:
    return {"type": "non_standard", "value": value}


def _citation(found: Slice) -> Block:
    """Convert a recalled slice to a citation; fields that citations do not have go into ``extras``."""
    title = found.title or found.document_name
    known = {"cited_text": found.text, "title": title, "url": found.url}
    extras = {
        "score": found.score,
        "dataset_id": found.dataset_id,
        "dataset_name": found.dataset_name,
        "document_id": found.document_id,
        "document_name": found.document_name,
    }
    citation: Block = {"type": "citation", **{name: value for name, value in known.items() if value}}
    return {**citation, "extras": {name: value for name, value in extras.items() if value not in ("", None)}}


register_translator(PROVIDER, translate_message, translate_chunk)
