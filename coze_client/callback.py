"""Where the browser comes back to after a login, on the user's own machine."""

from __future__ import annotations

import ipaddress
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from coze_client.errors import ConfigurationError, TimedOut

if TYPE_CHECKING:
    from typing_extensions import Self

_PAGE = b"<!doctype html><meta charset=utf-8><title>Coze</title><p>You are logged in. This window can be closed.</p>"


class Callback:
    """Listens for one callback at a registered redirect URI, which must be of this machine: ``http://127.0.0.1:…``.

    Only the URI's own path is answered, and only once; everything else gets 404. Use it as a context manager around
    opening the browser, so that it listens before the user can come back.
    """

    def __init__(self, redirect_uri: str) -> None:
        parts = urlsplit(redirect_uri)
        if parts.scheme != "http" or not parts.port or not _is_loopback(parts.hostname or ""):
            raise ConfigurationError(
                "The local callback works for redirect URIs like http://127.0.0.1:8080/callback, with a port",
                cure="Register such a one with the OAuth app; web apps have a route of their own instead",
            )
        self.redirect_uri = redirect_uri
        self._path = parts.path or "/"
        self._address = ("127.0.0.1" if parts.hostname == "localhost" else parts.hostname or "", parts.port)
        self._urls: SimpleQueue[str] = SimpleQueue()
        self._server: HTTPServer | None = None

    def __enter__(self) -> Self:
        try:
            self._server = HTTPServer(self._address, _handler(self._path, self._urls))
        except OSError as error:
            raise ConfigurationError(f"Nothing can listen at {self.redirect_uri}: {error}") from error
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def wait(self, seconds: float = 300.0) -> str:
        """The URL that the browser came back with; secret. Raises TimedOut after `seconds`."""
        try:
            return (
                f"{urlsplit(self.redirect_uri)._replace(path='', query='').geturl()}{self._urls.get(timeout=seconds)}"
            )
        except Empty:
            raise TimedOut(f"Nobody came back from the login within {seconds:g} s", cure="Begin again") from None


def _handler(path: str, urls: SimpleQueue[str]) -> type[BaseHTTPRequestHandler]:
    taken = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mine = urlsplit(self.path).path == path and taken.acquire(blocking=False)
            self.send_response(200 if mine else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if mine:
                self.wfile.write(_PAGE)
                urls.put(self.path)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Codes and states are not for logs."""

    return Handler


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
