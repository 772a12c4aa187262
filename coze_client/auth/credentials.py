"""Who is calling: tokens as the session asks for them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.core.session import Session

TokenFunction = Callable[[], str | Awaitable[str]]


@runtime_checkable
class Credentials(Protocol):
    """Something that knows how to get a token, and a new one when Coze refuses the last."""

    async def token(self, session: Session) -> str:
        """A token to sign the next request with; awaits only `session`."""
        ...

    async def renew(self, session: Session, refused: str) -> bool:
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

    async def token(self, session: Session) -> str:
        return self.secret

    async def renew(self, session: Session, refused: str) -> bool:
        return False


class EnvironmentToken:
    """The token of ``COZE_API_TOKEN`` or ``COZE_API_KEY``, read anew for each call and wherever it is unpickled."""

    async def token(self, session: Session) -> str:
        token = token_from_environment()
        if token is None:
            raise no_token()
        return token

    async def renew(self, session: Session, refused: str) -> bool:
        return token_from_environment() not in (None, refused)

    def __reduce__(self) -> tuple[object, ...]:
        return credentials, (None,)


class TokenCall(NamedTuple):
    """A function of the user's own that answers with a token each time it is asked (it does the caching)."""

    function: TokenFunction

    async def token(self, session: Session) -> str:
        return await session.concurrency.call(self.function)

    async def renew(self, session: Session, refused: str) -> bool:
        return True


def credentials(token: str | TokenFunction | Credentials | None) -> Credentials:
    """What a client was given as ``token=``, as credentials; ``None`` means the environment."""
    if token is None:
        return EnvironmentToken() if token_from_environment() else _from_env()
    if isinstance(token, str):
        return PersonalToken(token)
    if isinstance(token, Credentials):
        return token
    if callable(token):
        return TokenCall(token)
    raise ConfigurationError(f"token is text, a function or credentials, not {type(token).__name__}")


def server_of(credentials: Credentials) -> str | None:
    """The server that credentials were made for, if they say so (OAuth apps do)."""
    told = getattr(credentials, "base_url", None)
    return told if isinstance(told, str) else None


def token_from_environment() -> str | None:
    """The literal token of the environment, if it has one."""
    found = os.environ.get("COZE_API_TOKEN") or os.environ.get("COZE_API_KEY")
    return checked_token(found) if found else None


def no_token() -> ConfigurationError:
    """Tells how to get one."""
    return ConfigurationError(
        "No token was given",
        cure="Pass token=…, or set COZE_API_TOKEN. To try without an account: python -m coze_client.emulator",
    )


def _from_env() -> Credentials:
    from coze_client.auth.config_file import from_env

    return from_env()


def checked_token(token: object) -> str:
    """A token, stripped; for what can be none raises ConfigurationError, which does not show it."""
    text = token.strip() if isinstance(token, str) else ""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(
            "The token is empty or has characters that no token has (spaces, line ends, non-ASCII)"
        )
    return text
