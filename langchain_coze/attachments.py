"""Content blocks of a message -> text and attachments; pure. LangChain docs: Standard content blocks."""

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
_OWN = "non_standard"

Block = Mapping[str, object]


def convert_blocks(blocks: Iterable[Block]) -> tuple[str, tuple[Attachment, ...]]:
    """Text (blocks joined by line ends, since Coze takes one text) and attachments of a user's message.

    What is neither, such as another provider's thinking, is left out. Raises ConfigurationError for media that cannot
    be sent: a path, a ``file://`` URL, content that is not base64.
    """
    texts: list[str] = []
    attachments: list[Attachment] = []
    for block in blocks:
        inner = _unwrapped(block)
        kind, text = str(inner.get("type")), inner.get("text")
        if kind in ("text", "text-plain") and isinstance(text, str):
            texts.append(text)
        elif kind in _KINDS:
            attachments.append(convert_block(inner))
        else:
            _log.debug("a content block of type %s is not sent", kind)
    return "\n".join(filter(None, texts)), tuple(attachments)


def convert_block(block: Block) -> Attachment:
    """An image, file, audio or video block (Coze takes videos as files), by URL, base64, bytes or Coze's file id."""
    mime_type, name = _text(block, "mime_type"), _name(block)
    kind = _kind(block, mime_type)
    url, file_id, content = _url(block), _text(block, "file_id"), _content(block)
    if isinstance(content, bytes):
        return Attachment.of(kind, content, mime_type, name)
    if content is not None:
        return Attachment.encoded(kind, content, mime_type, name)
    if url:
        return Attachment.at(kind, url, name)
    if file_id.isdecimal():
        return Attachment.uploaded(kind, file_id)
    raise ConfigurationError(
        f"A block of type {block.get('type')} has no url, base64 or file id of Coze",
        cure="Files of other providers are unknown to Coze: give the content, or upload it with client.files.upload",
    )


def _unwrapped(block: Block) -> Block:
    value = block.get("value")
    return cast("Block", value) if block.get("type") == _OWN and isinstance(value, dict) else block


def _kind(block: Block, mime_type: str) -> Medium:
    """By the block's type; a block that says only "media" by its MIME type."""
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
    told = cast("Block", extras) if isinstance(extras, dict) else block
    return _text(block, "filename") or _text(told, "filename") or _text(block, "title")


def _text(block: Block, name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""
