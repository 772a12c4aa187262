"""Where the browser comes back to after a login, on the user's own machine."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from coze_client.errors import AccessDenied, ConfigurationError, TimedOut

if TYPE_CHECKING:
    from typing_extensions import Self

_PAGE = b"<!doctype html><meta charset=utf-8><title>Coze</title><p>You are logged in. This window can be closed.</p>"
_LOCAL = {"localhost": "127.0.0.1"}


class Callback:
    """Listens for one callback at a registered redirect URI, which must be of this machine: ``http://127.0.0.1:…``.

    Only the URI's own host and path are answered, and only once; everything else gets 404. Use it as a context manager
    around opening the browser, so that it listens before the user can come back.
    """

    def __init__(self, redirect_uri: str) -> None:
        parts = urlsplit(redirect_uri)
        host = _LOCAL.get(parts.hostname or "", parts.hostname or "")
        port = _port_of(redirect_uri)
        if parts.scheme != "http" or not port or not _is_loopback(host):
            raise ConfigurationError(
                "The local callback works for redirect URIs like http://127.0.0.1:8080/callback, with a port",
                cure="Register such a one with the OAuth app; web apps have a route of their own instead",
            )
        self.redirect_uri = redirect_uri
        self._address = (host, port)
        self._wanted = (parts.netloc.lower(), parts.path or "/")
        self._targets: SimpleQueue[str | None] = SimpleQueue()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        try:
            self._server = _server(self._address)(self._address, _handler(self._wanted, self._targets))
        except OSError as error:
            raise ConfigurationError(f"Nothing can listen at {self.redirect_uri}: {error.strerror or error}") from error
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def wait(self, seconds: float = 300.0) -> str:
        """The URL that the browser came back with; secret.

        Raises TimedOut after `seconds`, AccessDenied if another thread calls ``cancel``.
        """
        try:
            target = self._targets.get(timeout=seconds)
        except Empty:
            raise TimedOut(f"Nobody came back from the login within {seconds:g} s", cure="Begin again") from None
        if target is None:
            raise AccessDenied("The login was cancelled")
        return f"http://{urlsplit(self.redirect_uri).netloc}{target}"

    def receive(self, show: Callable[[], object], seconds: float) -> str:
        """Listens, shows the login page, waits: the whole of it in one call, for a thread."""
        with self:
            show()
            return self.wait(seconds)

    def cancel(self) -> None:
        """Ends ``wait``, from whatever thread."""
        self._targets.put(None)


def _server(address: tuple[str, int]) -> type[ThreadingHTTPServer]:
    """Threads, since browsers open connections on which they say nothing."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET

    return Server


def _handler(wanted: tuple[str, str], targets: SimpleQueue[str | None]) -> type[BaseHTTPRequestHandler]:
    taken = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0

        def do_GET(self) -> None:
            asked = (self.headers.get("Host", "").lower(), urlsplit(self.path).path)
            mine = asked == wanted and taken.acquire(blocking=False)
            self.send_response(200 if mine else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if mine:
                self.wfile.write(_PAGE)
                targets.put(self.path)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Codes and states are not for logs."""

    return Handler


def _port_of(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
