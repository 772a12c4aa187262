"""A loopback server whose connections are served by a function of the test, byte by byte if it likes."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType

from typing_extensions import Self

if sys.platform == "linux":
    import fcntl

    _UNSENT_BYTES = 0x894B  # SIOCOUTQNSD of linux/sockios.h; TIOCOUTQ also counts bytes that wait for an ACK

Handler = Callable[["Line"], object]


class Line:
    """One connection of a `ScriptedServer`, as its handler sees it."""

    def __init__(self, server: ScriptedServer, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self._incoming = connection.makefile("rb")

    def read_request(self) -> bytes:
        """Read one request; return its head, or nothing if the client closed the connection."""
        head = line = self._incoming.readline()
        length = 0
        while line.strip():
            line = self._incoming.readline()
            head += line
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self._incoming.read(length)
        if head:
            self.server.requests.append(head)
        return head

    def send(self, data: bytes) -> None:
        """Send bytes at once."""
        self.connection.sendall(data)

    def wait_until_delivered(self) -> None:
        """Wait until the client's machine has all bytes that were sent; elsewhere than on Linux, do not wait."""
        while sys.platform == "linux" and not self.server.over.wait(0.001):
            try:
                unsent = fcntl.ioctl(self.connection.fileno(), _UNSENT_BYTES, bytes(4))
            except OSError:  # the client closed the connection
                return
            if not int.from_bytes(unsent, sys.byteorder):
                return

    def dribble(self, pieces: Iterable[bytes], seconds: float = 0.02) -> None:
        """Send the pieces with pauses between them, until the server or the client ends it."""
        for piece in pieces:
            if self.server.over.wait(seconds):
                return
            self.connection.sendall(piece)

    def wait(self) -> None:
        """Do nothing until the server ends."""
        self.server.over.wait(60)

    def close(self) -> None:
        """Close the connection."""
        self._incoming.close()
        self.connection.close()


class ScriptedServer:
    """Runs `handler` for each connection, in a thread of its own; then closes the connection.

    ``requests``: the heads of the requests that handlers have read. ``over``: set when the server ends.
    ``begun`` and ``answered``: for a handler and its test.
    """

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._tls = tls
        self.requests: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self.begun = threading.Event()
        self.answered = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(60)
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            line = Line(self, connection)
        except OSError:
            connection.close()
            return
        self._open.add(connection)
        try:
            self._handler(line)
        except (OSError, ValueError):
            pass
        finally:
            self._open.discard(connection)
            line.close()


def json_answer(body: bytes = b'{"code":0,"data":{"id":"1"}}', status: str = "200 OK", headers: str = "") -> bytes:
    """An HTTP response with a JSON body."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode("latin-1") + body
