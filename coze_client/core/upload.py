"""A file to upload: its name, and its bytes or the open file that provides them."""

from __future__ import annotations

import io
from typing import IO, NamedTuple

from coze_client.core.media import mime_of


class Pipe:
    """A file that can be read only once, and whose first bytes, `head`, were read already.

    It reports no size, because operating systems report a wrong one for pipes.
    """

    def __init__(self, head: bytes, file: IO[bytes] | io.BufferedReader) -> None:
        self._head = head
        self._file = file
        self._started = False

    def read(self, size: int = -1) -> bytes:
        """Return the head, then the rest of the file."""
        self._started = True
        head, self._head = self._head, b""
        return head or self._file.read(size)

    def seekable(self) -> bool:
        """True until the first read."""
        return not self._started

    def seek(self, offset: int) -> int:
        """Do nothing: before the first read the file is at its beginning, and later it cannot move."""
        return offset


class Upload(NamedTuple):
    """A file to upload: the name that it gets, and its bytes or an open file, which is read piece by piece.

    ``field``: the part of the multipart body that it becomes.
    """

    name: str
    content: io.BufferedIOBase | IO[bytes] | Pipe | bytes
    field: str = "file"

    @property
    def repeatable(self) -> bool:
        """True if it can be sent again from the beginning."""
        return isinstance(self.content, bytes) or self.content.seekable()

    def part(self) -> tuple[str, IO[bytes] | bytes, str]:
        """Name, content and MIME type for a multipart body; a seekable file is moved to its beginning."""
        content = self.content
        if not isinstance(content, bytes) and content.seekable():
            content.seek(0)
        return self.name, content, mime_of(self.name)  # type: ignore[return-value]  # both kinds of file read bytes
