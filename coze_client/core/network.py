"""The sockets of blocking clients: every wait ends at the call's deadline, and unread bytes forbid a second use.

The connection pool gets them as its network backend, so the rules hold for TLS handshakes, proxies and bodies, too.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from threading import Event, Thread
from typing import Any, Protocol, TypeVar

import httpcore

from coze_client.core.fork import generation
from coze_client.core.http import Wait, seconds_left

T = TypeVar("T")
OTHER_PROCESS = "The connection belongs to the process that this one was forked from"
_TLS_PIECE = 65536


class Parser(Protocol):
    """What splits a connection's bytes into responses, as far as this file needs it."""

    @property
    def trailing_data(self) -> tuple[bytes, bool]:
        """The bytes that belong to no response so far, and whether the connection has ended."""
        ...


def has_unread_bytes(parser: Parser | None) -> bool:
    """True if a server sent more than its response: the rest must not become the response of the next request."""
    return parser is not None and bool(parser.trailing_data[0])


class BlockingStream(httpcore.NetworkStream):
    """A connected socket. ``parser`` is set by the transport, once the first response has arrived."""

    def __init__(self, connected: socket.socket, timeout: float | None) -> None:
        self._socket = connected
        self._usual = timeout  # a proxy's handshake gives no timeout of its own
        self._generation = generation()
        self.parser: Parser | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._limit(timeout)
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(error) from error
        except (OSError, ValueError) as error:
            raise httpcore.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            while buffer:
                self._limit(timeout)
                buffer = buffer[self._socket.send(buffer) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout(error) from error
        except (OSError, ValueError) as error:
            raise httpcore.WriteError(error) from error

    def _limit(self, timeout: float | None) -> None:
        if self._generation != generation():
            raise OSError(OTHER_PROCESS)
        seconds = seconds_left(self._usual if timeout is None else timeout)
        if seconds != self._socket.gettimeout():  # setting it is a system call
            self._socket.settimeout(seconds)

    def close(self) -> None:
        if self._generation == generation():  # in a forked child it would end the parent's connection
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # close() alone would not wake a thread that reads
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Wrap the connection in TLS; a dribbling handshake ends at the timeout, too."""
        try:
            self._limit(timeout)
            if isinstance(self._socket, ssl.SSLSocket):
                return TlsInTlsStream(self, ssl_context, server_hostname, timeout)
            wrapped = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except BaseException as error:
            self.close()
            if isinstance(error, (TimeoutError, httpcore.TimeoutException)):
                raise httpcore.ConnectTimeout(error) from error
            if isinstance(error, (OSError, ValueError, httpcore.NetworkError)):
                raise httpcore.ConnectError(error) from error
            raise
        return BlockingStream(wrapped, self._usual)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks for; ``is_readable`` of an idle connection is True if it must not be used again."""
        if info == "socket":
            return self._socket
        if info == "is_readable":
            return has_unread_bytes(self.parser) or self.has_waiting_bytes()
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        address = {"client_addr": self._socket.getsockname, "server_addr": self._socket.getpeername}.get(info)
        return address() if address else None

    def has_waiting_bytes(self) -> bool:
        """True if bytes, or the end of the connection, wait to be read."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        return is_readable(self._socket)


class TlsInTlsStream(BlockingStream):
    """TLS inside the TLS connection to a proxy."""

    def __init__(
        self, outer: BlockingStream, ssl_context: ssl.SSLContext, hostname: str | None, timeout: float | None
    ) -> None:
        super().__init__(outer.get_extra_info("socket"), timeout)
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = ssl_context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)
        self._run(self._tls.do_handshake, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._run(partial(self._tls.read, max_bytes), timeout)
        except ssl.SSLError as error:
            raise httpcore.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            while buffer:
                buffer = buffer[self._run(partial(self._tls.write, buffer), timeout) :]
        except ssl.SSLError as error:
            raise httpcore.WriteError(error) from error

    def _run(self, step: Callable[[], T], timeout: float | None) -> T:
        done: list[T] = []
        while not done:
            with suppress(ssl.SSLWantReadError):
                done.append(step())
            self._outer.write(self._outgoing.read(), timeout)
            if not done:
                received = self._outer.read(_TLS_PIECE, timeout)
                self._incoming.write(received) if received else self._incoming.write_eof()
        return done[0]

    def has_waiting_bytes(self) -> bool:
        return bool(self._incoming.pending or self._tls.pending()) or super().has_waiting_bytes()


class BlockingBackend(httpcore.NetworkBackend):
    """Opens the connections of a blocking pool."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> BlockingStream:
        try:
            connected = _connect(host, port, timeout, (local_address, 0) if local_address else None)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(error) from error
        except (OSError, ValueError) as error:
            raise httpcore.ConnectError(error) from error
        for option in socket_options or ():
            connected.setsockopt(*option)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return BlockingStream(connected, timeout)


def _connect(host: str, port: int, timeout: float | None, source: tuple[str, int] | None) -> socket.socket:
    """Connect to the first address of `host` that accepts; without a deadline, each one has the whole timeout."""
    if not isinstance(timeout, Wait):
        return socket.create_connection((host, port), timeout, source_address=source)
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in _addresses(host, port, timeout):
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(seconds_left(timeout))
            if source:
                opened.bind(source)
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
        else:
            return opened
    raise failure


def _addresses(host: str, port: int, timeout: Wait) -> list[Any]:
    """The addresses of a host. Nothing ends a look-up that hangs, so it runs in a thread that may be left behind."""
    if _is_address(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found: list[Any] = []
    failed: list[BaseException] = []
    done = Event()

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failed.append(error)
        done.set()

    Thread(target=look_up, name="coze-dns", daemon=True).start()
    if not done.wait(seconds_left(timeout)):
        raise TimeoutError(f"The address of {host} was not found within the timeout")
    if failed:
        raise failed[0]
    return found


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_readable(connected: Any) -> bool:
    """True if a read of this socket would return at once; also for a closed one."""
    descriptor = connected.fileno() if connected is not None else -1
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):  # Windows; elsewhere, select() reads no descriptor above 1,023
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
