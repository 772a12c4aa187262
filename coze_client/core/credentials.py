"""Credentials: how a session gets a token for each request, and a new one when Coze refuses it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

from coze_client.core.concurrency import Concurrency
from coze_client.core.config import Config
from coze_client.core.masking import SecretText
from coze_client.core.request import Request
from coze_client.errors import ConfigurationError

T = TypeVar("T")

_QUOTES = "\"'`"
_SCHEME = "bearer"


class Caller(Protocol):
    """The part of a session that credentials may use: its settings, waiting and sending."""

    @property
    def config(self) -> Config:
        """The settings of the client that needs the token, with the server's address and the deadline."""
        ...

    @property
    def concurrency(self) -> Concurrency:
        """How this client waits: blocking or on asyncio."""
        ...

    async def send(self, request: Request[T], credentials: Credentials | None = None) -> T:
        """Send a request, signed with `credentials` (default: the client's own), and return its value."""
        ...


TokenFunction = Callable[[], str | Awaitable[str]]


@runtime_checkable
class Credentials(Protocol):
    """A source of tokens. A class of your own needs these two methods and awaits only `caller`."""

    async def token(self, caller: Caller) -> str:
        """Return the token that signs the next request."""
        ...

    async def renew(self, caller: Caller, refused: str) -> bool:
        """Called once when Coze has refused the token `refused`; True if ``token`` now returns another one."""
        ...


@dataclass(frozen=True)
class PersonalToken:
    """A personal or service access token, created in Coze's settings. A repr never shows it.

    Raises ConfigurationError for text that cannot be a token. A pickle contains the token in clear text.
    """

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "secret", checked_token(self.secret))

    async def token(self, caller: Caller) -> str:
        return self.secret

    async def renew(self, caller: Caller, refused: str) -> bool:
        return False


class FunctionCredentials(NamedTuple):
    """A user's function, blocking or async, that returns a token; called for each request, so it does the caching."""

    function: TokenFunction

    async def token(self, caller: Caller) -> str:
        return await caller.concurrency.call(self.function)

    async def renew(self, caller: Caller, refused: str) -> bool:
        return True


def checked_token(token: object) -> str:
    """Return a token without surrounding spaces and quotes.

    Raises ConfigurationError for a value that cannot be a token; the error never shows it.
    """
    text = SecretText(_unquoted(token) if isinstance(token, str) else "")
    del token  # a local variable is shown by tools that report errors
    if any(quote in text for quote in _QUOTES) or text.lower().split(" ")[0] == _SCHEME:
        raise ConfigurationError(
            "The token begins with Bearer, or contains quotes", cure="Give the token alone: the client adds Bearer"
        )
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(
            "The token is empty, or it contains spaces, line ends or non-ASCII characters",
            cure="Copy the token again, without quotes and line ends",
        )
    return text


def _unquoted(token: str) -> str:
    text = token.strip()
    while len(text) > 1 and text[0] in _QUOTES and text[0] == text[-1]:
        text = text[1:-1].strip()
    return text
