"""Convert the content blocks of a user's message to text and attachments; pure.

LangChain docs: Standard content blocks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import cast

from coze_client.api.files.attachments import Attachment, Medium
from coze_client.errors import ConfigurationError

_log = logging.getLogger("langchain_coze")

_KINDS: Mapping[str, Medium] = {
    "image": "image",
    "image_url": "image",
    "audio": "audio",
    "input_audio": "audio",
    "file": "file",
    "video": "file",
    "text-plain": "file",
    "media": "file",
}
_NON_STANDARD = "non_standard"

Block = Mapping[str, object]


def convert_blocks(blocks: Iterable[Block]) -> tuple[str, tuple[Attachment, ...]]:
    """Convert blocks to one text, joined by line ends, and attachments.

    Other blocks, such as the reasoning of another provider, are left out. Raises ConfigurationError for media that
    cannot be sent: a path, a ``file://`` URL, content that is not base64.
    """
    texts: list[str] = []
    attachments: list[Attachment] = []
    for block in blocks:
        inner = _unwrap(block)
        kind, text = str(inner.get("type")), inner.get("text")
        if kind in ("text", "text-plain") and isinstance(text, str):
            texts.append(text)
        elif kind in _KINDS:
            attachments.append(convert_block(inner))
        else:
            _log.debug("a content block of type %s is not sent", kind)
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
    return image if isinstance(image, str) else _text(block, "url")


def _content(block: Block) -> str | bytes | None:
    found = next((value for name in ("base64", "data") if (value := block.get(name)) is not None), None)
    return found if isinstance(found, (str, bytes)) else None


def _name(block: Block) -> str:
    extras = block.get("extras")
    fallback = cast("Block", extras) if isinstance(extras, dict) else block
    return _text(block, "filename") or _text(fallback, "filename") or _text(block, "title")


def _text(block: Block, name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""
