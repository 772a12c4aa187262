"""Logins of every kind at an emulator whose clock the test moves."""

from __future__ import annotations

from functools import cache, cached_property
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from coze_client import JWT, PKCE, DeviceCode, WebOAuth
from coze_client.auth.grants import UserGrant
from coze_client.emulator import Clock, Emulator
from coze_client.emulator.routes.oauth.key_pairs import KeyPair, new_key_pair
from tests.support.clients import Driver

TOKEN = "/api/permission/oauth2/token"
DEVICE = "/api/permission/oauth2/device/code"


@cache
def key_pair() -> KeyPair:
    """Return a key pair for all tests, because a new one takes long."""
    return new_key_pair()


def answer_consent(url: str, decision: str = "allow", user: str = "user-1") -> str:
    """Answer the consent page at `url` as `user`; return the URL to which the browser is redirected."""
    parts = urlsplit(url)
    browser = HTTPConnection(parts.netloc)  # httpx would write a log
    form = urlencode({"decision": decision, "user": user})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    browser.request("POST", f"{parts.path}?{parts.query}", form, headers)
    answer = browser.getresponse()
    assert answer.status == 302, answer.read()
    browser.close()
    return answer.headers["location"]


class Logins:
    """Credentials of every kind for one emulator, and its user; time passes only by ``clock.advance``."""

    def __init__(self, emulator: Emulator, driver: Driver) -> None:
        self.clock = Clock()
        self.emulator = emulator
        self.emulator.clock = self.clock
        self.driver = driver
        self.run = driver.run

    def web(self, **changed: Any) -> WebOAuth:
        app = self.emulator.oauth_apps["web"]
        given = {"client_secret": app.client_secret, "redirect_uri": app.redirect_uris[0], **changed}
        return WebOAuth(app.client_id, clock=self.clock, base_url=self.emulator.url, **given)

    def pkce(self, **changed: Any) -> PKCE:
        app = self.emulator.oauth_apps["pkce"]
        given = {"redirect_uri": app.redirect_uris[0], **changed}
        return PKCE(app.client_id, clock=self.clock, base_url=self.emulator.url, **given)

    def desktop(self, uri: str) -> PKCE:
        """Return the credentials of a new desktop app with this redirect URI."""
        app = self.emulator.add_oauth_app("pkce", [uri])
        return PKCE(app.client_id, redirect_uri=uri, base_url=self.emulator.url, clock=self.clock)

    def device(self, **changed: Any) -> DeviceCode:
        app = self.emulator.oauth_apps["device"]
        return DeviceCode(app.client_id, clock=self.clock, base_url=self.emulator.url, **changed)

    def jwt(self, **changed: Any) -> JWT:
        app = self.service
        given = {"private_key": key_pair().private_key, "public_key_id": app.public_key_id, "clock": self.clock}
        return JWT(app.client_id, **{"base_url": self.emulator.url, **given, **changed})

    @cached_property
    def service(self) -> Any:
        """The service app as the emulator has it registered."""
        return self.emulator.add_oauth_app("jwt", public_key=key_pair().public_key)

    def answer_consent(self, url: str, decision: str = "allow", user: str = "user-1") -> str:
        """As the function of this name."""
        return answer_consent(url, decision, user)

    def log_in(self, app: UserGrant, user: str = "user-1", **options: Any) -> Any:
        """Return a client whose user has logged in."""
        client = self.driver.client(app, **options)
        login = client.oauth.login()
        self.run(client.oauth.finish(login, self.answer_consent(login.url, user=user)))
        return client

    def user_name(self, client: Any) -> Any:
        """Return the user name that the API reports for the client's token."""
        return self.run(client.request("GET", "/v1/users/me"))["data"]["user_name"]

    @property
    def token_requests(self) -> int:
        """The number of token requests so far."""
        return len(self.emulator.calls_to(TOKEN))
