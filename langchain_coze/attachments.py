"""Convert the content blocks of a user's message to text and attachments; pure.

LangChain docs: Standard content blocks. OpenAI API: the items ``input_text``, ``input_image`` and ``input_file``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from coze_client.api.files.attachments import Attachment, Medium
from coze_client.errors import ConfigurationError

_KINDS: Mapping[str, Medium] = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "file": "file",
    "input_file": "file",
    "video": "file",
    "text-plain": "file",
    "media": "file",
}
_NON_STANDARD = "non_standard"
_TEXTS = ("text", "text-plain", "input_text")
_THOUGHTS = ("reasoning", "thinking", "redacted_thinking")  # of an assistant, never words of a user
_WITHOUT_CONTENT = frozenset({"cachePoint"})

Block = Mapping[str, object]


def convert_blocks(blocks: Iterable[Block]) -> tuple[str, tuple[Attachment, ...]]:
    """Convert blocks to one text, joined by line ends, and attachments.

    Only thoughts and cache points are left out. Raises ConfigurationError for a block of a type that is not known, and
    for media that cannot be sent: a path, a ``file://`` URL, content that is not base64.
    """
    texts: list[str] = []
    attachments: list[Attachment] = []
    for block in blocks:
        inner = _unwrap(block)
        kind, text = inner.get("type"), inner.get("text")
        if kind in _TEXTS and isinstance(text, str):
            texts.append(text)
        elif kind in _KINDS:
            attachments.append(convert_block(inner))
        elif kind == "tool_result":
            words, media = convert_blocks(_result_blocks(inner))
            texts.append(words)
            attachments += media
        elif kind not in _THOUGHTS and not inner.keys() <= _WITHOUT_CONTENT:
            raise _unknown(inner)
    return "\n".join(filter(None, texts)), tuple(attachments)


def convert_block(block: Block) -> Attachment:
    """Convert a block with an image, file, audio or video (Coze takes videos as files).

    The block has a URL, base64 text, bytes, or the id of a file that was uploaded to Coze.
    """
    mime_type, name = _text(block, "mime_type"), _name(block)
    kind = _kind(block, mime_type)
    url, file_id, content = _url(block), _text(block, "file_id"), _content(block)
    if isinstance(content, bytes):
        return Attachment.from_bytes(kind, content, mime_type, name)
    if content is not None:
        return Attachment.from_base64(kind, content, mime_type, name)
    if url:
        return Attachment.from_url(kind, url, name)
    if file_id.strip():
        return Attachment.from_file_id(kind, file_id.strip())
    raise ConfigurationError(
        f"A block of type {block.get('type')} has no URL, base64 content or Coze file id",
        cure="Coze cannot read files of other providers: give the content, or upload it with client.files.upload",
    )


def _result_blocks(block: Block) -> Iterable[Block]:
    """The blocks in the result of a tool, as Anthropic's users send it; its content is text or blocks."""
    content = block.get("content")
    return cast("list[Block]", content) if isinstance(content, list) else [{"type": "text", "text": content or ""}]


def _unknown(block: Block) -> ConfigurationError:
    kind = block.get("type")
    named = f"of type {kind}" if kind else f"with {', '.join(map(str, block)) or 'no members'}"
    return ConfigurationError(
        f"A message has a content block {named}, which cannot be sent to Coze",
        cure="Give text, images, files or audio as LangChain's standard content blocks",
    )


def _unwrap(block: Block) -> Block:
    value = block.get("value")
    return cast("Block", value) if block.get("type") == _NON_STANDARD and isinstance(value, dict) else block


def _kind(block: Block, mime_type: str) -> Medium:
    """The kind by the type of the block; if that is only ``media``, by its MIME type."""
    if block.get("type") == "media":
        return _KINDS.get(mime_type.partition("/")[0], "file")
    return _KINDS[str(block["type"])]


def _url(block: Block) -> str:
    image = block.get("image_url")  # OpenAI: {"url": …}, or the URL itself
    if isinstance(image, dict):
        return _text(cast("Block", image), "url")
    data = _text(block, "file_data")
    candidates = (image, block.get("url"), block.get("file_url"), data if _is_data_url(data) else "")
    return next((each for each in candidates if isinstance(each, str) and each), "")


def _content(block: Block) -> str | bytes | None:
    found = next((value for name in ("base64", "data", "file_data") if (value := block.get(name)) is not None), None)
    if isinstance(found, str) and _is_data_url(found):
        return None
    return found if isinstance(found, (str, bytes)) else None


def _is_data_url(text: str) -> bool:
    return text[:5].lower() == "data:"


def _name(block: Block) -> str:
    extras = block.get("extras")
    fallback = cast("Block", extras) if isinstance(extras, dict) else block
    return _text(block, "filename") or _text(fallback, "filename") or _text(block, "title")


def _text(block: Block, name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""
