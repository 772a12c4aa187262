"""Files in a workflow's arguments: find them, upload them, and convert them to Coze's format.

Coze expects text: a public URL, or the JSON text ``{"file_id": "…"}`` of an uploaded file (API page: workflow_run).
Text that a language model wrote is a path only if it lies below an allowed folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, cast

from coze_client.api.files.attachments import Attachment, upload_each
from coze_client.core.session import Session
from coze_client.core.upload import Upload
from coze_client.errors import ConfigurationError, InvalidArguments

FILE_FORMATS = frozenset({"binary", "path", "file-path"})
"""The ``format`` of a file in a JSON schema, as pydantic writes it for bytes and paths."""

_ATTACHMENT_PREFIX = "attachment:"
_DESCRIPTION = "A public http(s) URL, the id of an uploaded file, or attachment:1 for the first attached file."


class FileArgument(NamedTuple):
    """A file in an argument: text in Coze's format, or bytes or a path that must still be uploaded."""

    source: str | bytes | Path
    name: str = ""


class FileSources(NamedTuple):
    """The files that an argument may name besides URLs and ids: attachments of messages, and paths below `roots`."""

    attachments: Sequence[Attachment] = ()
    roots: Sequence[str | PathLike[str]] = ()


def find_file(value: object, sources: FileSources, location: str) -> FileArgument:
    """Return the file that an argument is or names.

    Bytes and Path objects are always accepted: only the program can make them. Raises InvalidArguments, with
    `location` in the message, for a value that is no file or may not be read.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return FileArgument(bytes(value), location.rpartition(".")[2].partition("[")[0])
    if isinstance(value, PathLike):
        return FileArgument(Path(cast("PathLike[str]", value)))
    if isinstance(value, Attachment):
        return _from_attachment(value)
    if isinstance(value, dict) and isinstance(value.get("file_id"), str):
        return FileArgument(_file_id_json(value["file_id"]))
    if isinstance(value, str) and value.strip():
        return _from_text(value.strip(), sources, location)
    raise InvalidArguments(f"{location} must be a file: give a URL, a file_id, bytes or a Path, not {value!r:.60}")


def _from_text(text: str, sources: FileSources, location: str) -> FileArgument:
    scheme = text.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return FileArgument(text)
    if scheme == "data":
        return _from_attachment(Attachment.from_url("file", text))
    if text.isdecimal():
        return FileArgument(_file_id_json(text))
    if text.startswith("{") and (file_id := _parse_file_id(text)):
        return FileArgument(_file_id_json(file_id))
    return _find_attachment(text, sources.attachments) or _find_below_roots(text, sources.roots, location)


def _find_attachment(text: str, attachments: Sequence[Attachment]) -> FileArgument | None:
    number = text.removeprefix(_ATTACHMENT_PREFIX).strip()
    if text.startswith(_ATTACHMENT_PREFIX) and number.isdecimal() and 0 < int(number) <= len(attachments):
        return _from_attachment(attachments[int(number) - 1])
    named = [attachment for attachment in attachments if attachment.name == text]
    return _from_attachment(named[-1]) if named else None


def _find_below_roots(text: str, roots: Sequence[str | PathLike[str]], location: str) -> FileArgument:
    if not text.lower().startswith("file:"):
        for root in map(Path, roots):
            with suppress(OSError, RuntimeError, ValueError):  # too long, circular links, or not a path
                path = (root / text).resolve()
                if path.is_relative_to(root.resolve()) and path.is_file():
                    return FileArgument(path)
    raise InvalidArguments(
        f"{location} names no file that may be read: {text[:60]!r}",
        cure="Give an http(s) URL, a file_id, attachment:1, or a path below one of file_roots",
    )


def describe_file(schema: dict[str, Any]) -> dict[str, Any]:  # JSON schema
    """Replace the ``format`` of a file in a JSON schema by a description, for language models."""
    description = " ".join(filter(None, (schema.get("description"), _DESCRIPTION)))
    return {**{name: value for name, value in schema.items() if name != "format"}, "description": description}


async def upload_files(session: Session, arguments: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments in Coze's format: upload the bytes and paths, each content once per client."""
    found = {file: None for file in _find_files(arguments) if not isinstance(file.source, str)}
    ids = await upload_each(session, [await _read_upload(session, file) for file in found])
    texts = dict(zip(found, map(_file_id_json, ids), strict=True))
    return {name: _replace_files(value, texts) for name, value in arguments.items()}


async def _read_upload(session: Session, file: FileArgument) -> Upload:
    source = file.source
    if not isinstance(source, Path):
        return Upload(file.name or "file", cast("bytes", source))
    try:
        return Upload(source.name, await session.concurrency.call(source.read_bytes))
    except OSError as error:
        raise ConfigurationError(f"{source} cannot be read: {error.strerror}") from error


def _find_files(value: object) -> Iterator[FileArgument]:
    if isinstance(value, FileArgument):
        yield value
    elif isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _find_files(member)


def _replace_files(value: object, texts: Mapping[FileArgument, str]) -> object:
    if isinstance(value, FileArgument):
        return value.source if isinstance(value.source, str) else texts[value]
    if isinstance(value, dict):
        return {name: _replace_files(member, texts) for name, member in value.items()}
    return [_replace_files(item, texts) for item in value] if isinstance(value, list) else value


def _from_attachment(attachment: Attachment) -> FileArgument:
    source = attachment.source
    if isinstance(source, str) and source.isdecimal():
        return FileArgument(_file_id_json(source))
    return FileArgument(source, attachment.name)


def _file_id_json(file_id: str) -> str:
    return json.dumps({"file_id": file_id})


def _parse_file_id(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return ""
    file_id = value.get("file_id") if isinstance(value, dict) else None
    return file_id if isinstance(file_id, str) else ""
