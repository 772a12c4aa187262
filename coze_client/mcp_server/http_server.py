"""The server over streamable HTTP, for clients that have a token of this server.

It listens on the loopback address unless told otherwise. A page of a browser that was led here (DNS rebinding) is
refused by its Host and its Origin, which the SDK checks.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from coze_client.client import AsyncCozeClient
from coze_client.errors import ConfigurationError
from coze_client.mcp_server.choice import Choice
from coze_client.mcp_server.server import load_server
from coze_client.mcp_server.stopping import wait_for_end

PATH = "/mcp"
TOKEN_VARIABLE = "COZE_MCP_TOKEN"  # noqa: S105 - the name of the variable
_COZE_VARIABLES = ("COZE_API_TOKEN", "COZE_API_KEY")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_ANY = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - they are looked for
_SHORTEST = 20  # characters of a token
_CLOSING_SECONDS = 3
_MAKE_ONE = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class HttpSettings:
    """Where to listen and whom to serve; port 0 chooses a free one.

    `hosts` and `origins` are accepted beside those of this machine: names by which clients reach the server, with a
    port if it is not the default one, and pages like https://example.com that call it from a browser.
    """

    token: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8643
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    @property
    def security(self) -> TransportSecuritySettings:
        """What the SDK checks; raises ConfigurationError if nothing says by which name clients come."""
        if self.host in _ANY and not self.hosts:
            raise ConfigurationError(
                "A server for other machines must know by which name they reach it", cure="Give --allow-host NAME"
            )
        own = () if self.host in _ANY or self.host in _LOOPBACK else (self.host,)
        return TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=[*(f"{name}:*" for name in (*_LOOPBACK, *own)), *self.hosts],
            allowed_origins=[*(f"http://{name}:*" for name in _LOOPBACK), *self.origins],
        )


def read_token(environment: Mapping[str, str] = os.environ) -> str:
    """The server's own token, from COZE_MCP_TOKEN; raises ConfigurationError if it is missing, short or Coze's."""
    token = environment.get(TOKEN_VARIABLE, "").strip()
    if token in {environment.get(name) for name in _COZE_VARIABLES} - {None, ""}:
        problem = f"{TOKEN_VARIABLE} is the token of Coze, which clients of this server must not know"
    elif not token:
        problem = f"An HTTP server needs a token of its own in {TOKEN_VARIABLE}"
    elif len(token) < _SHORTEST or not token.isascii():
        problem = f"{TOKEN_VARIABLE} must have {_SHORTEST} ASCII characters or more, so that nobody guesses it"
    else:
        return token
    raise ConfigurationError(problem, cure=f"Make one: {_MAKE_ONE}")


def guarded(app: App, token: str) -> App:
    """`app` at its path, for requests that have the token; the others get 404 or 401 and do not reach it."""
    expected = f"Bearer {token}".encode()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not hmac.compare_digest(given, expected):
            await _refuse(send, 401, f"Give the token of this server ({TOKEN_VARIABLE}) as a Bearer token")
        elif scope["path"].rstrip("/") != PATH:
            await _refuse(send, 404, f"The server is at {PATH}")
        else:
            await app(scope, receive, send)

    return answer


async def _refuse(send: Send, status: int, text: str) -> None:
    kind = (b"content-type", b"text/plain; charset=utf-8")
    headers = [kind, (b"www-authenticate", b"Bearer")] if status == 401 else [kind]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


class _Server(uvicorn.Server):
    """Leaves signals to ``wait_for_end``: uvicorn would end the process before the chats are cancelled."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(
    client: AsyncCozeClient, choice: Choice, settings: HttpSettings, on_ready: Callable[[str], object]
) -> None:
    """Serve until the process is told to end; `on_ready` gets the URL once clients can connect.

    Raises OSError if the address is taken.
    """
    manager = StreamableHTTPSessionManager(await load_server(client, choice), security_settings=settings.security)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.create_server((settings.host, settings.port), family=family) as listening:
        config = uvicorn.Config(
            guarded(manager.handle_request, settings.token),
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_CLOSING_SECONDS,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            async with manager.run():
                host = f"[{settings.host}]" if ":" in settings.host else settings.host
                on_ready(f"http://{host}:{listening.getsockname()[1]}{PATH}")
                await wait_for_end(serving)
        finally:  # the sessions have ended, and their streams with them
            server.should_exit = True
            await serving
