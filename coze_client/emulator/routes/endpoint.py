"""A route and who may use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from coze_client.emulator.protocol.reply import Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.state.backend import Backend

Handler = Callable[[Backend, IncomingRequest], Awaitable[Reply]]


@dataclass(frozen=True)
class Endpoint:
    """`path` with `{names}`; `permissions` are what a token with scopes must have; None asks for no token."""

    method: str
    path: str
    permissions: tuple[str, ...] | None
    handler: Handler
