"""Calls that only a self-hosted coze-studio answers."""

from __future__ import annotations

from typing import TypeVar

from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.errors import NotFound

T = TypeVar("T")
_NO_SUCH_ENDPOINT = (None, 404, 501, 4200)
_CURE = "Only a self-hosted coze-studio has this endpoint: check base_url"


async def send_to_studio(session: Session, request: Request[T]) -> T:
    """Send a request; the NotFound of a server without the endpoint says that only a coze-studio has it."""
    try:
        return await session.send(request)
    except NotFound as error:
        if error.code in _NO_SUCH_ENDPOINT:
            error.cure = _CURE
        raise
