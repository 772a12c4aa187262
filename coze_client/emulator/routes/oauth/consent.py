"""The page on which a user allows or denies an app, and the authorization code for the app's redirect URI."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import ClassVar, NamedTuple
from urllib.parse import urlencode

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import RawReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth import html_pages
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp, find_app
from coze_client.emulator.routes.oauth.users import sign_in
from coze_client.emulator.state.backend import Backend

CODE_LIFETIME = 600  # seconds, the maximum that RFC 6749 4.1.2 recommends; Coze documents none


@dataclass(frozen=True)
class AuthorizationCode:
    """An authorization code before its exchange; `challenge` is "" without PKCE; `expires_at` is Unix time."""

    KIND: ClassVar[str] = "Code"

    id: str
    client_id: str
    account: str
    redirect_uri: str
    expires_at: float
    challenge: str = ""
    method: str = "plain"

    @property
    def owner(self) -> str:
        return self.account

    def accepts(self, verifier: str) -> bool:
        """Check a code verifier (RFC 7636 4.6); a code without challenge needs none."""
        if not self.challenge:
            return True
        if self.method == "plain":
            return verifier == self.challenge
        digest = hashlib.sha256(verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge


class AuthorizeRequest(NamedTuple):
    """A request for authorization with a registered redirect URI, to which any other `mistake` is reported."""

    app: OAuthApp
    redirect_uri: str
    state: str | None
    challenge: str
    method: str
    mistake: str

    def redirect(self, **answer: str) -> RawReply:
        """Redirect to the redirect URI, with the state of the request."""
        query = urlencode(answer if self.state is None else {**answer, "state": self.state})
        return RawReply(
            302, headers={"location": f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{query}"}
        )

    def redirect_with_mistake(self) -> RawReply:
        """Redirect with the error invalid_request."""
        return self.redirect(error="invalid_request", error_description=self.mistake)


def read_authorize_request(backend: Backend, request: IncomingRequest) -> AuthorizeRequest:
    """Read the request; ApiError, and no report to the redirect URI, unless the app is known and has registered it."""
    query = {name: str(value) for name, value in request.query.values.items()}
    app, redirect_uri = find_app(backend, query.get("client_id", "")), query.get("redirect_uri", "")
    if app is None:
        raise ApiError(4000, "no app has this client_id")
    if app.kind not in ("web", "pkce"):
        raise ApiError(4000, f"a {app.kind} app does not ask for consent here")
    if redirect_uri not in app.redirect_uris:
        raise ApiError(4000, "redirect_uri must be exactly one that the app has registered")
    challenge, method = query.get("code_challenge", ""), query.get("code_challenge_method", "plain")
    mistake = ""
    if query.get("response_type") != "code":
        mistake = "response_type must be code"
    elif app.kind == "pkce" and not challenge:
        mistake = "code_challenge is required"
    elif method not in ("plain", "S256"):
        mistake = "code_challenge_method must be plain or S256"
    return AuthorizeRequest(app, redirect_uri, query.get("state"), challenge, method, mistake)


async def ask(backend: Backend, request: IncomingRequest) -> Reply:
    """Show the form; Coze itself first redirects to another page."""
    authorize = read_authorize_request(backend, request)
    if authorize.mistake:
        return authorize.redirect_with_mistake()
    workspace = request.values.get("workspace_id")
    note = f"Only in workspace {workspace}." if workspace else "In all your workspaces."
    return html_pages.consent(authorize.app, html_pages.user_of(request), note)


async def decide(backend: Backend, request: IncomingRequest) -> Reply:
    """Handle the submitted form, which is sent to the same URL."""
    authorize = read_authorize_request(backend, request)
    if authorize.mistake:
        return authorize.redirect_with_mistake()
    if not html_pages.allowed(request):
        return authorize.redirect(error="access_denied")
    account = sign_in(backend, html_pages.user_of(request))
    code = AuthorizationCode(
        f"code_{secrets.token_urlsafe(32)}",
        authorize.app.client_id,
        account,
        authorize.redirect_uri,
        backend.clock() + CODE_LIFETIME,
        authorize.challenge,
        authorize.method,
    )
    backend.state.save(code)
    return authorize.redirect(code=code.id)


PATHS = (
    "/api/permission/oauth2/authorize",
    "/api/permission/oauth2/workspace_id/{workspace_id}/authorize",
)
ENDPOINTS = (
    *(Endpoint("GET", path, None, html_pages.with_page_errors(ask)) for path in PATHS),
    *(Endpoint("POST", path, None, html_pages.with_page_errors(decide)) for path in PATHS),
)
