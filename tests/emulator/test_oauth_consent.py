"""The consent page for web and PKCE apps, and the authorization code that it issues."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from coze_client.emulator import Clock, Emulator
from coze_client.emulator.routes.oauth.oauth_apps import Kind, OAuthApp
from tests.support.api_calls import data
from tests.support.oauth_calls import AUTHORIZE, OAuthClient, error_code_of

BOTH: tuple[Kind, ...] = ("web", "pkce")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def browser(emulator: Emulator, clock: Clock) -> Iterator[OAuthClient]:
    emulator.clock = clock
    with OAuthClient(emulator) as browser:
        yield browser


@pytest.fixture(params=BOTH)
def app(request: pytest.FixtureRequest, emulator: Emulator) -> OAuthApp:
    kind: Kind = request.param
    return emulator.oauth_apps[kind]


class Form(HTMLParser):
    """The method, fields and buttons of a page's form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.method = ""
        self.fields: dict[str, str] = {}
        self.buttons: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.method = given.get("method", "get")
        elif tag == "input":
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "button":
            self.buttons.append(given.get("value", ""))


def test_the_page_says_who_wants_what_and_asks_back(browser: OAuthClient, emulator: Emulator) -> None:
    app = emulator.add_oauth_app("web", ["https://me.example/back"], scopes={"chat", "getChat"})
    page = browser.get(AUTHORIZE, params=browser.authorize_query(app))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert all(word in page.text for word in (app.name, "chat, getChat", "Allow", "Deny", "all your workspaces"))
    form = Form(page.text)
    assert (form.method, form.fields, form.buttons) == ("post", {"user": "user-1"}, ["allow", "deny"])


def test_the_page_for_a_workspace_names_it(browser: OAuthClient, emulator: Emulator) -> None:
    app = emulator.oauth_apps["web"]
    path = "/api/permission/oauth2/workspace_id/736163827687053/authorize"
    query = browser.authorize_query(app)
    assert "736163827687053" in browser.get(path, params=query).text
    assert "code=" in browser.post(path, params=query, data={"decision": "allow"}).headers["location"]


def test_nothing_from_the_link_becomes_markup(browser: OAuthClient, emulator: Emulator) -> None:
    query = browser.authorize_query(emulator.oauth_apps["web"], emulator_user='"><script>alert(1)</script>')
    page = browser.get(AUTHORIZE, params=query)
    assert "<script" not in page.text
    assert Form(page.text).fields["user"] == query["emulator_user"]


def test_a_code_and_the_state_go_to_the_redirect_uri(browser: OAuthClient, app: OAuthApp) -> None:
    answer = browser.decide(browser.authorize_query(app, state="a b&c=#"))
    assert answer.keys() == {"code", "state"}
    assert (answer["code"][:5], answer["state"]) == ("code_", "a b&c=#")
    assert browser.decide(browser.authorize_query(app, state=""))["state"] == ""
    assert "state" not in browser.decide(browser.authorize_query(app, state=None))


def test_a_redirect_uri_keeps_its_own_query(browser: OAuthClient, emulator: Emulator) -> None:
    app = emulator.add_oauth_app("web", ["https://me.example/back?tenant=7"])
    assert browser.decide(browser.authorize_query(app)).keys() == {"tenant", "code", "state"}


def test_a_user_who_denies_gets_no_code(browser: OAuthClient, app: OAuthApp) -> None:
    assert browser.decide(browser.authorize_query(app), "deny") == {"error": "access_denied", "state": "s1"}


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "http://127.0.0.1:8766/callback/"},
        {"redirect_uri": "http://127.0.0.1:8767/callback"},
        {"redirect_uri": None},
        {"client_id": "1.app.coze"},
        {"client_id": None},
    ],
)
def test_who_is_not_registered_gets_no_answer_at_all(
    browser: OAuthClient, app: OAuthApp, changed: dict[str, str | None]
) -> None:
    query = browser.authorize_query(app, **changed)
    for answer in (
        browser.get(AUTHORIZE, params=query),
        browser.post(AUTHORIZE, params=query, data={"decision": "allow"}),
    ):
        assert (answer.status_code, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize("kind", ["device", "jwt"])
def test_only_web_and_pkce_apps_have_a_consent_page(browser: OAuthClient, emulator: Emulator, kind: Kind) -> None:
    query = {**browser.authorize_query(emulator.oauth_apps["web"]), "client_id": emulator.oauth_apps[kind].client_id}
    assert browser.get(AUTHORIZE, params=query).status_code == 400


@pytest.mark.parametrize(
    "changed",
    [{"response_type": "token"}, {"code_challenge": None}, {"code_challenge_method": "S512"}],
)
def test_other_mistakes_are_told_to_the_redirect_uri(
    browser: OAuthClient, emulator: Emulator, changed: dict[str, str | None]
) -> None:
    query = browser.authorize_query(emulator.oauth_apps["pkce"], **changed)
    response = browser.get(AUTHORIZE, params=query)
    assert (response.status_code, "error=invalid_request" in response.headers["location"]) == (302, True)
    assert browser.decide(query)["error"] == "invalid_request"


def test_a_form_without_a_decision_is_not_valid(browser: OAuthClient, app: OAuthApp) -> None:
    assert browser.post(AUTHORIZE, params=browser.authorize_query(app)).status_code == 400


def test_a_code_is_worth_two_tokens_once(browser: OAuthClient, app: OAuthApp, clock: Clock) -> None:
    code = browser.code(app)
    tokens = browser.exchange(app, code).json()
    assert tokens.keys() == {"access_token", "refresh_token", "expires_in", "token_type"}
    assert (tokens["access_token"][:4], tokens["token_type"]) == ("czu_", "Bearer")
    assert tokens["expires_in"] == clock() + 900
    with browser.api(tokens) as api:
        assert data(api.get("/v1/users/me"))["user_name"] == "user-1"
    assert error_code_of(browser.exchange(app, code)) == "invalid_request"


def test_each_user_is_an_account_of_their_own(browser: OAuthClient, app: OAuthApp) -> None:
    found = []
    for user in ("user-1", "ada", "bob", "ada"):
        with browser.api(browser.tokens(app, user)) as api:
            found.append(data(api.get("/v1/users/me")))
    assert [user["user_name"] for user in found] == ["user-1", "ada", "bob", "ada"]
    assert len({user["user_id"] for user in found}) == 3
    assert all(user["user_id"].isdecimal() for user in found)


def test_the_link_may_name_the_user(browser: OAuthClient, emulator: Emulator) -> None:
    app = emulator.oauth_apps["web"]
    code = browser.decide(browser.authorize_query(app, emulator_user="ada"))["code"]
    with browser.api(browser.exchange(app, code).json()) as api:
        assert data(api.get("/v1/users/me"))["user_name"] == "ada"


def test_a_code_expires(browser: OAuthClient, app: OAuthApp, clock: Clock) -> None:
    code = browser.code(app)
    clock.advance(600)
    assert error_code_of(browser.exchange(app, code)) == "invalid_request"


def test_a_code_belongs_to_its_app_and_redirect_uri(browser: OAuthClient, emulator: Emulator, app: OAuthApp) -> None:
    other = emulator.add_oauth_app(app.kind, app.redirect_uris)
    assert error_code_of(browser.exchange(other, browser.code(app))) == "invalid_request"
    elsewhere = browser.exchange(app, browser.code(app), redirect_uri=app.redirect_uris[1])
    assert error_code_of(elsewhere) == "invalid_request"


def test_a_web_app_needs_its_secret(browser: OAuthClient, emulator: Emulator) -> None:
    app = emulator.oauth_apps["web"]
    body = {"grant_type": "authorization_code", "client_id": app.client_id, "code": browser.code(app)}
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = browser.post("/api/permission/oauth2/token", json=body, headers=headers)
        assert error_code_of(answer, 401) == "invalid_client"


def test_a_public_app_sends_no_authorization(browser: OAuthClient, emulator: Emulator) -> None:
    browser.headers["Authorization"] = "Bearer anything"
    app = emulator.oauth_apps["pkce"]
    assert error_code_of(browser.exchange(app, browser.code(app)), 401) == "invalid_client"


@pytest.mark.parametrize("verifier", ["", "w" * 43, OAuthClient.challenge])
def test_the_verifier_must_hash_to_the_challenge(browser: OAuthClient, emulator: Emulator, verifier: str) -> None:
    app = emulator.oauth_apps["pkce"]
    code = browser.code(app)
    assert error_code_of(browser.exchange(app, code, code_verifier=verifier)) == "invalid_request"
    assert error_code_of(browser.exchange(app, code)) == "invalid_request", (
        "a code works once, also for a wrong verifier"
    )


@pytest.mark.parametrize("method", [None, "plain"])
def test_a_challenge_without_method_is_the_verifier_itself(
    browser: OAuthClient, emulator: Emulator, method: str | None
) -> None:
    app = emulator.oauth_apps["pkce"]

    def exchanged(challenge: str) -> httpx.Response:
        code = browser.code(app, code_challenge=challenge, code_challenge_method=method)
        return browser.exchange(app, code)

    assert exchanged(browser.verifier).status_code == 200
    assert error_code_of(exchanged(browser.challenge)) == "invalid_request"


def test_an_app_has_three_redirect_uris_at_most(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="3 redirect URIs"):
        emulator.add_oauth_app("web", [f"https://me.example/{n}" for n in range(4)])
