"""Files in a workflow's arguments: find them, upload them, and convert them to Coze's format.

Coze expects text: a public URL, or the JSON text ``{"file_id": "…"}`` of an uploaded file (API page: workflow_run).
Text that a language model wrote is a path only if it lies below an allowed folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from coze_client.api.files.attachments import Attachment
from coze_client.api.files.file_ids import is_file_id
from coze_client.api.files.parameter_files import FileArgument, as_file, file_id_json, of_attachment
from coze_client.core.json_text import load_json
from coze_client.errors import InvalidArguments

FILE_FORMATS = frozenset({"binary", "path", "file-path"})
"""The ``format`` of a file in a JSON schema, as pydantic writes it for bytes and paths."""

_ATTACHMENT_PREFIX = "attachment:"
_DESCRIPTION = "A public http(s) URL, the id of an uploaded file, or attachment:1 for the first attached file."


class FileSources(NamedTuple):
    """The files that an argument may name besides URLs and ids: attachments of messages, and paths below `roots`."""

    attachments: Sequence[Attachment] = ()
    roots: Sequence[str | PathLike[str]] = ()


def find_file(value: object, sources: FileSources, location: str) -> FileArgument:
    """Return the file that an argument is or names.

    Bytes, Path objects and Files are always accepted: only the program can make them. Raises InvalidArguments, with
    `location` in the message, for a value that is no file or may not be read.
    """
    if (file := as_file(value, location)) is not None:
        return file
    if isinstance(value, dict) and isinstance(value.get("file_id"), str):
        return FileArgument(file_id_json(value["file_id"]))
    if isinstance(value, str) and value.strip():
        return _from_text(value.strip(), sources, location)
    raise InvalidArguments(f"{location} must be a file: give a URL, a file_id, bytes or a Path, not {value!r:.60}")


def _from_text(text: str, sources: FileSources, location: str) -> FileArgument:
    scheme = text.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return FileArgument(text)
    if scheme == "data":
        return of_attachment(Attachment.from_url("file", text))
    if text.startswith("{") and (file_id := _parse_file_id(text)):
        return FileArgument(file_id_json(file_id))
    return (
        _find_attachment(text, sources.attachments)
        or _find_below_roots(text, sources.roots)
        or _as_file_id(text, sources.roots, location)
    )


def _find_attachment(text: str, attachments: Sequence[Attachment]) -> FileArgument | None:
    number = text.removeprefix(_ATTACHMENT_PREFIX).strip()
    if text.startswith(_ATTACHMENT_PREFIX) and number.isdecimal() and 0 < _short_number(number) <= len(attachments):
        return of_attachment(attachments[_short_number(number) - 1])
    named = [attachment for attachment in attachments if attachment.name == text]
    return of_attachment(named[-1]) if named else None


def _find_below_roots(text: str, roots: Sequence[str | PathLike[str]]) -> FileArgument | None:
    if text.lower().startswith("file:"):
        return None
    for root in map(Path, roots):
        with suppress(OSError, RuntimeError, ValueError):  # too long, circular links, or not a path
            path = (root / text).resolve()
            if path.is_relative_to(root.resolve()) and path.is_file():
                return FileArgument(path)
    return None


def _as_file_id(text: str, roots: Sequence[str | PathLike[str]], location: str) -> FileArgument:
    """Text is an id, unless it looks like the name or path of a file, or is one that may not be read."""
    is_there = any(os.path.lexists(Path(root) / text) for root in roots if "\0" not in text)
    if is_there or not is_file_id(text) or text.startswith(_ATTACHMENT_PREFIX):
        raise InvalidArguments(
            f"{location} names no file that may be read: {text[:60]!r}",
            cure='Give an http(s) URL, a file_id, {"file_id": "…"}, attachment:1, or a path below one of file_roots',
        )
    return FileArgument(file_id_json(text))


def describe_file(schema: dict[str, Any]) -> dict[str, Any]:  # JSON schema
    """Replace the ``format`` of a file in a JSON schema by a description, for language models."""
    description = " ".join(filter(None, (schema.get("description"), _DESCRIPTION)))
    return {**{name: value for name, value in schema.items() if name != "format"}, "description": description}


def _short_number(text: str) -> int:
    return int(text[:9])  # Python converts no text of thousands of digits; nobody attaches so many files


def _parse_file_id(text: str) -> str:
    try:
        value = load_json(text)
    except ValueError:
        return ""
    file_id = value.get("file_id") if isinstance(value, dict) else None
    return file_id if isinstance(file_id, str) else ""
