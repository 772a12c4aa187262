"""The official clients' OAuth methods, under one set of names."""

from __future__ import annotations

from typing import Any, Protocol

from benchmarks.line_process import LineProcess
from coze_client.emulator import Emulator
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp
from tests.peers.peer import Peer
from tests.support.api_calls import Json


class OAuthPeer(Protocol):
    """Each method returns the peer's value; `authorize_url` also returns the verifier of its URL, or ""."""

    def authorize_url(self, app: OAuthApp, workspace_id: str | None = None) -> tuple[str, str]: ...

    def exchange(self, app: OAuthApp, code: str, verifier: str) -> Json: ...

    def refresh(self, app: OAuthApp, refresh_token: str) -> Json: ...

    def device(self, app: OAuthApp, workspace_id: str | None = None) -> Json: ...

    def poll(self, app: OAuthApp, device_code: str, *, wait: bool) -> Json: ...

    def sign(self, app: OAuthApp, session: str, seconds: int, scope: Json | None = None) -> Json: ...

    def sleeps(self) -> list[float]: ...


class CozePyOAuth:
    """cozepy: one object for each app, made from its config file."""

    def __init__(self, process: LineProcess, emulator: Emulator, *, asyncio: bool) -> None:
        self.process, self.emulator, self.asyncio = process, emulator, asyncio

    def call_app(self, app: OAuthApp, call: str, **given: object) -> Any:
        peer = Peer(self.process, self.emulator, asyncio=self.asyncio, config=app.config(self.emulator.url))
        return peer(call, **{name: value for name, value in given.items() if value})

    def authorize_url(self, app: OAuthApp, workspace_id: str | None = None) -> tuple[str, str]:
        verifier = "v" * 43 if app.kind == "pkce" else ""
        method = "S256" if verifier else ""
        url = self.call_app(
            app,
            "get_oauth_url",
            redirect_uri=app.redirect_uris[0],
            state="s1",
            code_verifier=verifier,
            code_challenge_method=method,
            workspace_id=workspace_id,
        )
        return url, verifier

    def exchange(self, app: OAuthApp, code: str, verifier: str) -> Json:
        uri = app.redirect_uris[0]
        return dict(self.call_app(app, "get_access_token", redirect_uri=uri, code=code, code_verifier=verifier))

    def refresh(self, app: OAuthApp, refresh_token: str) -> Json:
        return dict(self.call_app(app, "refresh_access_token", refresh_token=refresh_token))

    def device(self, app: OAuthApp, workspace_id: str | None = None) -> Json:
        return dict(self.call_app(app, "get_device_code", workspace_id=workspace_id))

    def poll(self, app: OAuthApp, device_code: str, *, wait: bool) -> Json:
        return dict(self.call_app(app, "get_access_token", device_code=device_code, poll=wait))

    def sign(self, app: OAuthApp, session: str, seconds: int, scope: Json | None = None) -> Json:
        return dict(self.call_app(app, "get_access_token", ttl=seconds, session_name=session, scope=scope))

    def me(self, app: OAuthApp) -> Json:
        """Return the user, by a client that logs in by itself."""
        return dict(self.call_app(app, "me"))

    def sleeps(self) -> list[float]:
        return list(Peer(self.process, self.emulator)("sleeps"))


class CozeJsOAuth:
    """@coze/api: one function for each request."""

    def __init__(self, process: LineProcess, emulator: Emulator) -> None:
        self.emulator, self.peer = emulator, Peer(process, emulator)

    def call_app(self, app: OAuthApp, call: str, **given: object) -> Any:
        arguments = {"baseURL": self.emulator.url, "clientId": app.client_id, **given}
        return self.peer(call, {name: value for name, value in arguments.items() if value})

    def authorize_url(self, app: OAuthApp, workspace_id: str | None = None) -> tuple[str, str]:
        name = "getPKCEAuthenticationUrl" if app.kind == "pkce" else "getWebAuthenticationUrl"
        made = self.call_app(app, name, redirectUrl=app.redirect_uris[0], state="s1", workspaceId=workspace_id)
        return (made, "") if app.kind == "web" else (made["url"], made["codeVerifier"])

    def exchange(self, app: OAuthApp, code: str, verifier: str) -> Json:
        name = "getPKCEOAuthToken" if app.kind == "pkce" else "getWebOAuthToken"
        given = {"redirectUrl": app.redirect_uris[0], "codeVerifier": verifier, "clientSecret": app.client_secret}
        return dict(self.call_app(app, name, code=code, **given))

    def refresh(self, app: OAuthApp, refresh_token: str) -> Json:
        given = {"refreshToken": refresh_token, "clientSecret": app.client_secret}
        return dict(self.call_app(app, "refreshOAuthToken", **given))

    def device(self, app: OAuthApp, workspace_id: str | None = None) -> Json:
        return dict(self.call_app(app, "getDeviceCode", workspaceId=workspace_id))

    def poll(self, app: OAuthApp, device_code: str, *, wait: bool) -> Json:
        return dict(self.call_app(app, "getDeviceToken", deviceCode=device_code, poll=wait))

    def sign(
        self, app: OAuthApp, session: str, seconds: int, scope: Json | None = None, account: str | None = None
    ) -> Json:
        given = {
            "appId": app.client_id,
            "aud": "api.coze.com",
            "keyid": app.public_key_id,
            "privateKey": app.private_key,
            "sessionName": session,
            "durationSeconds": seconds,
            "scope": scope,
            "accountId": account,
        }
        return dict(self.call_app(app, "getJWTToken", **given))

    def sleeps(self) -> list[float]:
        return list(self.peer("sleeps"))
