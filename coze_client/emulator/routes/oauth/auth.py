"""Tokens: known or unknown, expired or revoked, with all permissions or a few."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.request import Caller
from coze_client.emulator.state.backend import Backend

ACCOUNT = "2478774393250001001"


@dataclass(frozen=True)
class StoredToken:
    """`id` is the token itself; `scopes` and `bots` None mean all; `expires_at` is Unix time, None never.

    A `refresh` token only gets new tokens. `client_id` is the OAuth app that got the token, `session` the end user
    whom a service app named, `bots` those that its scope lists.
    """

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
    token = StoredToken(f"pat_{secrets.token_hex(24)}", account, None if scopes is None else sorted(scopes), expires_at)
    backend.state.save(token)
    return token.id


def revoke(backend: Backend, token: str) -> None:
    known = backend.state.get(StoredToken, token)
    if known is not None:
        backend.state.save(replace(known, revoked=True))


def revoke_grants(backend: Backend, client_id: str, account: str) -> None:
    """Every token that this app holds for this account."""
    for token in backend.state.owned(StoredToken, account):
        if token.client_id == client_id:
            revoke(backend, token.id)


def living(backend: Backend, token_id: str, *, refresh: bool = False) -> StoredToken | None:
    """The token, if it works now and is of the right sort."""
    token = backend.state.get(StoredToken, token_id)
    if token is None or token.revoked or token.refresh is not refresh:
        return None
    return token if token.expires_at is None or token.expires_at > backend.clock() else None


def caller_of(backend: Backend, bearer: str, permissions: Collection[str]) -> Caller:
    """Whose token it is; 4100 if it is none that works now, 4101 if it lacks one of the permissions."""
    token = living(backend, bearer)
    if token is None:
        raise Refusal(4100)
    missing = [name for name in permissions if token.scopes is not None and name not in token.scopes]
    if missing:
        raise Refusal(4101, f"permission {', '.join(missing)} is missing")
    return Caller(token.account, token.session, None if token.bots is None else frozenset(token.bots))
