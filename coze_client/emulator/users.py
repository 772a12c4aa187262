"""Who the token belongs to."""

from __future__ import annotations

from .backend import Backend
from .endpoint import Endpoint
from .reply import Payload, Reply
from .request import Request


async def me(_backend: Backend, request: Request) -> Reply:
    return Payload(
        {"user_id": request.account, "user_name": "emulated", "nick_name": "Emulated User", "avatar_url": ""}
    )


ENDPOINTS = (Endpoint("GET", "/v1/users/me", (), me),)
