"""Logins by browser: web apps with a secret, desktop apps with PKCE, and their refresh tokens."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from coze_client import (
    PKCE,
    AccessDenied,
    AsyncCozeClient,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    CozeClient,
    DeviceCode,
    ExpiredToken,
    FileStore,
    InvalidClient,
    Message,
    NotFound,
    OAuthError,
    PermissionDenied,
    ProtocolError,
    WebOAuth,
)
from coze_client.auth.grants import www_base_url_of
from coze_client.emulator import Clock, Emulator, faults
from tests.support.clients import BlockingDriver, Driver
from tests.support.logins import TOKEN, Logins

KINDS = ("web", "pkce")


def app_of(logins: Logins, kind: str, **changed: Any) -> Any:
    return {"web": logins.web, "pkce": logins.pkce}[kind](**changed)


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


# --- the link ---


def test_the_link_of_a_web_app_asks_for_a_code_with_a_state_of_its_own() -> None:
    app = WebOAuth("1.app.coze", client_secret="sec_x", redirect_uri="https://app.example/cb?x=1#frag")
    first, second = (CozeClient(app).oauth.login() for _ in range(2))
    assert first.url.startswith("https://www.coze.com/api/permission/oauth2/authorize?")
    query = asked(first.url)
    assert query.pop("state") == first.state
    assert query == {
        "response_type": "code",
        "client_id": "1.app.coze",
        "redirect_uri": "https://app.example/cb?x=1#frag",
    }
    assert first.state != second.state
    assert len(first.state) >= 32
    assert "#" not in first.url


@pytest.mark.parametrize(
    ("client", "app", "start"),
    [
        ({}, {}, "https://www.coze.com/api/"),
        ({"region": "cn"}, {}, "https://www.coze.cn/api/"),
        ({}, {"base_url": "https://api.coze.cn"}, "https://www.coze.cn/api/"),
        ({}, {"base_url": "https://api.coze.cn/"}, "https://www.coze.cn/api/"),
        ({"base_url": "https://coze.example/x"}, {}, "https://coze.example/x/api/"),
        (
            {},
            {"base_url": "https://coze.example", "www_base_url": "https://login.example/"},
            "https://login.example/api/",
        ),
        ({"base_url": "https://gateway.example"}, {"base_url": "https://api.coze.com"}, "https://www.coze.com/api/"),
    ],
)
def test_the_pages_are_on_the_www_host_of_the_server(client: dict[str, Any], app: dict[str, Any], start: str) -> None:
    made = PKCE("1.app.coze", redirect_uri="http://127.0.0.1:1/cb", **app)
    assert CozeClient(made, **client).oauth.login().url.startswith(start)


def test_a_login_for_one_workspace_has_a_link_of_its_own(logins: Logins) -> None:
    client = logins.driver.client(logins.web())
    login = client.oauth.login(workspace_id="73/1")
    assert urlsplit(login.url).path == "/api/permission/oauth2/workspace_id/73%2F1/authorize"
    login = client.oauth.login(workspace_id="731")
    logins.run(client.oauth.finish(login, logins.answer_consent(login.url)))
    assert logins.user_name(client) == "user-1"


def test_a_verifier_is_of_full_length_new_each_time_and_hashed_into_the_link() -> None:
    client = CozeClient(PKCE("1.app.coze", redirect_uri="http://127.0.0.1:1/cb"))
    logins = [client.oauth.login() for _ in range(20)]
    assert len({login.verifier for login in logins}) == 20
    for login in logins:
        assert re.fullmatch(r"[A-Za-z0-9\-._~]{43,128}", login.verifier or "")
        digest = hashlib.sha256((login.verifier or "").encode()).digest()
        query = asked(login.url)
        assert query["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert query["code_challenge_method"] == "S256"


def test_a_plain_challenge_is_the_verifier_itself() -> None:
    login = CozeClient(PKCE("1.app.coze", redirect_uri="http://127.0.0.1:1/cb")).oauth.login(method="plain")
    assert asked(login.url)["code_challenge"] == login.verifier
    assert asked(login.url)["code_challenge_method"] == "plain"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WebOAuth("", client_secret="s"), "client_id is empty"),
        (lambda: WebOAuth("1"), "client_secret"),
        (lambda: WebOAuth("1", client_secret="with space"), "token"),
        (lambda: PKCE("1", base_url="api.coze.com"), "base_url must look like"),
        (lambda: PKCE("1", www_base_url="www"), "base_url must look like"),
        (lambda: CozeClient(PKCE("1")).oauth.login(), "redirect_uri is missing"),
        (lambda: CozeClient("pat").oauth.login(), r"WebOAuth or PKCE, not PersonalToken"),
        (lambda: CozeClient(DeviceCode("1")).oauth.login(), r"WebOAuth or PKCE, not DeviceCode"),
        (lambda: CozeClient(PKCE("1")).oauth.start_device(), r"DeviceCode, not PKCE"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


# --- the login ---


@pytest.mark.parametrize("kind", KINDS)
def test_after_the_login_the_client_just_works(logins: Logins, kind: str) -> None:
    client = logins.log_in(app_of(logins, kind), user="ann")
    assert logins.user_name(client) == "ann"
    assert logins.token_requests == 1
    sent = logins.emulator.calls_to(TOKEN)[0]
    assert ("authorization" in sent.headers) == (kind == "web")


def test_a_plain_challenge_is_accepted_too(logins: Logins) -> None:
    client = logins.driver.client(logins.pkce())
    login = client.oauth.login(method="plain")
    logins.run(client.oauth.finish(login, logins.answer_consent(login.url)))
    assert logins.user_name(client) == "user-1"


@pytest.mark.parametrize("kind", KINDS)
def test_a_user_who_refuses_is_not_taken_for_a_failure(logins: Logins, kind: str) -> None:
    client = logins.driver.client(app_of(logins, kind))
    login = client.oauth.login()
    with pytest.raises(AccessDenied, match="The user refused"):
        logins.run(client.oauth.finish(login, logins.answer_consent(login.url, "deny")))
    assert logins.token_requests == 0


@pytest.mark.parametrize("state", ["", "state=", "state=another", "state=x&state={state}"])
def test_a_callback_without_the_state_of_the_login_is_not_accepted(logins: Logins, state: str) -> None:
    client = logins.driver.client(logins.web())
    login = client.oauth.login()
    forged = f"http://127.0.0.1:8766/callback?code=code_stolen&{state}"
    with pytest.raises(OAuthError, match="not the state of this login"):
        logins.run(client.oauth.finish(login, forged))
    assert logins.token_requests == 0


def test_a_callback_with_neither_code_nor_reason_is_reported(logins: Logins) -> None:
    client = logins.driver.client(logins.web())
    login = client.oauth.login()
    with pytest.raises(OAuthError, match="sent no code"):
        logins.run(client.oauth.finish(login, f"{login.redirect_uri}?state={login.state}"))


def test_a_refusal_that_is_not_the_users_says_what_coze_said(logins: Logins) -> None:
    client = logins.driver.client(logins.web())
    login = client.oauth.login()
    back = f"{login.redirect_uri}?error=invalid_request&error_description=Bad+thing&state={login.state}"
    with pytest.raises(OAuthError, match="Bad thing") as caught:
        logins.run(client.oauth.finish(login, back))
    assert not isinstance(caught.value, AccessDenied)
    assert caught.value.code == "invalid_request"


def test_a_code_is_good_for_one_login(logins: Logins) -> None:
    client = logins.driver.client(logins.web())
    login = client.oauth.login()
    back = logins.answer_consent(login.url)
    logins.run(client.oauth.finish(login, back))
    with pytest.raises(OAuthError, match="work only once"):
        logins.run(client.oauth.finish(login, back))
    assert logins.user_name(client) == "user-1"


def test_a_code_is_worth_nothing_to_whoever_lacks_the_verifier(logins: Logins) -> None:
    client = logins.driver.client(logins.pkce())
    login = client.oauth.login()
    back = logins.answer_consent(login.url)
    with pytest.raises(OAuthError, match="code_verifier"):
        logins.run(client.oauth.finish(replace(login, verifier="v" * 64), back))


def test_a_wrong_secret_is_an_invalid_client_with_a_cure(logins: Logins) -> None:
    client = logins.driver.client(logins.web(client_secret="not_the_secret"))
    login = client.oauth.login()
    with pytest.raises(InvalidClient, match="secret") as caught:
        logins.run(client.oauth.finish(login, logins.answer_consent(login.url)))
    assert "region" in caught.value.cure
    assert caught.value.logid


def test_before_the_login_a_call_says_who_has_to_log_in(logins: Logins) -> None:
    client = logins.driver.client(logins.web(user="ann"))
    with pytest.raises(ExpiredToken, match=r"User 'ann' is not logged in.*client\.oauth\.login"):
        logins.user_name(client)
    assert not logins.emulator.calls


def test_after_the_logout_the_token_is_gone_from_the_store(logins: Logins) -> None:
    client = logins.log_in(logins.web())
    logins.run(client.oauth.logout())
    with pytest.raises(ExpiredToken, match="not logged in"):
        logins.user_name(client)


def test_one_pool_serves_many_users_who_are_kept_apart(logins: Logins) -> None:
    app = logins.web()
    client = logins.driver.client(app)
    tenants = {user: client.options(token=app.for_user(user)) for user in ("ann", "bob", "cy")}
    for user, tenant in tenants.items():
        login = tenant.oauth.login()
        logins.run(tenant.oauth.finish(login, logins.answer_consent(login.url, user=user)))
    assert [logins.user_name(tenant) for tenant in tenants.values()] == ["ann", "bob", "cy"]
    assert logins.user_name(client.options(token=app.for_user("bob"))) == "bob"
    assert {id(tenant._session.transport) for tenant in tenants.values()} == {id(client._session.transport)}
    assert logins.token_requests == 3
    with pytest.raises(ExpiredToken):
        logins.user_name(client)


def test_one_object_serves_any_number_of_clients_of_both_kinds(logins: Logins, emulator: Emulator) -> None:
    app = logins.web()
    logins.log_in(app)
    with CozeClient(app) as blocking:
        assert blocking.request("GET", "/v1/users/me")["data"]
    assert logins.user_name(logins.driver.client(app)) == "user-1"
    logins.clock.advance(1000)
    assert logins.user_name(logins.driver.client(app)) == "user-1"
    assert logins.token_requests == 2


# --- the renewal ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_login_lives_on_by_its_refresh_tokens_each_of_which_is_used_once(logins: Logins, kind: str) -> None:
    client = logins.log_in(app_of(logins, kind))
    for _ in range(4):
        logins.clock.advance(1000)
        assert logins.user_name(client) == "user-1"
    used = [call.body["refresh_token"] for call in logins.emulator.calls_to(TOKEN)[1:]]  # type: ignore[index]  # JSON
    assert len(set(used)) == 4


@pytest.mark.parametrize("shared", [False, True], ids=["in memory", "in a file"])
def test_fifty_threads_and_a_hundred_tasks_on_two_loops_spend_one_refresh_token(
    emulator: Emulator, tmp_path: Path, shared: bool
) -> None:
    logins = Logins(emulator, BlockingDriver())
    app = logins.web(store=FileStore(tmp_path / "tokens.json") if shared else None)
    client = logins.log_in(app)
    logins.clock.advance(1000)

    async def tasks() -> None:
        async with AsyncCozeClient(app) as coze:
            await asyncio.gather(*(coze.request("GET", "/v1/users/me") for _ in range(50)))

    with ThreadPoolExecutor(52) as pool:
        jobs = [pool.submit(asyncio.run, tasks()) for _ in range(2)]
        jobs += [pool.submit(logins.user_name, client) for _ in range(50)]
        for job in jobs:
            job.result(60)
    client.close()
    assert len(emulator.calls_to("/v1/users/me")) == 150
    assert logins.token_requests == 2


@pytest.mark.parametrize("spent", ["invalid_request", "invalid_grant"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_login_that_is_over_says_to_log_in_again(driver: Driver, kind: str, spent: Any) -> None:
    with Emulator(spent_grant=spent) as emulator:
        logins = Logins(emulator, driver)
        client = logins.log_in(app_of(logins, kind))
        logins.clock.advance(31 * 24 * 3600)
        with pytest.raises(ExpiredToken, match=r"The login has expired.*Let the user log in again") as caught:
            logins.user_name(client)
        assert (caught.value.code, caught.value.status) == (spent, 400)


def test_a_withdrawn_consent_ends_the_login(logins: Logins) -> None:
    client = logins.log_in(logins.web(), user="ann")
    logins.emulator.revoke_user(logins.emulator.oauth_apps["web"], "ann")
    with pytest.raises(ExpiredToken, match="log in again"):
        logins.user_name(client)


def test_a_disabled_app_is_no_reason_to_log_in_again(logins: Logins) -> None:
    client = logins.log_in(logins.web())
    logins.clock.advance(1000)
    body = b'{"error_code": "access_deny", "error_message": "app disabled"}'
    logins.emulator.inject(faults.HttpStatus(400, body), path=TOKEN)
    with pytest.raises(AccessDenied, match="app is enabled"):
        logins.user_name(client)
    assert logins.user_name(client) == "user-1"


def test_a_refresh_whose_answer_is_lost_is_not_sent_again_and_asks_for_a_login(logins: Logins) -> None:
    client = logins.log_in(logins.web())
    logins.clock.advance(1000)
    logins.emulator.inject(faults.AfterStart(faults.DropConnection()), path=TOKEN)
    with pytest.raises(ConnectionFailed):
        logins.user_name(client)
    assert logins.token_requests == 2
    with pytest.raises(ExpiredToken):
        logins.user_name(client)


def test_a_refresh_that_never_arrived_is_sent_again(logins: Logins, sleeps: list[float]) -> None:
    client = logins.log_in(logins.web())
    logins.clock.advance(1000)
    logins.emulator.inject(faults.HttpStatus(429), path=TOKEN)
    assert logins.user_name(client) == "user-1"
    assert len(sleeps) == 1


@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_oauth_error_is_recognised_by_its_code_at_any_status(driver: Driver, status: int) -> None:
    with Emulator(oauth_error_status=status) as emulator:
        logins = Logins(emulator, driver)
        client = logins.driver.client(logins.web(client_secret="not_the_secret"))
        login = client.oauth.login()
        with pytest.raises(InvalidClient):
            logins.run(client.oauth.finish(login, logins.answer_consent(login.url)))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<html>login</html>", ProtocolError),
        (b"", ProtocolError),
        (b"{}", ProtocolError),
        (b'{"access_token": "", "expires_in": 1}', ProtocolError),
        (b'{"access_token": "czu_x", "expires_in": "soon"}', ProtocolError),
        (b'{"access_token": "czu_x", "expires_in', ProtocolError),
        (b'{"code": 4100, "msg": "no"}', AuthenticationError),
        (b'{"error": "something_new", "error_description": "what"}', OAuthError),
    ],
)
def test_whatever_the_token_endpoint_answers_is_one_of_the_errors_and_quotes_no_token(
    logins: Logins, body: bytes, error: type[Exception]
) -> None:
    client = logins.driver.client(logins.web())
    login = client.oauth.login()
    logins.emulator.inject(faults.HttpStatus(200, body, "application/json"), path=TOKEN)
    with pytest.raises(error) as caught:
        logins.run(client.oauth.finish(login, logins.answer_consent(login.url)))
    assert "czu_x" not in str(caught.value)


def test_a_self_hosted_studio_has_no_sign_in_and_says_so(driver: Driver) -> None:
    with Emulator("studio") as studio:
        client = driver.client(PKCE("1", redirect_uri="http://127.0.0.1:1/cb", base_url=studio.url))
        login = client.oauth.login()
        with pytest.raises(NotFound, match="self-hosted"):
            driver.run(client.oauth.finish(login, f"{login.redirect_uri}?code=c&state={login.state}"))


# --- in the middle of things ---


def ask(logins: Logins, client: Any, **options: Any) -> Any:
    return client.chats.stream(
        bot_id=logins.emulator.bots["echo"], user_id="u", additional_messages=[Message.user("hello you")], **options
    )


@pytest.mark.parametrize(
    "refusal",
    [
        faults.Expire(),
        faults.Coded(4100),
        faults.Coded(700012006),
        faults.HttpStatus(401, b"{}"),
        faults.HttpStatus(401, b"<html>"),
    ],
)
def test_a_token_that_is_refused_before_its_time_is_renewed_once_and_the_call_goes_on(
    logins: Logins, refusal: Any
) -> None:
    client = logins.log_in(logins.web())
    logins.emulator.inject(refusal, path="/v1/users/me")
    assert logins.user_name(client) == "user-1"
    assert logins.token_requests == 2
    assert len(logins.emulator.calls_to("/v1/users/me")) == 2


def test_a_token_that_is_refused_for_ever_is_renewed_once_a_call(logins: Logins) -> None:
    client = logins.log_in(logins.web())
    logins.emulator.inject(faults.Coded(4100), path="/v1/users/me", times=99)
    with pytest.raises(AuthenticationError):
        logins.user_name(client)
    assert (logins.token_requests, len(logins.emulator.calls_to("/v1/users/me"))) == (2, 2)


def test_a_missing_scope_is_no_reason_to_renew(logins: Logins) -> None:
    app = logins.emulator.add_oauth_app("pkce", ["http://127.0.0.1:1/cb"], scopes=["createConversation"])
    mine = PKCE(app.client_id, redirect_uri=app.redirect_uris[0], base_url=logins.emulator.url, clock=logins.clock)
    client = logins.log_in(mine)
    with pytest.raises(PermissionDenied, match=r"permission .*scope"):
        logins.driver.collect(client.conversations.list(bot_id=logins.emulator.bots["echo"]))
    assert logins.token_requests == 1


def test_a_stream_whose_token_has_expired_refreshes_once_and_starts_once(logins: Logins) -> None:
    client = logins.log_in(logins.web())
    logins.emulator.inject(faults.Expire())
    stream = ask(logins, client)
    logins.driver.collect(stream)
    assert stream.text == "hello you"
    assert (logins.token_requests, logins.emulator.chats_started) == (2, 1)


def test_a_cut_stream_recovers_although_the_token_expired_on_the_way(logins: Logins) -> None:
    client = logins.log_in(logins.web())
    logins.emulator.inject(faults.CutAfterEvents(3))
    logins.emulator.inject(faults.Expire(), path="/v3/chat/retrieve")
    stream = ask(logins, client)
    logins.driver.collect(stream)
    assert stream.text == "hello you"
    assert (logins.token_requests, logins.emulator.chats_started) == (2, 1)


def test_polling_goes_on_with_a_new_token(logins: Logins, sleeps: list[float]) -> None:
    client = logins.log_in(logins.web())
    logins.emulator.inject(faults.Expire(), path="/v3/chat/retrieve")
    answer = logins.run(
        client.chats.create_and_poll(
            bot_id=logins.emulator.bots["echo"], user_id="u", additional_messages=[Message.user("hello you")]
        )
    )
    assert answer.chat.status == "completed"
    assert (logins.token_requests, logins.emulator.chats_started) == (2, 1)


def test_a_listing_goes_on_with_a_new_token_on_any_page(logins: Logins) -> None:
    client = logins.log_in(logins.web())
    made = [logins.run(client.conversations.create(bot_id=logins.emulator.bots["echo"])).id for _ in range(5)]
    listing = client.conversations.list(bot_id=logins.emulator.bots["echo"], page_size=2)
    logins.driver.collect(listing, 1)
    logins.emulator.inject(faults.Expire(), path="/v1/conversations")
    found = {conversation.id for conversation in logins.driver.collect(listing)}
    assert found == set(made)
    assert logins.token_requests == 2


def test_token_requests_go_over_the_clients_own_transport(driver: Driver) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url} {request.headers.get('x-team')}")
        return httpx.Response(200, json={"access_token": "czu_abcdefgh", "expires_in": 900, "refresh_token": "r"})

    transport = httpx.MockTransport(answer)
    client = driver.client(
        PKCE("1", redirect_uri="http://127.0.0.1:1/cb"), transport=transport, headers={"x-team": "blue"}
    )
    login = client.oauth.login()
    driver.run(client.oauth.finish(login, f"{login.redirect_uri}?code=c&state={login.state}"))
    assert seen == [f"https://api.coze.com{TOKEN} blue"]


# --- what a login keeps ---


@pytest.mark.parametrize(
    ("server", "pages"),
    [
        ("https://api.coze.com", "https://www.coze.com"),
        ("https://api.coze.cn", "https://www.coze.cn"),
        ("https://api.example.com", "https://api.example.com"),
        ("http://api.coze.com", "http://api.coze.com"),
        ("https://api.coze.com/gateway", "https://api.coze.com/gateway"),
        ("http://localhost:8888", "http://localhost:8888"),
    ],
)
def test_only_the_clouds_of_coze_have_their_pages_on_another_host(server: str, pages: str) -> None:
    assert www_base_url_of(server) == pages


class TokenServer:
    """Answers token requests with token 1, 2, 3 …, and only the first one with a refresh token; keeps their bodies."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/token"):
            return httpx.Response(200, json={"code": 0, "data": {"user_id": "1"}})
        self.bodies.append(json.loads(request.content))
        refresh = {"refresh_token": "refresh_1"} if len(self.bodies) == 1 else {}
        return httpx.Response(200, json={"access_token": f"token_{len(self.bodies)}", "expires_in": 900, **refresh})


def test_an_answer_without_a_refresh_token_leaves_the_user_logged_in_for_good(driver: Driver) -> None:
    server, clock = TokenServer(), Clock()
    app = PKCE("1.app.coze", redirect_uri="http://app/cb", clock=clock)
    client = driver.client(app, base_url="http://coze", transport=httpx.MockTransport(server))
    login = client.oauth.login()
    driver.run(client.oauth.finish(login, f"http://app/cb?code=c&state={login.state}"))
    for _ in range(3):
        clock.advance(1000)
        driver.run(client.users.me())
    assert [body.get("refresh_token") for body in server.bodies] == [None, "refresh_1", "refresh_1", "refresh_1"]


def test_a_login_is_finished_with_its_own_redirect_uri_by_whichever_object(driver: Driver) -> None:
    server = TokenServer()
    begun = CozeClient(PKCE("1.app.coze", redirect_uri="http://app/cb"), base_url="http://coze").oauth.login()
    client = driver.client(PKCE("1.app.coze"), base_url="http://coze", transport=httpx.MockTransport(server))
    driver.run(client.oauth.finish(begun, f"http://app/cb?code=c&state={begun.state}"))
    assert server.bodies[0]["redirect_uri"] == "http://app/cb"
    assert server.bodies[0]["code_verifier"] == begun.verifier
