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

from coze_client.auth import Credentials, PersonalToken
from coze_client.errors import ConfigurationError
from coze_client.jwt import JWT
from coze_client.oauth import PKCE, DeviceCode, OAuthApp, WebOAuth
from coze_client.token_store import MemoryStore, TokenStore

_APPS: Mapping[str, type[OAuthApp]] = {"web": WebOAuth, "pkce": PKCE, "device": DeviceCode}


def from_config(
    source: str | os.PathLike[str] | Mapping[str, object] | bytes,
    *,
    store: TokenStore | None = None,
    user: str = "",
    redirect_uri: str | None = None,
) -> OAuthApp | JWT:
    """Credentials from the official configuration file of an OAuth app: its path, its bytes, or the parsed object.

    What was read from a path can be pickled: it is read anew. Raises ConfigurationError for an unknown client_type or
    a missing key, and OSError for a path that cannot be read.
    """
    found = _made(_parsed(source), store, user, redirect_uri)
    if isinstance(source, (str, os.PathLike)):
        kept = None if isinstance(found.store, MemoryStore) else store
        found.origin = (_read_anew, (os.fspath(source), kept, user, redirect_uri))
    return found


def _read_anew(path: str, store: TokenStore | None, user: str, redirect_uri: str | None) -> OAuthApp | JWT:
    return from_config(path, store=store, user=user, redirect_uri=redirect_uri)


def _made(
    config: Mapping[str, object], store: TokenStore | None, user: str, redirect_uri: str | None
) -> OAuthApp | JWT:
    kind = str(config.get("client_type") or "")
    www, base = _text(config, "coze_www_base"), _text(config, "coze_api_base")
    if kind == "jwt":
        return JWT(
            _needed(config, "client_id"),
            private_key=_needed(config, "private_key"),
            public_key_id=_needed(config, "public_key_id"),
            store=store,
            base_url=base,
        )
    if kind not in _APPS:
        raise ConfigurationError(f"client_type is web, pkce, device or jwt, not {kind!r}")
    return _APPS[kind](
        _needed(config, "client_id"),
        client_secret=_needed(config, "client_secret") if kind == "web" else None,
        redirect_uri=redirect_uri or _text(config, "redirect_uri"),
        store=store,
        user=user,
        base_url=base,
        www_base_url=www,
    )


def from_env(store: TokenStore | None = None) -> Credentials:
    """Credentials of whatever the environment tells of that needs nobody to log in.

    In this order: ``COZE_API_TOKEN`` or ``COZE_API_KEY``; a service account by ``COZE_JWT_OAUTH_CLIENT_ID``,
    ``COZE_JWT_OAUTH_PUBLIC_KEY_ID`` and ``COZE_JWT_OAUTH_PRIVATE_KEY`` (or ``…_PRIVATE_KEY_FILE_PATH``); a
    configuration file by ``COZE_OAUTH_CONFIG``. Raises ConfigurationError if none is there.
    """
    if token := os.environ.get("COZE_API_TOKEN") or os.environ.get("COZE_API_KEY"):
        return PersonalToken(token)
    if client_id := os.environ.get("COZE_JWT_OAUTH_CLIENT_ID"):
        key_id = os.environ.get("COZE_JWT_OAUTH_PUBLIC_KEY_ID")
        if not key_id:
            raise ConfigurationError("COZE_JWT_OAUTH_CLIENT_ID is set, but COZE_JWT_OAUTH_PUBLIC_KEY_ID is not")
        found = JWT(client_id, private_key=_key_from_env(), public_key_id=key_id, store=store)
        found.origin = (from_env, (None if isinstance(found.store, MemoryStore) else store,))
        return found
    if path := os.environ.get("COZE_OAUTH_CONFIG"):
        return from_config(path, store=store)
    raise ConfigurationError(
        "No token was given",
        cure="Pass token=…, or set COZE_API_TOKEN. To try without an account: python -m coze_client.emulator",
    )


def _key_from_env() -> str:
    if key := os.environ.get("COZE_JWT_OAUTH_PRIVATE_KEY"):
        return key
    path = os.environ.get("COZE_JWT_OAUTH_PRIVATE_KEY_FILE_PATH")
    if not path:
        raise ConfigurationError(
            "COZE_JWT_OAUTH_CLIENT_ID is set, but neither COZE_JWT_OAUTH_PRIVATE_KEY nor its …_FILE_PATH"
        )
    return Path(path).read_text(encoding="utf-8")


def _parsed(source: str | os.PathLike[str] | Mapping[str, object] | bytes) -> Mapping[str, Any]:  # JSON of any shape
    if isinstance(source, Mapping):
        return source
    text = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        config = json.loads(text)
    except ValueError:
        raise ConfigurationError("The OAuth configuration is not JSON") from None
    if not isinstance(config, dict):
        raise ConfigurationError("The OAuth configuration is not a JSON object")
    return cast("Mapping[str, Any]", config)


def _text(config: Mapping[str, object], key: str) -> str | None:
    return str(config[key]).rstrip("/") if config.get(key) else None


def _needed(config: Mapping[str, object], key: str) -> str:
    if not config.get(key):
        raise ConfigurationError(f"The OAuth configuration lacks {key}")
    return str(config[key])
