"""The users of the OAuth pages, and the route that returns the token's user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from zlib import crc32

from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.state.backend import Backend


@dataclass(frozen=True)
class User:
    """A user; `id` is the account, `name` the name given at sign-in."""

    KIND: ClassVar[str] = "User"

    id: str
    name: str

    @property
    def owner(self) -> str:
        return self.name


def account_named(user: str) -> str:
    """Return the account of a name, always the same; "user-1" owns the emulator's own token."""
    return ACCOUNT if user == "user-1" else str(int(ACCOUNT) + 1 + crc32(user.encode()))


def sign_in(backend: Backend, user: str) -> str:
    """Save a user under their account; return the account."""
    account = account_named(user)
    backend.state.save(User(account, user))
    return account


async def me(backend: Backend, request: IncomingRequest) -> Reply:
    user = backend.state.get(User, request.account)
    name = user.name if user else "emulated"
    return JsonReply({"user_id": request.account, "user_name": name, "nick_name": "Emulated User", "avatar_url": ""})


ENDPOINTS = (Endpoint("GET", "/v1/users/me", (), me),)
