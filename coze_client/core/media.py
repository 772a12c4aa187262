"""File types by their first bytes. Coze trusts a file's extension, so the extension must match the content."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from pathlib import PurePath

HEAD_BYTES = 64

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (rb"\x89PNG\r\n\x1a\n", ".png"),
    (rb"\xff\xd8\xff", ".jpg"),
    (rb"GIF8[79]a", ".gif"),
    (rb"RIFF.{4}WEBP", ".webp"),
    (rb"BM.{4}\x00{4}", ".bmp"),
    (rb"%PDF-", ".pdf"),
    (rb"RIFF.{4}WAVE", ".wav"),
    (rb"ID3[\x02-\x04]|\xff[\xf2\xf3\xfb]", ".mp3"),
    (rb"OggS\x00", ".ogg"),
    (rb"fLaC", ".flac"),
    (rb".{4}ftypM4A", ".m4a"),
    (rb".{4}ftyp", ".mp4"),
    (rb"\x1aE\xdf\xa3", ".webm"),
    (rb"PK\x03\x04", ".zip"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".doc"),
)
_WITHOUT_MAGIC = frozenset({".pcm", ".raw"})  # samples, which may begin like any other file
_SAME_CONTENT: Mapping[str, frozenset[str]] = {
    ".jpg": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    ".mp4": frozenset({".mp4", ".m4v", ".mov", ".m4a", ".3gp", ".heic", ".avif"}),
    ".ogg": frozenset({".ogg", ".oga", ".ogv", ".opus", ".spx"}),
    ".webm": frozenset({".webm", ".mkv", ".mka"}),
    ".zip": frozenset({".zip", ".docx", ".xlsx", ".pptx", ".epub", ".jar", ".odt", ".ods", ".odp", ".apk", ".xmind"}),
    ".doc": frozenset({".doc", ".xls", ".ppt", ".msg", ".wps", ".msi"}),
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OWN_TYPES: Mapping[str, str] = {  # that Python's table lacks in some versions
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".rtf": "application/rtf",
    ".epub": "application/epub+zip",
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".jsonl": "application/jsonl",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".avif": "image/avif",
    ".psd": "image/vnd.adobe.photoshop",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".amr": "audio/amr",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".opus": "audio/opus",
    ".weba": "audio/webm",
    ".mkv": "video/x-matroska",
    ".gz": "application/gzip",
    ".7z": "application/x-7z-compressed",
    ".rar": "application/vnd.rar",
}
# The functions of mimetypes read files of the system at their first call, which an event loop must not do.
_TYPES: Mapping[str, str] = {**mimetypes.types_map, **_OWN_TYPES}
_EXTENSIONS: Mapping[str, str] = {mime: extension for extension, mime in reversed(list(_TYPES.items()))}


def detect_extension(head: bytes) -> str | None:
    """The extension (with dot) of a file that begins with `head`; ``None`` for text and unknown types."""
    return next((extension for magic, extension in _MAGIC if re.match(magic, head, re.DOTALL)), None)


def fix_extension(name: str, head: bytes) -> str:
    """`name` without folders, and with the right extension if the first bytes show another type."""
    plain = PurePath(name.replace("\\", "/")).name or "file"
    detected = detect_extension(head)
    extension = PurePath(plain).suffix.lower()
    fits = detected is None or extension in _SAME_CONTENT.get(detected, {detected})
    if fits or detected is None or extension in _WITHOUT_MAGIC:
        return plain
    return str(PurePath(plain).with_suffix(detected))


def extension_of(mime_type: str) -> str:
    """The extension (with dot) of a MIME type, also of informal ones like audio/mp3; "" if unknown."""
    plain = mime_type.partition(";")[0].strip().lower()
    kind, _, subtype = plain.partition("/")
    named = f".{subtype}" if kind in ("audio", "image", "video") and subtype.isalnum() else ""
    return _EXTENSIONS.get(plain) or named


def mime_of(name: str) -> str:
    """The MIME type of a file name; application/octet-stream for an unknown extension."""
    return _TYPES.get(PurePath(name).suffix.lower(), "application/octet-stream")
