"""What a file is, by its first bytes; the name follows the content, since Coze goes by the extension."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import PurePath

HEAD_BYTES = 64

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", ".png"),
    (0, b"\xff\xd8\xff", ".jpg"),
    (0, b"GIF87a", ".gif"),
    (0, b"GIF89a", ".gif"),
    (8, b"WEBP", ".webp"),
    (0, b"BM", ".bmp"),
    (0, b"%PDF-", ".pdf"),
    (8, b"WAVE", ".wav"),
    (0, b"ID3", ".mp3"),
    (0, b"\xff\xfb", ".mp3"),
    (0, b"OggS", ".ogg"),
    (0, b"fLaC", ".flac"),
    (4, b"ftypM4A", ".m4a"),
    (4, b"ftyp", ".mp4"),
    (0, b"\x1aE\xdf\xa3", ".webm"),
    (0, b"PK\x03\x04", ".zip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".doc"),
)
_ALIKE: Mapping[str, frozenset[str]] = {
    ".jpg": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    ".mp4": frozenset({".mp4", ".m4v", ".mov", ".m4a", ".3gp", ".heic", ".avif"}),
    ".ogg": frozenset({".ogg", ".oga", ".ogv", ".opus", ".spx"}),
    ".webm": frozenset({".webm", ".mkv", ".mka"}),
    ".zip": frozenset({".zip", ".docx", ".xlsx", ".pptx", ".epub", ".jar", ".odt", ".ods", ".odp", ".apk", ".xmind"}),
    ".doc": frozenset({".doc", ".xls", ".ppt", ".msg", ".wps", ".msi"}),
}


def sniff(head: bytes) -> str | None:
    """The extension (with dot) that a file's first bytes prove; ``None`` for text and whatever is not known."""
    for offset, magic, extension in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return extension
    return None


def mend_name(name: str, head: bytes) -> str:
    """`name` without folders, its extension mended where the content proves another one."""
    plain = PurePath(name.replace("\\", "/")).name or "file"
    proven = sniff(head)
    extension = PurePath(plain).suffix.lower()
    if proven is None or extension in _ALIKE.get(proven, {proven}):
        return plain
    return str(PurePath(plain).with_suffix(proven))


def extension_of(mime_type: str) -> str:
    """The extension (with dot) of a MIME type; "" if there is none."""
    return mimetypes.guess_extension(mime_type.partition(";")[0].strip().lower()) or ""


def mime_of(name: str) -> str:
    """The MIME type of a file name, application/octet-stream if its extension says nothing."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
