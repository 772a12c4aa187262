"""Devices without a browser: their codes, the page on which a user confirms one, and how fast they may ask."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth import pages
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp, client_of, find
from coze_client.emulator.routes.oauth.oauth_refusal import OAuthRefusal, with_oauth_errors
from coze_client.emulator.routes.oauth.users import sign_in
from coze_client.emulator.state.backend import Backend

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 6.1: no vowels, so no words
ACTIVATE = "/activate"


@dataclass(frozen=True)
class DeviceGrant:
    """`id` is the device code; `account` is who approved it, "" nobody yet."""

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
    """When a device last asked, and how many seconds it has to wait; apart from its grant, which users write."""

    id: str
    at: float
    interval: int

    @property
    def owner(self) -> str:
        return self.id


async def begin(backend: Backend, request: IncomingRequest) -> Reply:
    app = client_of(backend, request, "device")
    letters = "".join(secrets.choice(LETTERS) for _ in range(8))
    expires_at = backend.clock() + app.code_lifetime
    grant = DeviceGrant(secrets.token_urlsafe(32), f"{letters[:4]}-{letters[4:]}", app.client_id, expires_at)
    backend.state.save(grant)
    told = {
        "device_code": grant.id,
        "user_code": grant.user_code,
        "verification_uri": f"http://{request.headers['host']}{ACTIVATE}",
        "expires_in": app.code_lifetime,
        "interval": app.interval,
    }
    return JsonReply(beside=told, bare=True)


def decide(backend: Backend, user_code: str, account: str | None) -> None:
    """The user's answer: their account, or None for no. KeyError if no device shows this code."""
    grant = _shown(backend, user_code)
    if grant is None:
        raise KeyError(user_code)
    backend.state.save(replace(grant, account=account or "", denied=account is None))


def _shown(backend: Backend, user_code: str) -> DeviceGrant | None:
    return next(iter(backend.state.owned(DeviceGrant, user_code)), None)


def keep_pace(backend: Backend, grant: DeviceGrant, app: OAuthApp) -> None:
    """slow_down, and 5 seconds more from then on, if the device asks again too soon (RFC 8628 3.5)."""
    last = backend.state.get(Poll, grant.id)
    interval, now = last.interval if last else app.interval, backend.clock()
    early = last is not None and now - last.at < interval
    backend.state.save(Poll(grant.id, now, min(interval + 5, 30) if early else interval))
    if early:
        raise OAuthRefusal("slow_down", f"ask every {interval} seconds at most")


async def show(backend: Backend, request: IncomingRequest) -> Reply:
    if "user_code" not in request.query.values:
        return pages.user_code_form()
    grant, app = _waiting(backend, request)
    return pages.consent(app, pages.user_of(request), f"The device shows {grant.user_code}.")


async def confirm(backend: Backend, request: IncomingRequest) -> Reply:
    grant, _ = _waiting(backend, request)
    allowed = pages.allowed(request)
    decide(backend, grant.user_code, sign_in(backend, pages.user_of(request)) if allowed else None)
    return pages.notice("Device connected" if allowed else "Device refused", "You can close this page.")


def _waiting(backend: Backend, request: IncomingRequest) -> tuple[DeviceGrant, OAuthApp]:
    grant = _shown(backend, request.query.text("user_code"))
    app = find(backend, grant.client_id) if grant else None
    if grant is None or app is None or grant.expires_at <= backend.clock() or grant.account or grant.denied:
        raise Refusal(4200, "no device waits with this code now; start again on the device")
    return grant, app


PATHS = (
    "/api/permission/oauth2/device/code",
    "/api/permission/oauth2/workspace_id/{workspace_id}/device/code",
)
ENDPOINTS = (
    *(Endpoint("POST", path, None, with_oauth_errors(begin)) for path in PATHS),
    Endpoint("GET", ACTIVATE, None, pages.with_page_errors(show)),
    Endpoint("POST", ACTIVATE, None, pages.with_page_errors(confirm)),
)
