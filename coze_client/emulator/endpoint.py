"""A route and who may use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .backend import Backend
from .reply import Reply
from .request import Request

Handler = Callable[[Backend, Request], Awaitable[Reply]]


@dataclass(frozen=True)
class Endpoint:
    """`path` with `{names}`; `permissions` are what a token with scopes must have; None asks for no token."""

    method: str
    path: str
    permissions: tuple[str, ...] | None
    handler: Handler
