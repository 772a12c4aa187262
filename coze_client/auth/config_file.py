"""Credentials from a configuration: the official file format of Coze's OAuth apps, or environment variables.

Keys of the file: client_type (web, pkce, device, jwt), client_id, client_secret, private_key, public_key_id,
coze_api_base, coze_www_base.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from coze_client.auth.credentials import Credentials, PersonalToken, no_token, token_from_environment
from coze_client.auth.grants import PKCE, DeviceCode, UserGrant, WebOAuth
from coze_client.auth.jwt import JWT
from coze_client.auth.token_store import MemoryStore, TokenStore
from coze_client.errors import ConfigurationError

_IN_MEMORY = MemoryStore()
_APPS: Mapping[str, type[UserGrant]] = {"web": WebOAuth, "pkce": PKCE, "device": DeviceCode}


def from_config(
    source: str | os.PathLike[str] | Mapping[str, object] | bytes,
    *,
    store: TokenStore | None = None,
    user: str = "",
    redirect_uri: str | None = None,
) -> UserGrant | JWT:
    """Credentials from the official configuration file of an OAuth app: its path, its bytes, or the parsed object.

    `user` separates users in the `store`; of a service account it is the session name. What was read from a path can be
    pickled: it is read anew. Raises ConfigurationError for a file that cannot be read, an unknown client_type or a
    missing key.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _made(_parsed(source), store, user, redirect_uri)
    path = Path(source).expanduser().absolute()
    found = _made(_parsed(_read(path)), store, user, redirect_uri)
    found.origin = (_read_anew, (path, _portable(store), user, redirect_uri))
    return found


def _read_anew(path: Path, store: TokenStore | None, user: str, redirect_uri: str | None) -> UserGrant | JWT:
    return from_config(path, store=store, user=user, redirect_uri=redirect_uri)


def _portable(store: TokenStore | None) -> TokenStore | None:
    """A store as it goes into a pickle: what is only in memory stays here."""
    return None if isinstance(store, MemoryStore) else store


def _made(
    config: Mapping[str, object], store: TokenStore | None, user: str, redirect_uri: str | None
) -> UserGrant | JWT:
    kind = str(config.get("client_type") or "")
    if kind == "jwt":
        return JWT(
            _needed(config, "client_id"),
            private_key=_needed(config, "private_key"),
            public_key_id=_needed(config, "public_key_id"),
            session_name=user or None,
            store=store,
            base_url=_text(config, "coze_api_base"),
        )
    if kind not in _APPS:
        raise ConfigurationError(f"client_type is web, pkce, device or jwt, not {kind!r}")
    return _APPS[kind](
        _needed(config, "client_id"),
        client_secret=_needed(config, "client_secret") if kind == "web" else None,
        redirect_uri=redirect_uri or _text(config, "redirect_uri"),
        store=store,
        user=user,
        base_url=_text(config, "coze_api_base"),
        www_base_url=_text(config, "coze_www_base"),
    )


def from_env(store: TokenStore | None = None) -> Credentials:
    """Credentials of whatever the environment tells of that needs nobody to log in.

    In this order: ``COZE_API_TOKEN`` or ``COZE_API_KEY``; a service account by ``COZE_JWT_OAUTH_CLIENT_ID``,
    ``COZE_JWT_OAUTH_PUBLIC_KEY_ID`` and ``COZE_JWT_OAUTH_PRIVATE_KEY`` (or ``…_PRIVATE_KEY_FILE_PATH``); a
    configuration file by ``COZE_OAUTH_CONFIG``. Without a `store`, all of this process share one in memory. Raises
    ConfigurationError if none is there.
    """
    store = _IN_MEMORY if store is None else store
    if token := token_from_environment():
        return PersonalToken(token)
    if client_id := os.environ.get("COZE_JWT_OAUTH_CLIENT_ID"):
        key_id = os.environ.get("COZE_JWT_OAUTH_PUBLIC_KEY_ID")
        if not key_id:
            raise ConfigurationError("COZE_JWT_OAUTH_CLIENT_ID is set, but COZE_JWT_OAUTH_PUBLIC_KEY_ID is not")
        found = JWT(client_id, private_key=_key_from_env(), public_key_id=key_id, store=store)
        found.origin = (from_env, (_portable(store),))
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
    return _read(Path(path)).decode("utf-8", "replace")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error


def _parsed(source: Mapping[str, object] | bytes) -> Mapping[str, Any]:  # JSON of any shape
    if isinstance(source, Mapping):
        return source
    try:
        config = json.loads(source)
    except ValueError:
        raise ConfigurationError("The OAuth configuration is not JSON") from None
    if not isinstance(config, dict):
        raise ConfigurationError("The OAuth configuration is not a JSON object")
    return cast("Mapping[str, Any]", config)


def _text(config: Mapping[str, object], key: str) -> str | None:
    return str(config[key]) if config.get(key) else None


def _needed(config: Mapping[str, object], key: str) -> str:
    if not config.get(key):
        raise ConfigurationError(f"The OAuth configuration lacks {key}")
    return str(config[key])
