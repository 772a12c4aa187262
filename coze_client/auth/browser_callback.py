"""A local HTTP server that receives the callback of a login in the user's browser."""

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
    """Listens for one callback at a registered redirect URI of this machine, like ``http://127.0.0.1:8080/callback``.

    It accepts only the URI's own host and path, and only once; any other request gets HTTP 404. Use it as a context
    manager and open the browser inside, so that it listens before the callback comes. Raises ConfigurationError for
    another kind of URI, or if the port is in use.
    """

    def __init__(self, redirect_uri: str) -> None:
        parts = urlsplit(redirect_uri)
        host = _LOCAL.get(parts.hostname or "", parts.hostname or "")
        port = _port_of(redirect_uri)
        if parts.scheme != "http" or not port or not _is_loopback(host):
            raise ConfigurationError(
                "redirect_uri must be a local URI with a port, like http://127.0.0.1:8080/callback",
                cure="Register such a URI with the OAuth app; a web app uses a route of its own and oauth.finish()",
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
            raise ConfigurationError(
                f"Cannot listen at {self.redirect_uri}: {error.strerror or error}",
                cure="Stop the program that uses this port, or register a redirect URI with another port",
            ) from error
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def wait(self, seconds: float = 300.0) -> str:
        """Wait for the callback and return its URL, which is secret.

        Raises TimedOut after `seconds`, AccessDenied if another thread calls ``cancel``.
        """
        try:
            target = self._targets.get(timeout=seconds)
        except Empty:
            raise TimedOut(
                f"The user did not finish the login within {seconds:g} s", cure="Start the login again"
            ) from None
        if target is None:
            raise AccessDenied("The login was cancelled")
        return f"http://{urlsplit(self.redirect_uri).netloc}{target}"

    def receive(self, show: Callable[[], object], seconds: float) -> str:
        """Listen, call `show` to open the login page, and wait: all in one call, to run in a thread."""
        with self:
            show()
            return self.wait(seconds)

    def cancel(self) -> None:
        """End ``wait`` from any thread."""
        self._targets.put(None)


def _server(address: tuple[str, int]) -> type[ThreadingHTTPServer]:
    """A threaded server, because browsers open extra connections and send nothing on them."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET

    return Server


def _handler(wanted: tuple[str, str], targets: SimpleQueue[str | None]) -> type[BaseHTTPRequestHandler]:
    first = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0

        def do_GET(self) -> None:
            requested = (self.headers.get("Host", "").lower(), urlsplit(self.path).path)
            accepted = requested == wanted and first.acquire(blocking=False)
            self.send_response(200 if accepted else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if accepted:
                self.wfile.write(_PAGE)
                targets.put(self.path)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Log nothing: the URL contains the code and the state."""

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
