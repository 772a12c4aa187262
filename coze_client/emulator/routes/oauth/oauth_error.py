"""Errors of the OAuth routes: not in Coze's envelope, but flat, and with words as codes."""

from __future__ import annotations

from functools import wraps

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Handler
from coze_client.emulator.state.backend import Backend

STATUS = {"invalid_client": 401, "internal_error": 500}


class OAuthError(Exception):
    """An OAuth error; `code` is a word such as invalid_request, invalid_client or authorization_pending."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def invalid_grant(backend: Backend, grant: str) -> OAuthError:
    """Create the error of an invalid, used or expired grant; Coze documents no invalid_grant as in RFC 6749."""
    return OAuthError(backend.settings.spent_grant, f"{grant} is wrong, used or expired")


def with_oauth_errors(handler: Handler) -> Handler:
    """Wrap a handler so that its errors become OAuth errors; an ApiError becomes invalid_request."""

    @wraps(handler)
    async def handled(backend: Backend, request: IncomingRequest) -> Reply:
        try:
            return await handler(backend, request)
        except OAuthError as error:
            return _reply(backend, error)
        except ApiError as error:
            return _reply(backend, OAuthError("invalid_request", error.msg))

    return handled


def _reply(backend: Backend, error: OAuthError) -> Reply:
    status = backend.settings.oauth_error_status or STATUS.get(error.code, 400)
    return json_reply(status, {"error_code": error.code, "error_message": error.message, "error": error.code})
