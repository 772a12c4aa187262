"""Credentials from environment variables, and from what a client was given as ``token=``."""

from __future__ import annotations

import os
from pathlib import Path

from coze_client.auth.token_store import MemoryStore, TokenStore
from coze_client.core.credentials import (
    Caller,
    Credentials,
    FunctionCredentials,
    PersonalToken,
    TokenFunction,
    checked_token,
)
from coze_client.errors import ConfigurationError

_IN_MEMORY = MemoryStore()


def from_env(store: TokenStore | None = None) -> Credentials:
    """Credentials of whatever the environment tells of that needs nobody to log in.

    In this order: ``COZE_API_TOKEN`` or ``COZE_API_KEY``; a service account by ``COZE_JWT_OAUTH_CLIENT_ID``,
    ``COZE_JWT_OAUTH_PUBLIC_KEY_ID`` and ``COZE_JWT_OAUTH_PRIVATE_KEY`` (or ``…_PRIVATE_KEY_FILE_PATH``); a
    configuration file by ``COZE_OAUTH_CONFIG``. Without a `store`, all of this process share one in memory. Raises
    ConfigurationError if none is there.
    """
    from coze_client.auth.config_file import from_config, without_memory
    from coze_client.auth.jwt import JWT

    store = _IN_MEMORY if store is None else store
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
            "COZE_JWT_OAUTH_CLIENT_ID is set, but neither COZE_JWT_OAUTH_PRIVATE_KEY nor its …_FILE_PATH"
        )
    from coze_client.auth.config_file import read_config

    return read_config(Path(path)).decode("utf-8", "replace")


class EnvironmentToken:
    """The token of ``COZE_API_TOKEN`` or ``COZE_API_KEY``, read anew for each call and wherever it is unpickled."""

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
    """What a client was given as ``token=``, as credentials; ``None`` means the environment."""
    if token is None:
        return EnvironmentToken() if token_from_environment() else from_env()
    if isinstance(token, str):
        return PersonalToken(token)
    if isinstance(token, Credentials):
        return token
    if callable(token):
        return FunctionCredentials(token)
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
