"""The token endpoint: exchange a code, a refresh token, a device code or a signed JWT for an access token."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth import devices, tokens
from coze_client.emulator.routes.oauth.consent import AuthorizationCode
from coze_client.emulator.routes.oauth.devices import DeviceGrant
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp, authenticate_app
from coze_client.emulator.routes.oauth.oauth_error import OAuthError, invalid_grant, with_oauth_errors
from coze_client.emulator.routes.oauth.service_jwt import verify
from coze_client.emulator.routes.oauth.tokens import StoredToken
from coze_client.emulator.state.backend import Backend

ACCESS_LIFETIME = 15 * 60
REFRESH_LIFETIME = 30 * 24 * 3600
LONGEST = 86399
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
BOT_CHAT = frozenset({"chat", "getChat", "cancelChat", "submitToolChat", "listMessage"})
"""The permissions that Connector.botChat of a channel app stands for; Coze does not document them."""


async def token(backend: Backend, request: IncomingRequest) -> Reply:
    """Return tokens for a grant."""
    grant = GRANTS.get(request.body.text("grant_type"))
    if grant is None:
        raise OAuthError("unsupported_grant_type", f"grant_type must be one of {', '.join(GRANTS)}")
    return grant(backend, request)


async def token_for_account(backend: Backend, request: IncomingRequest) -> Reply:
    """Return a token for another account or an enterprise; only a service app can request it."""
    if request.body.text("grant_type") != JWT_BEARER:
        raise OAuthError("unsupported_grant_type", f"grant_type must be {JWT_BEARER} here")
    [other] = request.values.values()
    if not other.isdecimal():
        raise OAuthError("invalid_request", "the id in the path must be digits")
    return by_jwt(backend, request, other)


def by_code(backend: Backend, request: IncomingRequest) -> Reply:
    """Exchange an authorization code; it is used up even if the rest of the request is invalid."""
    body, app = request.body, authenticate_app(backend, request, "web", "pkce")
    code = backend.state.get(AuthorizationCode, body.text("code"))
    if code is None or code.client_id != app.client_id:
        raise invalid_grant(backend, "code")
    backend.state.delete(code)
    if code.expires_at <= backend.clock():
        raise invalid_grant(backend, "code")
    if body.text("redirect_uri") != code.redirect_uri:
        raise OAuthError("invalid_request", "redirect_uri must be the one that the code was sent to")
    if not code.accepts(body.optional("code_verifier") or ""):
        raise invalid_grant(backend, "code_verifier")
    return user_tokens(backend, app, code.account)


def by_refresh_token(backend: Backend, request: IncomingRequest) -> Reply:
    """Return a new pair; the used refresh token is revoked, but not the access token issued with it."""
    app = authenticate_app(backend, request, "web", "pkce", "device")
    used = tokens.find_valid_token(backend, request.body.text("refresh_token"), refresh=True)
    if used is None or used.client_id != app.client_id:
        raise invalid_grant(backend, "refresh_token")
    tokens.revoke(backend, used.id)
    return user_tokens(backend, app, used.account)


def by_device_code(backend: Backend, request: IncomingRequest) -> Reply:
    """Exchange a device code that the user approved."""
    app = authenticate_app(backend, request, "device")
    grant = backend.state.get(DeviceGrant, request.body.text("device_code"))
    if grant is None or grant.client_id != app.client_id:
        raise invalid_grant(backend, "device_code")
    if grant.expires_at <= backend.clock():
        raise OAuthError("expired_token", "the device code has expired; ask for a new one")
    if grant.denied:
        raise OAuthError("access_denied", "the user refused the request")
    if not grant.account:
        devices.limit_polling(backend, grant, app)
        raise OAuthError("authorization_pending", "the user has not answered yet")
    backend.state.delete(grant)
    return user_tokens(backend, app, grant.account)


def by_jwt(backend: Backend, request: IncomingRequest, account: str = tokens.ACCOUNT) -> Reply:
    """Return an access token for a signed JWT."""
    app, session = verify(backend, request.bearer, request.headers["host"])
    seconds = request.body.number("duration_seconds", ACCESS_LIFETIME, 1, LONGEST)
    scopes, bots = read_scope(Fields(request.body.mapping("scope")))
    if scopes is not None and app.scopes is not None:
        scopes = [name for name in scopes if name in app.scopes]
    access = StoredToken(
        f"czs_{secrets.token_urlsafe(48)}",
        account,
        app.scopes if scopes is None else scopes,
        backend.now + seconds,
        client_id=app.client_id,
        session=session,
        bots=bots,
    )
    return token_reply(backend, access)


def read_scope(scope: Fields) -> tuple[list[str] | None, list[str] | None]:
    """Read the permissions and bot ids to which a request limits the token; None means no limit."""
    parts = [
        Fields(scope.mapping(part)) for part in ("account_permission", "workspace_permission", "workflow_permission")
    ]
    lists = [part.values["permission_list"] for part in parts if "permission_list" in part.values]
    attribute = Fields(scope.mapping("attribute_constraint")).mapping("connector_bot_chat_attribute")
    bots = attribute.get("bot_id_list")
    scopes = {name for names in lists for name in _strings(names)}
    scopes |= BOT_CHAT if "Connector.botChat" in scopes else frozenset()
    return sorted(scopes) if lists else None, None if bots is None else _strings(bots)


def _strings(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ApiError(4000, "scope must contain lists of strings")
    return value


def user_tokens(backend: Backend, app: OAuthApp, account: str) -> Reply:
    """Issue an access token and a refresh token of a user to an app."""
    now = backend.now
    access = StoredToken(
        f"czu_{secrets.token_urlsafe(48)}", account, app.scopes, now + ACCESS_LIFETIME, client_id=app.client_id
    )
    refresh = StoredToken(
        secrets.token_urlsafe(54), account, [], now + REFRESH_LIFETIME, client_id=app.client_id, refresh=True
    )
    return token_reply(backend, access, refresh)


def token_reply(backend: Backend, access: StoredToken, refresh: StoredToken | None = None) -> Reply:
    """Save the tokens and build the reply, without envelope; expires_in is a Unix time in seconds, not a duration."""
    fields: dict[str, object] = {"access_token": access.id, "expires_in": access.expires_at, "token_type": "Bearer"}
    backend.state.save(access)
    if refresh is not None:
        backend.state.save(refresh)
        fields["refresh_token"] = refresh.id
    return JsonReply(beside=fields, bare=True)


GRANTS: dict[str, Callable[[Backend, IncomingRequest], Reply]] = {
    "authorization_code": by_code,
    "refresh_token": by_refresh_token,
    DEVICE_CODE: by_device_code,
    JWT_BEARER: by_jwt,
}
ENDPOINTS = (
    Endpoint("POST", "/api/permission/oauth2/token", None, with_oauth_errors(token)),
    Endpoint("POST", "/api/permission/oauth2/account/{account_id}/token", None, with_oauth_errors(token_for_account)),
    Endpoint(
        "POST", "/api/permission/oauth2/enterprise_id/{enterprise_id}/token", None, with_oauth_errors(token_for_account)
    ),
)
