"""The upload request, and the conversion of a path, bytes or a file object to an upload.

API page: upload_files.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO

from coze_client.api.files.values import File, FileSource
from coze_client.core.media import HEAD_BYTES, fix_extension
from coze_client.core.request import HARMLESS, Kind, Request
from coze_client.core.response import Payload
from coze_client.core.upload import Pipe, Upload
from coze_client.errors import ConfigurationError

_MAX_BYTES = 512 * 1024 * 1024


def upload_request(upload: Upload) -> Request[File]:
    """The request that uploads a file; raises ConfigurationError for empty content."""
    if isinstance(upload.content, bytes):
        _check_size(len(upload.content))
    return Request(
        "POST", "/v1/files/upload", Payload(File, needed="id"), kind=Kind.START, upload=upload, unanswered=HARMLESS
    )


@contextmanager
def open_upload(file: FileSource, name: str | None, largest: int = _MAX_BYTES) -> Iterator[Upload]:
    """Open a path, bytes or a binary file object as an upload; a path is closed at the end.

    `name`: default the file's own. Raises ConfigurationError for a file that is empty, or larger than `largest` bytes,
    and for another type.
    """
    if isinstance(file, (bytes, bytearray, memoryview)):
        content = bytes(file)
        _check_size(len(content), largest)
        yield Upload(fix_extension(name or "file", content[:HEAD_BYTES]), content)
    elif isinstance(file, (str, PathLike)):
        with Path(file).open("rb") as opened:
            yield _measure(opened, name or Path(file).name, largest)
    elif hasattr(file, "read"):
        yield _measure(file, name or _file_name(file), largest)
    else:
        raise ConfigurationError(f"A file must be a path, bytes or a binary file object, not {type(file).__name__}")


def _file_name(file: IO[bytes]) -> str:
    name = getattr(file, "name", None)
    return Path(name).name if isinstance(name, str) and not name.startswith("<") else "file"


def _measure(file: IO[bytes] | io.BufferedReader, name: str, largest: int) -> Upload:
    if isinstance(file.read(0), str):
        raise ConfigurationError("The file is open in text mode", cure='Open it in binary mode: open(path, "rb")')
    if not file.seekable():
        head = file.read(HEAD_BYTES)
        _check_size(len(head), largest)
        return Upload(fix_extension(name, head), Pipe(head, file))
    _check_size(file.seek(0, io.SEEK_END), largest)
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return Upload(fix_extension(name, head), file)


def _check_size(size: int, largest: int = _MAX_BYTES) -> None:
    if size == 0:
        raise ConfigurationError("The file is empty, and Coze rejects empty files (4300)")
    if size > largest:
        megabytes = largest // (1024 * 1024)
        raise ConfigurationError(f"The file has {size} bytes; Coze accepts at most {largest} ({megabytes} MB) here")
