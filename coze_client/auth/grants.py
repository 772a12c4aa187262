"""The OAuth grants as credentials: each knows how a login begins, how its token is had, and how it is renewed.

API pages: oauth_code, oauth_pkce, oauth_device_code, oauth_jwt (and their enterprise variants). All token calls go to
the API host over the client's own connections; only the pages that people see are on the www host.
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
from coze_client.core.config import REGIONS, checked_url
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
    """A login that has begun: send the user's browser to ``url``, and keep this beside the user's session till then.

    ``state`` comes back with the callback and is checked; ``verifier`` proves at the end (PKCE) who began it. Secret.
    """

    url: str = field(repr=False)
    state: str = field(repr=False)
    redirect_uri: str
    verifier: str | None = field(default=None, repr=False)


class DeviceLogin(Model):
    """A login on another device: show ``user_code`` and ``verification_url`` to the user; ``device_code`` is secret.

    ``expires_in`` and ``interval`` are seconds: how long the code is good for, and how often one may ask.
    """

    device_code: str = Field(default="", repr=False)
    user_code: str = ""
    verification_uri: str = ""
    expires_in: float = 300.0
    interval: float = 5.0

    @property
    def verification_url(self) -> str:
        """The page to open, with the code filled in."""
        joint = "&" if urlsplit(self.verification_uri).query else "?"
        return f"{self.verification_uri}{joint}{urlencode({'user_code': self.user_code})}"


class UserGrant(Renewable):
    """What the grants that end in a refresh token share. Make a WebOAuth, PKCE or DeviceCode.

    `client_id` is the app's, `store` keeps the tokens (default: in memory), `user` separates users in it. `base_url`
    (API) and `www_base_url` (pages) default to the client's server. `clock` gives unix seconds.
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
            raise ConfigurationError("client_id is empty: it is the OAuth app's id, like 123456.app.coze")
        if self.needs_secret and not client_secret:
            raise ConfigurationError("A web app needs its client_secret; an app that can keep none uses PKCE")
        super().__init__(f"{self.kind}:{client_id}:{user}", store, clock)
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self.user = user
        self.base_url = None if base_url is None else checked_url(base_url)
        self.www_base_url = None if www_base_url is None else checked_url(www_base_url)
        self._secret = PersonalToken(client_secret) if client_secret and self.needs_secret else None

    def for_user(self, user: str) -> Self:
        """The same app for another of its users, in the same store: ``client.options(token=app.for_user("ann"))``."""
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
        """A login over the pages of `server` (an API base URL, from which the www host follows)."""
        if not self.redirect_uri:
            raise ConfigurationError("redirect_uri is missing: one of those registered with the OAuth app, exactly")
        state = state or token_urlsafe(24)
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": state,
        }
        verifier = token_urlsafe(96) if self.kind == "pkce" else None  # 128 characters, the most that RFC 7636 allows
        if verifier:
            asked |= {"code_challenge": _challenge(verifier, method), "code_challenge_method": method}
        where = f"/workspace_id/{segment(workspace_id)}" if workspace_id else ""
        url = f"{self.www_base_url or www_of(server)}/api/permission/oauth2{where}/authorize?{urlencode(asked)}"
        return Login(url, state, self.redirect_uri, verifier)

    async def finish(self, caller: Caller, login: Login, callback_url: str) -> Token:
        """The token for the code with which the user came back; raises OAuthError, if they refused AccessDenied."""
        body = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": _callback_code(login, callback_url),
            "redirect_uri": login.redirect_uri,
        }
        return await self.exchange(caller, {**body, "code_verifier": login.verifier} if login.verifier else body)

    async def grant(self, caller: Caller, last: Token | None) -> Token:
        """The next token, by the refresh token of the last; raises ExpiredToken if the user must log in again."""
        if last is None or not last.refresh_token:
            who = f"User {self.user!r}" if self.user else "The user"
            raise ExpiredToken(f"{who} is not logged in", cure=_LOG_IN_AGAIN)
        body = {"grant_type": "refresh_token", "client_id": self.client_id, "refresh_token": last.refresh_token}
        try:
            return await self.exchange(caller, body, last)
        except OAuthError as error:
            raise _refused_refresh(error) from None

    async def exchange(self, caller: Caller, body: Mapping[str, object], last: Token | None = None) -> Token:
        """A token for what `body` proves; raises OAuthError."""
        request = token_request(body, self.clock, last=last, signed=self._secret is not None)
        return await caller.send(request, self._secret)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_id={self.client_id!r}, user={self.user!r})"


class WebOAuth(UserGrant):
    """A web app with a secret on its server: the user's browser comes back from Coze with a code."""

    kind = "web"
    needs_secret = True


class PKCE(UserGrant):
    """An app that can keep no secret (desktop, mobile): a verifier made for each login takes its place."""

    kind = "pkce"


class DeviceCode(UserGrant):
    """An app on a machine without a browser: the user confirms a code on another device."""

    kind = "device"

    async def start(self, caller: Caller, workspace_id: str | None = None) -> DeviceLogin:
        """A code for the user to confirm; for one workspace if it is given (enterprise plans)."""
        where = f"/workspace_id/{segment(workspace_id)}" if workspace_id else ""
        path = f"/api/permission/oauth2{where}/device/code"
        body = {"client_id": self.client_id}
        return await caller.send(Request("POST", path, _read_device, body=body, kind=Kind.START, signed=False))

    async def wait(self, caller: Caller, login: DeviceLogin, cancelled: Callable[[], bool]) -> Token:
        """The token once the user confirmed.

        Asks as often as the server allows. Raises AccessDenied if the user refused or `cancelled` says so, ExpiredToken
        once the code is too old.
        """
        body = {"grant_type": _DEVICE_GRANT, "client_id": self.client_id, "device_code": login.device_code}
        interval, ends = max(login.interval, 1.0), self.clock() + login.expires_in
        while self.clock() < ends:
            await _sleep(caller, interval, cancelled)
            try:
                return await self.exchange(caller, body)
            except CozeError as error:
                if error.code not in _STILL_WAITING and not may_retry(Kind.READ, error):
                    raise
                interval = min(interval + 5.0, max(30.0, interval)) if error.code == "slow_down" else interval
        raise ExpiredToken("The device code has expired before the user confirmed it", cure=_LOG_IN_AGAIN)


def _read_device(answer: RawResponse) -> DeviceLogin:
    login = convert(DeviceLogin, read_secret(answer))
    if not login.device_code:
        raise ProtocolError("The answer has no device_code", status=answer.status, logid=answer.logid)
    return login


def _callback_code(login: Login, callback_url: str) -> str:
    """The code in a callback; raises OAuthError if the state is not the login's, or what Coze says of a refusal."""
    told = dict(parse_qsl(urlsplit(callback_url).query))
    if not compare_digest(told.get("state", "").encode(), login.state.encode()):
        raise OAuthError(
            "The callback's state is not that of this login", cure="Begin again; somebody may have forged the callback"
        )
    if "code" not in told:
        raise oauth_error_for(told.get("error", ""), told.get("error_description", "") or "Coze sent no code back")
    return told["code"]


def _challenge(verifier: str, method: str) -> str:
    if method == "plain":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _refused_refresh(error: OAuthError) -> OAuthError:
    """A refresh token that is not accepted was used, revoked or is too old: all mean a new login."""
    if error.code in ("invalid_request", "invalid_grant", "expired_token", "access_denied"):
        return ExpiredToken(
            f"The login is over: {error.message}",
            code=error.code,
            status=error.status,
            logid=error.logid,
            cure=_LOG_IN_AGAIN,
        )
    return error


async def _sleep(caller: Caller, seconds: float, cancelled: Callable[[], bool]) -> None:
    """Waits in short steps, so that a cancelled login ends soon."""
    left = seconds
    while left > 0:
        if cancelled():
            raise AccessDenied("The login was cancelled")
        await caller.concurrency.sleep(min(left, 0.25))
        left -= 0.25


def www_of(base_url: str) -> str:
    """Where people log in: the www host of coze.com and coze.cn; of any other server, the server itself."""
    return base_url.replace("://api.", "://www.", 1) if base_url in REGIONS.values() else base_url
