"""The device flow: device codes, the page on which a user approves a device, and the limit of its polling."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import ClassVar

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth import html_pages
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp, authenticate_app, find_app
from coze_client.emulator.routes.oauth.oauth_error import OAuthError, with_oauth_errors
from coze_client.emulator.routes.oauth.users import sign_in
from coze_client.emulator.state.backend import Backend

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 6.1: no vowels, so no words
ACTIVATE = "/activate"


@dataclass(frozen=True)
class DeviceGrant:
    """A device code, `id`; `account` is the user who approved it, "" before that; `expires_at` is Unix time."""

    KIND: ClassVar[str] = "DeviceGrant"

    id: str
    user_code: str
    client_id: str
    expires_at: float
    account: str = ""
    denied: bool = False

    @property
    def owner(self) -> str:
        return self.user_code


@dataclass(frozen=True)
class Poll:
    """The last poll of a device, and the seconds until the next; a record of its own, since users change the grant."""

    KIND: ClassVar[str] = "Poll"

    id: str
    at: float
    interval: int

    @property
    def owner(self) -> str:
        return self.id


async def begin(backend: Backend, request: IncomingRequest) -> Reply:
    app = authenticate_app(backend, request, "device")
    letters = "".join(secrets.choice(LETTERS) for _ in range(8))
    expires_at = backend.clock() + app.code_lifetime
    grant = DeviceGrant(secrets.token_urlsafe(32), f"{letters[:4]}-{letters[4:]}", app.client_id, expires_at)
    backend.state.save(grant)
    fields = {
        "device_code": grant.id,
        "user_code": grant.user_code,
        "verification_uri": f"http://{request.headers['host']}{ACTIVATE}",
        "expires_in": app.code_lifetime,
        "interval": app.interval,
    }
    return JsonReply(beside=fields, bare=True)


def decide(backend: Backend, user_code: str, account: str | None) -> None:
    """Save the user's decision: their account, or None for a refusal. KeyError if no device shows this code."""
    grant = _find_by_user_code(backend, user_code)
    if grant is None:
        raise KeyError(user_code)
    backend.state.save(replace(grant, account=account or "", denied=account is None))


def _find_by_user_code(backend: Backend, user_code: str) -> DeviceGrant | None:
    return next(iter(backend.state.owned(DeviceGrant, user_code)), None)


def limit_polling(backend: Backend, grant: DeviceGrant, app: OAuthApp) -> None:
    """Raise slow_down, and add 5 seconds to the interval, if the device polls too soon (RFC 8628 3.5)."""
    last = backend.state.get(Poll, grant.id)
    interval, now = last.interval if last else app.interval, backend.clock()
    early = last is not None and now - last.at < interval
    backend.state.save(Poll(grant.id, now, min(interval + 5, 30) if early else interval))
    if early:
        raise OAuthError("slow_down", f"wait at least {interval} seconds between two requests")


async def show(backend: Backend, request: IncomingRequest) -> Reply:
    if "user_code" not in request.query.values:
        return html_pages.user_code_form()
    grant, app = _waiting_grant(backend, request)
    return html_pages.consent(app, html_pages.user_of(request), f"The device shows {grant.user_code}.")


async def confirm(backend: Backend, request: IncomingRequest) -> Reply:
    grant, _ = _waiting_grant(backend, request)
    allowed = html_pages.allowed(request)
    decide(backend, grant.user_code, sign_in(backend, html_pages.user_of(request)) if allowed else None)
    return html_pages.notice("Device connected" if allowed else "Device refused", "You can close this page.")


def _waiting_grant(backend: Backend, request: IncomingRequest) -> tuple[DeviceGrant, OAuthApp]:
    grant = _find_by_user_code(backend, request.query.text("user_code"))
    app = find_app(backend, grant.client_id) if grant else None
    if grant is None or app is None or grant.expires_at <= backend.clock() or grant.account or grant.denied:
        raise ApiError(4200, "no device is waiting with this code; start again on the device")
    return grant, app


PATHS = (
    "/api/permission/oauth2/device/code",
    "/api/permission/oauth2/workspace_id/{workspace_id}/device/code",
)
ENDPOINTS = (
    *(Endpoint("POST", path, None, with_oauth_errors(begin)) for path in PATHS),
    Endpoint("GET", ACTIVATE, None, html_pages.with_page_errors(show)),
    Endpoint("POST", ACTIVATE, None, html_pages.with_page_errors(confirm)),
)
