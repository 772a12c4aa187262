"""Files in the parameters of a run: find them, upload them, and put their ids in their place.

Coze expects text: a public URL, or the JSON text ``{"file_id": "…"}`` of an uploaded file (API page: workflow_run).
Text is never opened as a path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from coze_client.api.files.attachments import Attachment, upload_each
from coze_client.api.files.values import File
from coze_client.core.json_values import find_problems
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.upload import Upload
from coze_client.errors import ConfigurationError

T = TypeVar("T")

_KEY = "parameters"
_SCALARS = frozenset({str, int, float, bool, type(None)})
_DEEPEST = 100


class FileArgument(NamedTuple):
    """A file in an argument: text in Coze's format, or bytes or a path that must still be uploaded."""

    source: str | bytes | Path
    name: str = ""


def as_file(value: object, location: str) -> FileArgument | None:
    """The file that a value of the program is (bytes, a path object, a File, an attachment); ``None`` for any other.

    `location`: the key of the value; bytes get its last name. Raises ConfigurationError for a File without an id.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return FileArgument(bytes(value), location.rpartition(".")[2].partition("[")[0])
    if isinstance(value, PathLike):
        return FileArgument(Path(cast("PathLike[str]", value)))
    if isinstance(value, Attachment):
        return of_attachment(value)
    if isinstance(value, File):
        if not value.id:
            raise ConfigurationError(f"{location} is a File without an id", cure="Upload it: client.files.upload(…)")
        return FileArgument(file_id_json(value.id))
    return None


def of_attachment(attachment: Attachment) -> FileArgument:
    """The file of an attachment: its URL, its id, or its content."""
    source = attachment.source
    if isinstance(source, str) and not is_url(source):
        return FileArgument(file_id_json(source))
    return FileArgument(source, attachment.name)


def is_url(text: str) -> bool:
    """True for an http(s) URL; any other text of an attachment is an id, whatever its form."""
    return text.lower().startswith(("http://", "https://"))


def file_id_json(file_id: str) -> str:
    """The text that stands for an uploaded file in parameters."""
    return json.dumps({"file_id": file_id})


def with_uploads(request: Request[T]) -> Request[T]:
    """A request whose files in the ``parameters`` of its body are uploaded before it is sent; without files, itself.

    Raises ConfigurationError, with the key, for a value that is neither JSON nor a file.
    """
    body = request.body or {}
    given = body.get(_KEY)
    if not isinstance(given, Mapping) or _is_plain(given):
        return request
    found = _convert(given, _KEY, 0)
    if not any(True for _ in _find_files(found)):
        return request
    if problem := next(find_problems(_replace_files(found, {}), _KEY), ""):
        raise ConfigurationError(f"{problem}, which is neither JSON nor a file")
    return replace(request, body={**body, _KEY: found}, before=_upload_parameters)


def _is_plain(value: object, depth: int = 0) -> bool:
    """True for JSON, at a glance: most parameters are."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if depth > _DEEPEST or kind not in (dict, list):
        return False
    members = value.values() if isinstance(value, dict) else cast("list[object]", value)
    return all(_is_plain(member, depth + 1) for member in members)


async def _upload_parameters(session: Session, request: Request[T]) -> Request[T]:
    body = dict(request.body or {})
    body[_KEY] = await upload_files(session, cast("Mapping[str, object]", body[_KEY]))
    return replace(request, body=body, before=None)


def _convert(value: object, location: str, depth: int) -> object:
    """A copy of a value with a FileArgument for each file; everything else stays."""
    if depth > _DEEPEST:
        raise ConfigurationError(f"{location} is nested too deeply, or contains itself")
    if isinstance(value, Mapping):
        return {name: _convert(member, f"{location}.{name}", depth + 1) for name, member in value.items()}
    if isinstance(value, (list, tuple)) and not isinstance(value, FileArgument):
        return [_convert(member, f"{location}[{index}]", depth + 1) for index, member in enumerate(value)]
    return as_file(value, location) or value


async def upload_files(session: Session, arguments: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments in Coze's format: upload the bytes and paths, each content once per client."""
    try:
        found = {file: None for file in _find_files(arguments) if not isinstance(file.source, str)}
    except RecursionError:
        raise ConfigurationError("The arguments are nested too deeply") from None
    ids = await upload_each(session, [await _read_upload(session, file) for file in found])
    texts = dict(zip(found, map(file_id_json, ids), strict=True))
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
        return value.source if isinstance(value.source, str) else texts.get(value, "")
    if isinstance(value, dict):
        return {name: _replace_files(member, texts) for name, member in value.items()}
    return [_replace_files(item, texts) for item in value] if isinstance(value, list) else value
