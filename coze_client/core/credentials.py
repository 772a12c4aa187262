"""Credentials: what gives the session a token for each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

from coze_client.core.concurrency import Concurrency
from coze_client.core.config import Config
from coze_client.core.request import Request
from coze_client.errors import ConfigurationError

T = TypeVar("T")


class Caller(Protocol):
    """The part of a session that credentials may use: settings, waiting, and sending."""

    @property
    def config(self) -> Config:
        """The settings of the client that asks, with the server's address and the deadline."""
        ...

    @property
    def concurrency(self) -> Concurrency:
        """How the client waits: blocking or on asyncio."""
        ...

    async def send(self, request: Request[T], credentials: Credentials | None = None) -> T:
        """Send a request, signed by `credentials` (default: the client's own), and return its value."""
        ...


TokenFunction = Callable[[], str | Awaitable[str]]


@runtime_checkable
class Credentials(Protocol):
    """Something that knows how to get a token, and a new one when Coze refuses the last."""

    async def token(self, caller: Caller) -> str:
        """A token to sign the next request with; awaits only `caller`."""
        ...

    async def renew(self, caller: Caller, refused: str) -> bool:
        """Called once when Coze refused the token `refused`; True if another one can be had now."""
        ...


@dataclass(frozen=True)
class PersonalToken:
    """A personal or service access token, as made in Coze's settings; never shown in a repr.

    Raises ConfigurationError for what can be no token. A pickle of it holds it in clear text.
    """

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "secret", checked_token(self.secret))

    async def token(self, caller: Caller) -> str:
        return self.secret

    async def renew(self, caller: Caller, refused: str) -> bool:
        return False


class TokenCall(NamedTuple):
    """A function of the user's own that answers with a token each time it is asked (it does the caching)."""

    function: TokenFunction

    async def token(self, caller: Caller) -> str:
        return await caller.concurrency.call(self.function)

    async def renew(self, caller: Caller, refused: str) -> bool:
        return True


def checked_token(token: object) -> str:
    """A token, stripped; for what can be none raises ConfigurationError, which does not show it."""
    text = token.strip() if isinstance(token, str) else ""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(
            "The token is empty or has characters that no token has (spaces, line ends, non-ASCII)"
        )
    return text
