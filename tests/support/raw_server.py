"""A loopback server that sends the bytes of a test, unchanged."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import BinaryIO

from typing_extensions import Self

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def stream(*pieces: bytes, end: bool = True) -> bytes:
    """Return an event stream as chunked HTTP response; without `end` it stays open."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return HEAD % b"text/event-stream" + body + (END if end else b"")


class RawServer:
    """Answers each request with the next of `responses`, then waits until the client closes the connection.

    With `hang_up` the server closes the connection after one response. `connections` is the number of connections so
    far; `client_left` is set when one has ended. `requests` are the heads of the requests.
    """

    def __init__(self, responses: Sequence[bytes], *, hang_up: bool = False) -> None:
        self._hang_up = hang_up
        self.responses = list(responses)
        self.connections = 0
        self.requests: list[bytes] = []
        self.client_left = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as incoming:
            try:
                while request := _read_request(incoming):
                    self.requests.append(request)
                    connection.sendall(self.responses.pop(0))
                    if self._hang_up:
                        break
            except OSError:
                pass
        self.client_left.set()


def _read_request(incoming: BinaryIO) -> bytes:
    """Read one request and return its head; empty if the client closed the connection."""
    length = 0
    line = head = incoming.readline()
    while line.strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
        line = incoming.readline()
        head += line
    incoming.read(length)
    return head
