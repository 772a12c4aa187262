"""OAuth calls by plain httpx: the requests of the user's browser, of the app and of the service with its JWT."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import jwt

from coze_client.emulator import Emulator
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp
from tests.support.api_calls import ApiClient, Json

AUTHORIZE = "/api/permission/oauth2/authorize"
TOKEN = "/api/permission/oauth2/token"
DEVICE_CODE = "/api/permission/oauth2/device/code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
NOW = int(time.time())
"""The time of every JWT; one value, so that it never differs from a test's clock, however slow the run is."""


class OAuthClient(httpx.Client):
    """A plain HTTP client without a token; `verifier` and `challenge` are those of RFC 7636, appendix B."""

    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(base_url=emulator.url, verify=False, timeout=10)
        self.emulator = emulator

    def authorize_query(self, app: OAuthApp, **changed: str | None) -> dict[str, str]:
        """Return the query of an authorize URL; None leaves a parameter out."""
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": app.redirect_uris[0],
            "state": "s1",
            "code_challenge": self.challenge if app.kind == "pkce" else None,
            "code_challenge_method": "S256" if app.kind == "pkce" else None,
            **changed,
        }
        return {name: value for name, value in query.items() if value is not None}

    def decide(self, query: Mapping[str, str], decision: str = "allow", **form: str) -> dict[str, str]:
        """Answer the consent page of this query; return the query that the redirect URI gets."""
        return self.answer_consent(f"{AUTHORIZE}?{urlencode(query)}", decision, **form)

    def answer_consent(self, url: str, decision: str, **form: str) -> dict[str, str]:
        """Answer the consent page at this URL; return the query that the redirect URI gets."""
        answer = self.post(url, data={"decision": decision, **form})
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query, keep_blank_values=True))

    def code(self, app: OAuthApp, user: str = "user-1", **changed: str | None) -> str:
        """Return the authorization code of a user who allows the app."""
        return self.decide(self.authorize_query(app, **changed), user=user)["code"]

    def request_token(self, app: OAuthApp, grant_type: str, path: str = TOKEN, **body: Any) -> httpx.Response:
        """Send a token request, with the app's secret if it has one."""
        headers = {"Authorization": f"Bearer {app.client_secret}"} if app.client_secret else {}
        body = {"grant_type": grant_type, "client_id": app.client_id, **body}
        return self.post(path, json=body, headers=headers)

    def exchange(self, app: OAuthApp, code: str, **body: Any) -> httpx.Response:
        """Exchange an authorization code for tokens."""
        proof = {"code_verifier": self.verifier} if app.kind == "pkce" else {}
        body = {"code": code, "redirect_uri": app.redirect_uris[0], **proof, **body}
        return self.request_token(app, "authorization_code", **body)

    def tokens(self, app: OAuthApp, user: str = "user-1") -> Json:
        """Return the tokens of a user who allows the app."""
        return dict(self.exchange(app, self.code(app, user)).json())

    def refresh(self, app: OAuthApp, refresh_token: str) -> httpx.Response:
        return self.request_token(app, "refresh_token", refresh_token=refresh_token)

    def device(self, app: OAuthApp) -> Json:
        """Request a device code."""
        return dict(self.post(DEVICE_CODE, json={"client_id": app.client_id}).json())

    def poll(self, app: OAuthApp, device: Json) -> httpx.Response:
        """Ask whether the user has approved the device."""
        return self.request_token(app, DEVICE_GRANT, device_code=device["device_code"])

    def exchange_jwt(self, signed: str, path: str = TOKEN, **body: Any) -> httpx.Response:
        """Exchange a service's JWT for a token."""
        headers = {"Authorization": f"Bearer {signed}"}
        return self.post(path, json={"grant_type": JWT_BEARER, **body}, headers=headers)

    def api(self, tokens: Json) -> ApiClient:
        """Return a client with this access token."""
        return ApiClient(self.emulator, tokens["access_token"])


def sign(app: OAuthApp, header: Mapping[str, Any] | None = None, key: str | None = None, **changed: Any) -> str:
    """Return a JWT of a service app as Coze's documentation describes it; None leaves a claim out."""
    claims = {
        "iss": app.client_id,
        "aud": "api.coze.com",
        "iat": NOW,
        "exp": NOW + 3600,
        "jti": uuid.uuid4().hex,
        **changed,
    }
    given = {name: value for name, value in claims.items() if value is not None}
    headers = {"typ": "JWT", "kid": app.public_key_id, **(header or {})}
    return jwt.encode(given, key or app.private_key, headers.pop("alg", "RS256"), headers)


def error_code_of(response: httpx.Response, status: int = 400) -> str:
    """Return the code of an OAuth error; the response must have the shape and status of one."""
    body = response.json()
    assert response.status_code == status, body
    assert body["error_code"] == body["error"]
    assert body["error_message"]
    return str(body["error_code"])
