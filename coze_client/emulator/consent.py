"""The page on which a user lets an app in, and the code that the app's redirect URI gets for it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from . import pages
from .backend import Backend
from .endpoint import Endpoint
from .oauth_apps import OAuthApp, find
from .refusal import Refusal
from .reply import Raw, Reply
from .request import Request
from .users import sign_in

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


class _Unsafe(Exception):
    """A request whose redirect URI is not to be trusted with an answer."""


async def ask(backend: Backend, request: Request) -> Reply:
    """The form itself, where Coze first redirects to another page."""
    try:
        app, redirect_uri = _checked_client(backend, request)
    except _Unsafe as wrong:
        return pages.notice("This link is not valid", str(wrong), 400)
    if wrong_parameter := _wrong_parameter(app, request):
        return _back(request, redirect_uri, {"error": "invalid_request", "error_description": wrong_parameter})
    workspace = request.values.get("workspace_id")
    user = str(request.query.values.get("emulator_user", pages.DEFAULT_USER))
    return pages.consent(app, user, f"Only in workspace {workspace}." if workspace else "In all your workspaces.")


async def decide(backend: Backend, request: Request) -> Reply:
    """The form on its way back, to the same URL, which is checked again."""
    try:
        app, redirect_uri = _checked_client(backend, request)
        decision, user = decision_of(request)
    except _Unsafe as wrong:
        return pages.notice("This link is not valid", str(wrong), 400)
    except Refusal as refusal:
        return pages.notice("This form is not valid", refusal.msg, 400)
    if wrong_parameter := _wrong_parameter(app, request):
        return _back(request, redirect_uri, {"error": "invalid_request", "error_description": wrong_parameter})
    if decision == "deny":
        return _back(request, redirect_uri, {"error": "access_denied"})
    return _back(
        request, redirect_uri, {"code": _new_code(backend, request, app, sign_in(backend, user), redirect_uri)}
    )


def decision_of(request: Request) -> tuple[str, str]:
    """ "allow" or "deny", and by whom."""
    form = request.form
    user = form.optional("user") or str(request.query.values.get("emulator_user", pages.DEFAULT_USER))
    return form.choice("decision", ("allow", "deny"), ""), user


def _checked_client(backend: Backend, request: Request) -> tuple[OAuthApp, str]:
    query = {name: str(value) for name, value in request.query.values.items()}
    app = find(backend, query.get("client_id", ""))
    if app is None:
        raise _Unsafe("No app has this client_id.")
    if app.kind not in ("web", "pkce"):
        raise _Unsafe(f"A {app.kind} app cannot ask for consent here.")
    if query.get("redirect_uri") not in app.redirect_uris:
        raise _Unsafe("redirect_uri must be exactly one that the app has registered.")
    return app, query["redirect_uri"]


def _wrong_parameter(app: OAuthApp, request: Request) -> str:
    query = request.query.values
    if query.get("response_type") != "code":
        return "response_type must be code"
    if app.kind == "pkce" and not query.get("code_challenge"):
        return "code_challenge is required"
    if query.get("code_challenge_method", "plain") not in ("plain", "S256"):
        return "code_challenge_method must be plain or S256"
    return ""


def _new_code(backend: Backend, request: Request, app: OAuthApp, account: str, redirect_uri: str) -> str:
    query = request.query
    code = Code(
        f"code_{secrets.token_urlsafe(32)}",
        app.client_id,
        account,
        redirect_uri,
        backend.clock() + CODE_LIFETIME,
        query.optional("code_challenge") or "",
        query.optional("code_challenge_method") or "plain",
    )
    backend.state.save(code)
    return code.id


def _back(request: Request, redirect_uri: str, answer: dict[str, str]) -> Raw:
    state = request.query.optional("state")
    query = urlencode(answer if state is None else {**answer, "state": state})
    return Raw(302, headers={"location": f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"})


PATHS = (
    "/api/permission/oauth2/authorize",
    "/api/permission/oauth2/workspace_id/{workspace_id}/authorize",
)
ENDPOINTS = (
    *(Endpoint("GET", path, None, ask) for path in PATHS),
    *(Endpoint("POST", path, None, decide) for path in PATHS),
)
