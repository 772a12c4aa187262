"""Credentials from the official configuration file of a Coze OAuth app.

Keys of the file: client_type (web, pkce, device, jwt), client_id, client_secret, private_key, public_key_id,
coze_api_base, coze_www_base.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from coze_client.auth.grants import PKCE, DeviceCode, UserGrant, WebOAuth
from coze_client.auth.jwt import JWT
from coze_client.auth.token_store import MemoryStore, TokenStore
from coze_client.errors import ConfigurationError

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
    found = _made(_parsed(read_config(path)), store, user, redirect_uri)
    found.origin = (_read_anew, (path, without_memory(store), user, redirect_uri))
    return found


def _read_anew(path: Path, store: TokenStore | None, user: str, redirect_uri: str | None) -> UserGrant | JWT:
    return from_config(path, store=store, user=user, redirect_uri=redirect_uri)


def without_memory(store: TokenStore | None) -> TokenStore | None:
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


def read_config(path: Path) -> bytes:
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
