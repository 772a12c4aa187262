"""Files: uploaded once, then named by id in messages and workflow parameters.

API pages: upload_files, retrieve_files. A file is private to the account, 512 MB at most, and kept for three months.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, NamedTuple

from pydantic import AliasChoices, Field

from coze_client.core.media import HEAD_BYTES, mend_name, mime_of
from coze_client.core.model import Model
from coze_client.core.request import Kind, Request, query
from coze_client.core.resource import ConcurrencyT, Resource, call, flow
from coze_client.core.response import Payload
from coze_client.errors import ConfigurationError

Source = str | PathLike[str] | bytes | IO[bytes]
"""A path, the content itself, or a file opened for reading bytes."""

_LARGEST = 512 * 1024 * 1024


class File(Model):
    """An uploaded file; ``bytes`` is its size, ``created_at`` unix seconds. ``url`` and ``uri`` only on coze-studio."""

    id: str = ""
    bytes: int | None = None
    file_name: str = ""
    created_at: int | None = Field(default=None, validation_alias=AliasChoices("created_at", "CreatedAt"))
    url: str = ""
    uri: str = ""


class Pipe:
    """A file that is read once only and whose `head` was looked at; it tells no size, as systems tell a wrong one."""

    def __init__(self, head: bytes, file: IO[bytes] | io.BufferedReader) -> None:
        self._head = head
        self._file = file
        self._begun = False

    def read(self, size: int = -1) -> bytes:
        """The head, then what follows it."""
        self._begun = True
        head, self._head = self._head, b""
        return head or self._file.read(size)

    def seekable(self) -> bool:
        """True as long as it stands at its beginning."""
        return not self._begun

    def seek(self, offset: int) -> int:
        """Nothing: it stands at its beginning, or nowhere that it could leave."""
        return offset


class Upload(NamedTuple):
    """A file on its way: the name it will have, and its bytes or the open file they are read from piece by piece."""

    name: str
    content: io.BufferedIOBase | IO[bytes] | Pipe | bytes

    @property
    def repeatable(self) -> bool:
        """True if it can be sent again from its beginning."""
        return isinstance(self.content, bytes) or self.content.seekable()

    def part(self) -> tuple[str, IO[bytes] | bytes, str]:
        """Name, content and MIME type, as a multipart body needs them."""
        content = self.content
        if not isinstance(content, bytes) and content.seekable():
            content.seek(0)
        return self.name, content, mime_of(self.name)  # type: ignore[return-value]  # both kinds of file read bytes


class Files(Resource[ConcurrencyT]):
    """Uploads."""

    @flow
    async def upload(self, file: Source, *, name: str | None = None) -> File:
        """Upload a file; its id is then good in messages of the same account.

        `file`: a path, bytes, or a file opened in binary mode; it is read piece by piece while it is sent. `name`
        (default: the file's own) gets the extension that the content proves, since Coze goes by it. Raises
        ConfigurationError for an empty or too large file (512 MB) and OSError for a path that cannot be read. An upload
        is sent again only if nothing of it can have arrived.
        """
        with _opened(file, name) as upload:
            return await self._session.send(upload_request(upload))

    @call
    def retrieve(self, *, file_id: str) -> Request[File]:
        """What Coze knows of an uploaded file (not on coze-studio)."""
        return Request("GET", "/v1/files/retrieve", Payload(File), query(file_id=file_id))


def upload_request(upload: Upload) -> Request[File]:
    """The request that uploads a file; raises ConfigurationError for empty content."""
    if isinstance(upload.content, bytes):
        _check_size(len(upload.content))
    return Request("POST", "/v1/files/upload", Payload(File), kind=Kind.START, upload=upload)


@contextmanager
def _opened(file: Source, name: str | None) -> Iterator[Upload]:
    if isinstance(file, (bytes, bytearray, memoryview)):
        content = bytes(file)
        yield Upload(mend_name(name or "file", content[:HEAD_BYTES]), content)
    elif isinstance(file, (str, PathLike)):
        with Path(file).open("rb") as opened:
            yield _measured(opened, name or Path(file).name)
    elif hasattr(file, "read"):
        yield _measured(file, name or _own_name(file))
    else:
        raise ConfigurationError(f"A file is a path, bytes or a binary file object, not {type(file).__name__}")


def _own_name(file: IO[bytes]) -> str:
    name = getattr(file, "name", None)
    return Path(name).name if isinstance(name, str) and not name.startswith("<") else "file"


def _measured(file: IO[bytes] | io.BufferedReader, name: str) -> Upload:
    if isinstance(file.read(0), str):
        raise ConfigurationError("The file is open as text", cure='Open it in binary mode: open(path, "rb")')
    if not file.seekable():
        head = file.read(HEAD_BYTES)
        _check_size(len(head))
        return Upload(mend_name(name, head), Pipe(head, file))
    _check_size(file.seek(0, io.SEEK_END))
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return Upload(mend_name(name, head), file)


def _check_size(size: int) -> None:
    if size == 0:
        raise ConfigurationError("The file is empty; Coze refuses empty files (4300)")
    if size > _LARGEST:
        raise ConfigurationError(f"The file has {size} bytes; Coze takes {_LARGEST} (512 MB) at most (4302)")
