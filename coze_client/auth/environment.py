"""Credentials from environment variables, and from a client's argument ``token``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from coze_client.core.credentials import (
    Caller,
    Credentials,
    FunctionCredentials,
    PersonalToken,
    TokenFunction,
    checked_token,
)
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.auth.token_store import TokenStore

_VARIABLES = ("COZE_API_TOKEN", "COZE_API_KEY", "COZE_JWT_OAUTH_CLIENT_ID", "COZE_OAUTH_CONFIG")  # first counts


def from_env(store: TokenStore | None = None) -> Credentials:
    """Credentials from environment variables.

    The first that is set counts: the token in ``COZE_API_TOKEN`` or ``COZE_API_KEY``; a service account in
    ``COZE_JWT_OAUTH_CLIENT_ID``, ``COZE_JWT_OAUTH_PUBLIC_KEY_ID`` and ``COZE_JWT_OAUTH_PRIVATE_KEY`` (or
    ``…_PRIVATE_KEY_FILE_PATH``); the path of an OAuth configuration file in ``COZE_OAUTH_CONFIG``. Without a `store`,
    all credentials of the process share one in memory. Raises ConfigurationError if no variable is set, or one is
    invalid.
    """
    from coze_client.auth.config_file import IN_MEMORY, from_config, without_memory
    from coze_client.auth.jwt import JWT

    store = IN_MEMORY if store is None else store
    if token := token_from_environment():
        return PersonalToken(token)
    if client_id := os.environ.get("COZE_JWT_OAUTH_CLIENT_ID"):
        key_id = os.environ.get("COZE_JWT_OAUTH_PUBLIC_KEY_ID")
        if not key_id:
            raise ConfigurationError("COZE_JWT_OAUTH_CLIENT_ID is set, but COZE_JWT_OAUTH_PUBLIC_KEY_ID is not")
        found = JWT(client_id, private_key=_key_from_env(), public_key_id=key_id, store=store)
        found.origin = (from_env, (without_memory(store),))
        return found
    if path := os.environ.get("COZE_OAUTH_CONFIG"):
        return from_config(path, store=store)
    raise no_token()


def _key_from_env() -> str:
    if key := os.environ.get("COZE_JWT_OAUTH_PRIVATE_KEY"):
        return key
    path = os.environ.get("COZE_JWT_OAUTH_PRIVATE_KEY_FILE_PATH")
    if not path:
        raise ConfigurationError(
            "COZE_JWT_OAUTH_CLIENT_ID is set, but neither COZE_JWT_OAUTH_PRIVATE_KEY nor …_PRIVATE_KEY_FILE_PATH"
        )
    from coze_client.auth.config_file import read_config

    return read_config(Path(path)).decode("utf-8", "replace")


class EnvironmentToken:
    """The token in ``COZE_API_TOKEN`` or ``COZE_API_KEY``, read again for each request, also after unpickling."""

    async def token(self, caller: Caller) -> str:
        token = token_from_environment()
        if token is None:
            raise no_token()
        return token

    async def renew(self, caller: Caller, refused: str) -> bool:
        return token_from_environment() not in (None, refused)

    def __reduce__(self) -> tuple[object, ...]:
        return credentials, (None,)


def credentials(token: str | TokenFunction | Credentials | None) -> Credentials:
    """Convert a client's argument ``token`` to credentials; ``None`` means the environment.

    Raises ConfigurationError for anything else than text, a function or credentials.
    """
    if token is None:
        return EnvironmentToken() if token_from_environment() else from_env()
    if isinstance(token, str):
        return PersonalToken(token)
    if isinstance(token, Credentials):
        return token
    if callable(token):
        return FunctionCredentials(token)
    raise ConfigurationError(f"token must be text, a function or credentials, not {type(token).__name__}")


def server_of(credentials: Credentials) -> str | None:
    """The base URL of the credentials' server, or ``None``; only those of OAuth apps may have one."""
    base_url = getattr(credentials, "base_url", None)
    return base_url if isinstance(base_url, str) else None


def variable_in_use() -> str | None:
    """The name of the variable that ``from_env`` takes the token or the OAuth app from; ``None`` if none is set."""
    return next((name for name in _VARIABLES if os.environ.get(name)), None)


def token_from_environment() -> str | None:
    """The token in ``COZE_API_TOKEN`` or ``COZE_API_KEY``, or ``None``."""
    found = os.environ.get("COZE_API_TOKEN") or os.environ.get("COZE_API_KEY")
    return checked_token(found) if found else None


def no_token() -> ConfigurationError:
    """The error for a missing token; its cure names the ways to give one."""
    return ConfigurationError(
        "No token was given",
        cure="Pass token=…, or set COZE_API_TOKEN. To try without an account: python -m coze_client.emulator",
    )
