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

NICKNAME = "Emulated User"


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


def describe_user(backend: Backend, account: str) -> dict[str, object]:
    """Return the JSON of the user who made something."""
    return {"id": account, "name": _name_of(backend, account), "nickname": NICKNAME, "avatar_url": ""}


async def me(backend: Backend, request: IncomingRequest) -> Reply:
    name = _name_of(backend, request.account)
    return JsonReply({"user_id": request.account, "user_name": name, "nick_name": NICKNAME, "avatar_url": ""})


def _name_of(backend: Backend, account: str) -> str:
    user = backend.state.get(User, account)
    return user.name if user else "emulated"


ENDPOINTS = (Endpoint("GET", "/v1/users/me", (), me),)
