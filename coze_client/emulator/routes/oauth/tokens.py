"""Issue, revoke and check tokens."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import ClassVar

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.request import Caller
from coze_client.emulator.state.backend import Backend

ACCOUNT = "2478774393250001001"


@dataclass(frozen=True)
class StoredToken:
    """A token; `id` is the token itself; `scopes` and `bots` None mean all; `expires_at` is Unix time, None never.

    A `refresh` token can only be exchanged for new tokens. `client_id` is the OAuth app that received the token,
    `session` the end user whom a service app named, `bots` the bot ids in its scope.
    """

    KIND: ClassVar[str] = "Token"

    id: str
    account: str
    scopes: list[str] | None = None
    expires_at: float | None = None
    revoked: bool = False
    client_id: str = ""
    refresh: bool = False
    session: str = ""
    bots: list[str] | None = None

    @property
    def owner(self) -> str:
        return self.account


def issue(
    backend: Backend,
    scopes: Collection[str] | None = None,
    account: str = ACCOUNT,
    expires_at: float | None = None,
) -> str:
    """Create and save a personal access token; return it."""
    token = StoredToken(f"pat_{secrets.token_hex(24)}", account, None if scopes is None else sorted(scopes), expires_at)
    backend.state.save(token)
    return token.id


def revoke(backend: Backend, token: str) -> None:
    """Revoke a token; does nothing if it is unknown."""
    stored = backend.state.get(StoredToken, token)
    if stored is not None:
        backend.state.save(replace(stored, revoked=True))


def revoke_grants(backend: Backend, client_id: str, account: str) -> None:
    """Revoke all tokens of an app for an account."""
    for token in backend.state.owned(StoredToken, account):
        if token.client_id == client_id:
            revoke(backend, token.id)


def find_valid_token(backend: Backend, token_id: str, *, refresh: bool = False) -> StoredToken | None:
    """Return the token if it is valid now and of the right kind, or else None."""
    token = backend.state.get(StoredToken, token_id)
    if token is None or token.revoked or token.refresh is not refresh:
        return None
    return token if token.expires_at is None or token.expires_at > backend.clock() else None


def authenticate(backend: Backend, bearer: str, permissions: Collection[str]) -> Caller:
    """Return the owner of a token; 4100 if it is not valid now, 4101 if it lacks a permission."""
    token = find_valid_token(backend, bearer)
    if token is None:
        raise ApiError(4100)
    missing = [name for name in permissions if token.scopes is not None and name not in token.scopes]
    if missing:
        raise ApiError(4101, f"permission {', '.join(missing)} is missing")
    return Caller(token.account, token.session, None if token.bots is None else frozenset(token.bots))
