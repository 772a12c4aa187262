"""OAuth grants as credentials: how a login starts, how it yields a token, and how the token is renewed.

API pages: oauth_code, oauth_pkce, oauth_device_code, oauth_jwt (and their enterprise variants). Token requests go to
the API host over the client's own connections. Only the pages that users see are on the www host.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import compare_digest, token_urlsafe
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field

from coze_client.auth.renewal import Renewable
from coze_client.auth.token import Token
from coze_client.auth.token_request import read_secret, token_request
from coze_client.auth.token_store import TokenStore
from coze_client.core.config import REGIONS, checked_base_url, checked_url
from coze_client.core.credentials import PersonalToken
from coze_client.core.error_codes import oauth_error_for
from coze_client.core.model import Model, convert
from coze_client.core.request import Kind, Request, segment
from coze_client.core.response import RawResponse
from coze_client.core.retry import may_retry
from coze_client.errors import (
    AccessDenied,
    ConfigurationError,
    CozeError,
    ExpiredToken,
    OAuthError,
    ProtocolError,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from coze_client.core.credentials import Caller

_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_LOG_IN_AGAIN = "Let the user log in again (client.oauth.login() or client.oauth.start_device())"
_STILL_WAITING = ("authorization_pending", "slow_down")


@dataclass(frozen=True)
class Login:
    """A started login. Send the user's browser to ``url``, and keep this in the user's session until the callback.

    Keep it secret. ``state`` is compared with the callback's. ``verifier`` (PKCE) proves to Coze who started the login.
    """

    url: str = field(repr=False)
    state: str = field(repr=False)
    redirect_uri: str
    verifier: str | None = field(default=None, repr=False)


class DeviceLogin(Model):
    """A login on another device: show ``user_code`` and ``verification_url`` to the user; ``device_code`` is secret.

    ``expires_in``: seconds until the code expires. ``interval``: seconds to wait between two polls.
    """

    device_code: str = Field(default="", repr=False)
    user_code: str = ""
    verification_uri: str = ""
    expires_in: float = 300.0
    interval: float = 5.0

    @property
    def verification_url(self) -> str:
        """The page for the user to open; it has the code filled in."""
        separator = "&" if urlsplit(self.verification_uri).query else "?"
        return f"{self.verification_uri}{separator}{urlencode({'user_code': self.user_code})}"


class UserGrant(Renewable):
    """Base class of the grants with a user's login and a refresh token: WebOAuth, PKCE, DeviceCode.

    `client_id`: the id of the OAuth app. `client_secret`: its secret (web apps only). `redirect_uri`: one of those
    registered with the app. `store`: where tokens are stored (default: in memory). `user`: separates the users of one
    store. `base_url` (API) and `www_base_url` (pages) default to the client's server. `clock` returns unix seconds.
    Raises ConfigurationError for invalid arguments.
    """

    kind: str
    needs_secret = False

    def __init__(
        self,
        client_id: str,
        *,
        client_secret: str | None = None,
        redirect_uri: str | None = None,
        store: TokenStore | None = None,
        user: str = "",
        base_url: str | None = None,
        www_base_url: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not client_id:
            raise ConfigurationError("client_id is empty; give the id of the OAuth app, like 123456.app.coze")
        if self.needs_secret and not client_secret:
            raise ConfigurationError(
                "A web app needs its client_secret", cure="An app that cannot keep a secret uses PKCE"
            )
        super().__init__(f"{self.kind}:{client_id}:{user}", store, clock)
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self.user = user
        self.base_url = None if base_url is None else checked_base_url(base_url)
        self.www_base_url = None if www_base_url is None else checked_url(www_base_url)
        self._secret = PersonalToken(client_secret) if client_secret and self.needs_secret else None

    def for_user(self, user: str) -> Self:
        """The credentials of another user of the app, in the same store.

        ``client.options(token=app.for_user("ann"))`` makes a client for that user.
        """
        other = type(self)(
            self.client_id,
            client_secret=self._secret.secret if self._secret else None,
            redirect_uri=self.redirect_uri,
            store=self.store,
            user=user,
            base_url=self.base_url,
            www_base_url=self.www_base_url,
            clock=self.clock,
        )
        other.origin = (type(self).for_user, (self, user)) if self.origin else None
        return other

    def begin(
        self, server: str, *, state: str | None, workspace_id: str | None, method: Literal["S256", "plain"]
    ) -> Login:
        """Start a login on the pages of `server`, given by its API base URL; sends nothing.

        Raises ConfigurationError without a redirect_uri.
        """
        if not self.redirect_uri:
            raise ConfigurationError("redirect_uri is missing; give exactly one of those registered with the OAuth app")
        state = state or token_urlsafe(24)
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": state,
        }
        verifier = token_urlsafe(96) if self.kind == "pkce" else None  # 128 characters, the maximum of RFC 7636
        if verifier:
            parameters |= {"code_challenge": _challenge(verifier, method), "code_challenge_method": method}
        workspace = f"/workspace_id/{segment(workspace_id)}" if workspace_id else ""
        host = self.www_base_url or www_base_url_of(server)
        url = f"{host}/api/permission/oauth2{workspace}/authorize?{urlencode(parameters)}"
        return Login(url, state, self.redirect_uri, verifier)

    async def finish(self, caller: Caller, login: Login, callback_url: str) -> Token:
        """Exchange the code of the callback for a token.

        Raises AccessDenied if the user refused, and OAuthError for a wrong state or code.
        """
        body = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": _callback_code(login, callback_url),
            "redirect_uri": login.redirect_uri,
        }
        return await self.exchange(caller, {**body, "code_verifier": login.verifier} if login.verifier else body)

    async def grant(self, caller: Caller, last: Token | None) -> Token:
        """Get a new token by the refresh token of `last`; raises ExpiredToken if the user must log in again."""
        if last is None or not last.refresh_token:
            who = f"User {self.user!r}" if self.user else "The user"
            raise ExpiredToken(f"{who} is not logged in", cure=_LOG_IN_AGAIN)
        body = {"grant_type": "refresh_token", "client_id": self.client_id, "refresh_token": last.refresh_token}
        try:
            return await self.exchange(caller, body, last)
        except OAuthError as error:
            raise _refused_refresh(error) from None

    async def exchange(self, caller: Caller, body: Mapping[str, object], last: Token | None = None) -> Token:
        """Send a token request with `body` and return the token; raises OAuthError."""
        request = token_request(body, self.clock, last=last, signed=self._secret is not None)
        return await caller.send(request, self._secret)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_id={self.client_id!r}, user={self.user!r})"


class WebOAuth(UserGrant):
    """A web app with a secret on its server. After the login Coze sends the user's browser back with a code."""

    kind = "web"
    needs_secret = True


class PKCE(UserGrant):
    """An app that cannot keep a secret (desktop, mobile). Each login has a new verifier instead."""

    kind = "pkce"


class DeviceCode(UserGrant):
    """An app on a machine without a browser: the user confirms a code on another device."""

    kind = "device"

    async def start(self, caller: Caller, workspace_id: str | None = None) -> DeviceLogin:
        """Request a code for the user to confirm; `workspace_id` limits the token to it (enterprise plans)."""
        workspace = f"/workspace_id/{segment(workspace_id)}" if workspace_id else ""
        path = f"/api/permission/oauth2{workspace}/device/code"
        body = {"client_id": self.client_id}
        return await caller.send(Request("POST", path, _read_device, body=body, kind=Kind.START, signed=False))

    async def wait(self, caller: Caller, login: DeviceLogin, cancelled: Callable[[], bool]) -> Token:
        """Poll until the user has confirmed the code, and return the token.

        It polls as often as the server allows. Raises AccessDenied if the user refuses or `cancelled` returns True,
        ExpiredToken after the code has expired.
        """
        body = {"grant_type": _DEVICE_GRANT, "client_id": self.client_id, "device_code": login.device_code}
        interval, deadline = max(login.interval, 1.0), self.clock() + login.expires_in
        while self.clock() < deadline:
            await _sleep(caller, interval, cancelled)
            try:
                return await self.exchange(caller, body)
            except CozeError as error:
                if error.code not in _STILL_WAITING and not may_retry(Kind.READ, error):
                    raise
                interval = min(interval + 5.0, max(30.0, interval)) if error.code == "slow_down" else interval
        raise ExpiredToken("The device code expired before the user confirmed it", cure=_LOG_IN_AGAIN)


def _read_device(response: RawResponse) -> DeviceLogin:
    login = convert(DeviceLogin, read_secret(response))
    if not login.device_code:
        raise ProtocolError("The response has no device_code", status=response.status, logid=response.logid)
    return login


def _callback_code(login: Login, callback_url: str) -> str:
    """The code in the callback URL; raises OAuthError for a wrong state, or the error that Coze reports."""
    parameters = dict(parse_qsl(urlsplit(callback_url).query))
    if not compare_digest(parameters.get("state", "").encode(), login.state.encode()):
        raise OAuthError(
            "The state of the callback is not the state of this login",
            cure="Start the login again; the callback may be forged",
        )
    if "code" not in parameters:
        raise oauth_error_for(
            parameters.get("error", ""), parameters.get("error_description", "") or "Coze sent no code"
        )
    return parameters["code"]


def _challenge(verifier: str, method: str) -> str:
    if method == "plain":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _refused_refresh(error: OAuthError) -> OAuthError:
    """Convert a refused refresh token to ExpiredToken: used, revoked or expired, the user must log in again."""
    if error.code in ("invalid_request", "invalid_grant", "expired_token", "access_denied"):
        return ExpiredToken(
            f"The login has expired: {error.message}",
            code=error.code,
            status=error.status,
            logid=error.logid,
            cure=_LOG_IN_AGAIN,
        )
    return error


async def _sleep(caller: Caller, seconds: float, cancelled: Callable[[], bool]) -> None:
    """Wait in short steps, so that a cancelled login ends within a quarter of a second."""
    left = seconds
    while left > 0:
        if cancelled():
            raise AccessDenied("The login was cancelled")
        await caller.concurrency.sleep(min(left, 0.25))
        left -= 0.25


def www_base_url_of(base_url: str) -> str:
    """The address of the login pages: the www host of coze.com and coze.cn, else the server itself."""
    return base_url.replace("://api.", "://www.", 1) if base_url in REGIONS.values() else base_url
