"""Credentials from the configuration file that Coze offers for an OAuth app.

Its keys: client_type (web, pkce, device, jwt), client_id, client_secret, private_key, public_key_id,
coze_api_base, coze_www_base.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from coze_client.auth.grants import PKCE, DeviceCode, UserGrant, WebOAuth
from coze_client.auth.jwt import JWT
from coze_client.auth.token_store import MemoryStore, TokenStore
from coze_client.core.json_text import load_json
from coze_client.errors import ConfigurationError

IN_MEMORY = MemoryStore()
"""The store of credentials from the environment: one for the whole process."""

_APPS: Mapping[str, type[UserGrant]] = {"web": WebOAuth, "pkce": PKCE, "device": DeviceCode}


def from_config(
    source: str | os.PathLike[str] | Mapping[str, object] | bytes,
    *,
    store: TokenStore | None = None,
    user: str = "",
    redirect_uri: str | None = None,
) -> UserGrant | JWT:
    """Credentials from the configuration file that Coze offers for an OAuth app.

    `source`: the path of the file, its bytes, or the parsed JSON object. `store`: where tokens are stored (default: in
    memory). `user`: separates users in the store; for a service account it is the session name. `redirect_uri`: instead
    of the file's. Credentials from a path can be pickled; the file is read again where they are unpickled. Raises
    ConfigurationError for a file that cannot be read, an unknown client_type or a missing key.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _credentials(_parsed(source), store, user, redirect_uri)
    path = Path(source).expanduser().absolute()
    credentials = _credentials(_parsed(read_config(path)), store, user, redirect_uri)
    credentials.origin = (_read_again, (path, without_memory(store), user, redirect_uri))
    return credentials


def _read_again(path: Path, store: TokenStore | None, user: str, redirect_uri: str | None) -> UserGrant | JWT:
    return from_config(path, store=store, user=user, redirect_uri=redirect_uri)


def without_memory(store: TokenStore | None) -> TokenStore | None:
    """The store for a pickle: ``None`` instead of a MemoryStore, whose tokens must not leave the process."""
    return None if isinstance(store, MemoryStore) else store


def _credentials(
    config: Mapping[str, object], store: TokenStore | None, user: str, redirect_uri: str | None
) -> UserGrant | JWT:
    kind = str(config.get("client_type") or "")
    if kind == "jwt":
        return JWT(
            _required(config, "client_id"),
            private_key=_required(config, "private_key"),
            public_key_id=_required(config, "public_key_id"),
            session_name=user or None,
            store=store,
            base_url=_text(config, "coze_api_base"),
        )
    if kind not in _APPS:
        raise ConfigurationError(f"client_type must be web, pkce, device or jwt, not {kind!r}")
    return _APPS[kind](
        _required(config, "client_id"),
        client_secret=_required(config, "client_secret") if kind == "web" else None,
        redirect_uri=redirect_uri or _text(config, "redirect_uri"),
        store=store,
        user=user,
        base_url=_text(config, "coze_api_base"),
        www_base_url=_text(config, "coze_www_base"),
    )


def read_config(path: Path) -> bytes:
    """The bytes of a file; raises ConfigurationError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error


def _parsed(source: Mapping[str, object] | bytes) -> Mapping[str, Any]:  # JSON of any shape
    if isinstance(source, Mapping):
        return source
    try:
        config = load_json(source)
    except ValueError:
        raise ConfigurationError("The OAuth configuration is not JSON") from None
    if not isinstance(config, dict):
        raise ConfigurationError("The OAuth configuration is not a JSON object")
    return cast("Mapping[str, Any]", config)


def _text(config: Mapping[str, object], key: str) -> str | None:
    return str(config[key]) if config.get(key) else None


def _required(config: Mapping[str, object], key: str) -> str:
    if not config.get(key):
        raise ConfigurationError(f"The OAuth configuration has no {key}")
    return str(config[key])
