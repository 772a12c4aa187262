"""What the session and the transport exchange: an HTTP request to send, and an HTTP response to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, Protocol

from coze_client.core.config import Timeout
from coze_client.core.response import RawResponse
from coze_client.errors import ProtocolError, TimedOut

if TYPE_CHECKING:
    from typing_extensions import Self

    from coze_client.core.upload import Upload

_LARGEST_BODY = 256 * 1024 * 1024
_SHORTEST_WAIT = 0.001


class Wait(float):
    """How many seconds one wait may take, which also ends at ``deadline``, a time of the monotonic clock."""

    __slots__ = ("deadline",)
    deadline: float

    def __new__(cls, seconds: float, deadline: float) -> Self:
        """Return a wait; the HTTP library passes it on to each read and write as any other number."""
        wait = super().__new__(cls, seconds)
        wait.deadline = deadline
        return wait


def seconds_left(timeout: float | None) -> float | None:
    """How long a wait that begins now may take: `timeout`, or less if its deadline is nearer."""
    if isinstance(timeout, Wait):
        return max(min(float(timeout), timeout.deadline - monotonic()), _SHORTEST_WAIT)
    return timeout


class HttpRequest(NamedTuple):
    """A request ready to be sent: absolute URL and all headers.

    The body is `content` (JSON), or a multipart form with the texts of `form` and the file `upload`, or empty.
    `deadline` is a time of the monotonic clock; it is infinite if the call has no deadline.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    upload: Upload | None
    form: Mapping[str, str] | None
    timeout: Timeout
    deadline: float

    def __repr__(self) -> str:  # the headers hold a token, and the body of a login a secret
        return f"HttpRequest({self.method} {self.url})"


class HttpResponse(Protocol):
    """A response whose headers have arrived and whose body is still to be read."""

    @property
    def head(self) -> RawResponse:
        """The status and the headers; ``content`` is empty."""
        ...

    async def next_piece(self) -> bytes:
        """The next piece of the body, b"" at its end; raises TransportError."""
        ...

    def put_back(self, piece: bytes) -> None:
        """Put a piece before the rest of the body."""

    def end_at(self, deadline: float) -> None:
        """End every further wait for a piece at `deadline`, a time of the monotonic clock, or before."""

    async def read_chunks(self, receive: Callable[[bytes], bool]) -> None:
        """Pass each piece of the body to `receive` until the body ends or `receive` returns True.

        Raises TransportError.
        """

    async def drain(self, seconds: float, enough: Callable[[bytes], bool] = ...) -> None:
        """Read the rest of a stream until a piece is `enough`; stop silently after `seconds`, 64 pieces or an error.

        By default no piece is enough: the connection of a stream that was read to its end can be used again.
        """

    async def abort(self) -> None:
        """Break the connection; a thread that is reading from it wakes up."""

    async def close(self) -> None:
        """Release the connection; a second call does nothing."""


class Transport(Protocol):
    """Sends one HTTP request, without retries."""

    async def open(self, http_request: HttpRequest) -> HttpResponse:
        """Send the request and return its response as soon as the headers arrive; raises TransportError."""
        ...

    async def close(self) -> None:
        """Close the idle connections; a later request opens new ones."""


class BodyBuffer:
    """Collects the pieces of a response body; limits its size to 256 MB and its time to the call's deadline."""

    def __init__(self, head: RawResponse, deadline: float) -> None:
        self._head = head
        self._deadline = deadline
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> bool:
        """Keep a piece; always False, so that reading goes on. Raises ProtocolError or TimedOut at a limit."""
        self._size += len(piece)
        if self._size > _LARGEST_BODY:
            raise ProtocolError(f"The response is larger than {_LARGEST_BODY} bytes")
        if monotonic() > self._deadline:
            raise TimedOut(
                "The response took longer than timeout.deadline",
                cure="Raise timeout.deadline if the call needs more time",
            )
        self._pieces.append(piece)
        return False

    def response(self) -> RawResponse:
        """The response with the body as collected."""
        return self._head._replace(content=b"".join(self._pieces))
