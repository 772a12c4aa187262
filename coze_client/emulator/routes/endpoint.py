"""A route of the API and its permissions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from coze_client.emulator.protocol.reply import Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.state.backend import Backend

Handler = Callable[[Backend, IncomingRequest], Awaitable[Reply]]


@dataclass(frozen=True)
class Endpoint:
    """A route; `path` contains `{names}`. A token with scopes needs all `permissions`; None needs no token."""

    method: str
    path: str
    permissions: tuple[str, ...] | None
    handler: Handler
