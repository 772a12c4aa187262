"""How OAuth routes turn a request down: not in Coze's envelope, but flat and with words for codes."""

from __future__ import annotations

from functools import wraps

from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Handler
from coze_client.emulator.state.backend import Backend

STATUS = {"invalid_client": 401, "internal_error": 500}


class OAuthRefusal(Exception):
    """`code` is one of OAuth's words: invalid_request, invalid_client, authorization_pending, …"""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def spent(backend: Backend, what: str) -> OAuthRefusal:
    """For a grant that is no longer, or never was: Coze's tables lack RFC 6749's invalid_grant."""
    return OAuthRefusal(backend.settings.spent_grant, f"{what} is wrong, used or expired")


def with_oauth_errors(handler: Handler) -> Handler:
    """The handler with its refusals as OAuth words them; a field that breaks a rule is an invalid_request."""

    @wraps(handler)
    async def handled(backend: Backend, request: IncomingRequest) -> Reply:
        try:
            return await handler(backend, request)
        except OAuthRefusal as refusal:
            return _reply(backend, refusal)
        except Refusal as refusal:
            return _reply(backend, OAuthRefusal("invalid_request", refusal.msg))

    return handled


def _reply(backend: Backend, refusal: OAuthRefusal) -> Reply:
    status = backend.settings.oauth_error_status or STATUS.get(refusal.code, 400)
    return json_reply(status, {"error_code": refusal.code, "error_message": refusal.message, "error": refusal.code})
