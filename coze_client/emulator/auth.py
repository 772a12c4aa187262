"""Tokens: known or unknown, expired or revoked, with all permissions or a few."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace

from .backend import Backend
from .refusal import Refusal

ACCOUNT = "2478774393250001001"


@dataclass(frozen=True)
class Token:
    """`id` is the token itself; `scopes` None means all; `expires_at` is Unix time, None never."""

    id: str
    account: str
    scopes: list[str] | None = None
    expires_at: float | None = None
    revoked: bool = False

    @property
    def owner(self) -> str:
        return self.account


def issue(
    backend: Backend,
    scopes: Collection[str] | None = None,
    account: str = ACCOUNT,
    expires_at: float | None = None,
) -> str:
    token = Token(f"pat_{secrets.token_hex(24)}", account, None if scopes is None else sorted(scopes), expires_at)
    backend.state.save(token)
    return token.id


def revoke(backend: Backend, token: str) -> None:
    known = backend.state.get(Token, token)
    if known is not None:
        backend.state.save(replace(known, revoked=True))


def account_of(backend: Backend, bearer: str, permissions: Collection[str]) -> str:
    """Whose token it is; 4100 if it is none that works now, 4101 if it lacks one of the permissions."""
    token = backend.state.get(Token, bearer)
    if token is None or token.revoked or (token.expires_at is not None and token.expires_at <= backend.clock()):
        raise Refusal(4100)
    missing = [name for name in permissions if token.scopes is not None and name not in token.scopes]
    if missing:
        raise Refusal(4101, f"permission {', '.join(missing)} is missing")
    return token.account
