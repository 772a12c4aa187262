"""The page on which a user lets an app in, and the code that the app's redirect URI gets for it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import RawReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth import pages
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp, find
from coze_client.emulator.routes.oauth.users import sign_in
from coze_client.emulator.state.backend import Backend

CODE_LIFETIME = 600  # seconds, the most that RFC 6749 4.1.2 recommends; Coze names none


@dataclass(frozen=True)
class Code:
    """An authorization code that waits for its exchange; `challenge` is "" where PKCE was not asked for."""

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

    def proven_by(self, verifier: str) -> bool:
        """RFC 7636 4.6; a code without challenge needs no proof."""
        if not self.challenge:
            return True
        if self.method == "plain":
            return verifier == self.challenge
        digest = hashlib.sha256(verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge


class Link(NamedTuple):
    """An authorize URL whose redirect URI is the app's own, so that it may be told of any other `mistake`."""

    app: OAuthApp
    redirect_uri: str
    state: str | None
    challenge: str
    method: str
    mistake: str

    def back(self, **answer: str) -> RawReply:
        """To the redirect URI, with the state as it came."""
        query = urlencode(answer if self.state is None else {**answer, "state": self.state})
        return RawReply(
            302, headers={"location": f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{query}"}
        )

    def back_with_mistake(self) -> RawReply:
        return self.back(error="invalid_request", error_description=self.mistake)


def read_link(backend: Backend, request: IncomingRequest) -> Link:
    """The link; a Refusal if its app is unknown or did not register the redirect URI, which then hears nothing."""
    query = {name: str(value) for name, value in request.query.values.items()}
    app, redirect_uri = find(backend, query.get("client_id", "")), query.get("redirect_uri", "")
    if app is None:
        raise Refusal(4000, "no app has this client_id")
    if app.kind not in ("web", "pkce"):
        raise Refusal(4000, f"a {app.kind} app does not ask for consent here")
    if redirect_uri not in app.redirect_uris:
        raise Refusal(4000, "redirect_uri must be exactly one that the app has registered")
    challenge, method = query.get("code_challenge", ""), query.get("code_challenge_method", "plain")
    mistake = ""
    if query.get("response_type") != "code":
        mistake = "response_type must be code"
    elif app.kind == "pkce" and not challenge:
        mistake = "code_challenge is required"
    elif method not in ("plain", "S256"):
        mistake = "code_challenge_method must be plain or S256"
    return Link(app, redirect_uri, query.get("state"), challenge, method, mistake)


async def ask(backend: Backend, request: IncomingRequest) -> Reply:
    """The form itself, where Coze first redirects to another page."""
    link = read_link(backend, request)
    if link.mistake:
        return link.back_with_mistake()
    workspace = request.values.get("workspace_id")
    note = f"Only in workspace {workspace}." if workspace else "In all your workspaces."
    return pages.consent(link.app, pages.user_of(request), note)


async def decide(backend: Backend, request: IncomingRequest) -> Reply:
    """The form on its way back, to the same URL, which is read again."""
    link = read_link(backend, request)
    if link.mistake:
        return link.back_with_mistake()
    if not pages.allowed(request):
        return link.back(error="access_denied")
    account = sign_in(backend, pages.user_of(request))
    code = Code(
        f"code_{secrets.token_urlsafe(32)}",
        link.app.client_id,
        account,
        link.redirect_uri,
        backend.clock() + CODE_LIFETIME,
        link.challenge,
        link.method,
    )
    backend.state.save(code)
    return link.back(code=code.id)


PATHS = (
    "/api/permission/oauth2/authorize",
    "/api/permission/oauth2/workspace_id/{workspace_id}/authorize",
)
ENDPOINTS = (
    *(Endpoint("GET", path, None, pages.with_page_errors(ask)) for path in PATHS),
    *(Endpoint("POST", path, None, pages.with_page_errors(decide)) for path in PATHS),
)
