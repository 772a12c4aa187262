"""Who is calling: tokens as the session asks for them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from coze_client.errors import ConfigurationError
from coze_client.face import Face

TokenFunction = Callable[[], str | Awaitable[str]]


@runtime_checkable
class Credentials(Protocol):
    """Something that knows how to get a token, and a new one when Coze refuses the last."""

    async def token(self, face: Face) -> str:
        """A token to sign the next request with; awaits only `face`."""
        ...

    async def renew(self, face: Face, refused: str) -> bool:
        """Called once when Coze refused the token `refused`; True if another one can be had now."""
        ...


@dataclass(frozen=True)
class PersonalToken:
    """A personal or service access token, as made in Coze's settings; never shown in a repr."""

    secret: str = field(repr=False)

    async def token(self, face: Face) -> str:
        return self.secret

    async def renew(self, face: Face, refused: str) -> bool:
        return False


class EnvironmentToken:
    """The token of ``COZE_API_TOKEN``, else ``COZE_API_KEY``; read anew wherever the client is unpickled."""

    async def token(self, face: Face) -> str:
        return token_from_environment()

    async def renew(self, face: Face, refused: str) -> bool:
        return token_from_environment() != refused


class TokenCall(NamedTuple):
    """A function of the user's own that answers with a token each time it is asked (it does the caching)."""

    function: TokenFunction

    async def token(self, face: Face) -> str:
        return await face.call(self.function)

    async def renew(self, face: Face, refused: str) -> bool:
        return True


def credentials(token: str | TokenFunction | Credentials | None) -> Credentials:
    """What a client was given as ``token=``, as credentials; ``None`` means the environment."""
    if token is None:
        token_from_environment()
        return EnvironmentToken()
    if isinstance(token, str):
        return PersonalToken(checked_token(token))
    if isinstance(token, Credentials):
        return token
    if callable(token):
        return TokenCall(token)
    raise ConfigurationError(f"token is text, a function or credentials, not {type(token).__name__}")


def token_from_environment() -> str:
    """``COZE_API_TOKEN``, else ``COZE_API_KEY``; raises ConfigurationError if neither is set."""
    found = os.environ.get("COZE_API_TOKEN") or os.environ.get("COZE_API_KEY")
    if not found:
        raise ConfigurationError(
            "No token was given",
            cure="Pass token=…, or set COZE_API_TOKEN. To try without an account: python -m coze_client.emulator",
        )
    return checked_token(found)


def checked_token(token: object) -> str:
    """A token, stripped; for what can be none raises ConfigurationError, which does not show it."""
    text = token.strip() if isinstance(token, str) else ""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(
            "The token is empty or has characters that no token has (spaces, line ends, non-ASCII)"
        )
    return text
