"""A file on its way to Coze: a name, and the bytes or the open file that they are read from."""

from __future__ import annotations

import io
from typing import IO, NamedTuple

from coze_client.core.media import mime_of


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
