"""The local callback of desktop logins: only on this machine, only the registered URI, only one request."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from coze_client import PKCE, AccessDenied, AsyncCozeClient, ConfigurationError, TimedOut, WebOAuth
from coze_client.auth.browser_callback import Callback
from coze_client.emulator import Emulator
from tests.support.logins import Logins
from tests.support.ports import free_port


@pytest.fixture
def uri() -> str:
    return f"http://127.0.0.1:{free_port()}/callback"


@pytest.fixture
def callback(uri: str) -> Iterator[Callback]:
    with Callback(uri) as listening:
        yield listening


@pytest.mark.parametrize(
    "uri",
    [
        "https://127.0.0.1:8080/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:99999/callback",
        "http://app.example:8080/callback",
        "http://0.0.0.0:8080/callback",
        "http://192.168.1.2:8080/callback",
        "http://127.0.0.1.example:8080/callback",
        "callback",
        "",
    ],
)
def test_only_addresses_of_this_machine_are_listened_at(uri: str) -> None:
    with pytest.raises(ConfigurationError, match=r"http://127\.0\.0\.1:8080/callback"):
        Callback(uri)


def test_the_url_that_the_browser_came_back_with_is_given_whole(callback: Callback) -> None:
    back = f"{callback.redirect_uri}?code=code_1&state=a%20b"
    page = httpx.get(back)
    assert page.status_code == 200
    assert "logged in" in page.text
    assert "code_1" not in page.text
    assert callback.wait(5) == back


def test_a_second_request_finds_nothing(callback: Callback) -> None:
    first, second = (f"{callback.redirect_uri}?code={code}" for code in ("one", "two"))
    assert [httpx.get(first).status_code, httpx.get(second).status_code] == [200, 404]
    assert callback.wait(5) == first


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/callback/", "/Callback", "/callback/x"])
def test_no_other_path_is_answered(callback: Callback, path: str) -> None:
    origin = callback.redirect_uri.removesuffix("/callback")
    assert httpx.get(f"{origin}{path}").status_code == 404
    assert httpx.get(callback.redirect_uri).status_code == 200


def test_no_other_name_of_this_machine_is_answered(callback: Callback) -> None:
    """Another site whose name resolves to this machine (DNS rebinding) gets nothing."""
    assert httpx.get(callback.redirect_uri, headers={"host": "evil.example"}).status_code == 404
    assert httpx.get(callback.redirect_uri).status_code == 200


def test_only_get_is_answered(callback: Callback) -> None:
    assert httpx.post(callback.redirect_uri).status_code == 501
    assert httpx.get(callback.redirect_uri).status_code == 200


def test_a_browser_that_opens_connections_and_says_nothing_is_in_nobodys_way(callback: Callback) -> None:
    port = int(callback.redirect_uri.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
        assert httpx.get(callback.redirect_uri, timeout=5).status_code == 200


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_the_sixth_version_of_this_machine_is_this_machine_too() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
    with Callback(f"http://[::1]:{port}/callback") as callback:
        assert httpx.get(callback.redirect_uri).status_code == 200
        assert callback.wait(5) == callback.redirect_uri


def test_localhost_is_this_machine() -> None:
    with Callback(f"http://localhost:{free_port()}/callback") as callback:
        assert httpx.get(callback.redirect_uri).status_code == 200
        assert callback.wait(5) == callback.redirect_uri


def test_a_port_in_use_is_reported(callback: Callback) -> None:
    with pytest.raises(ConfigurationError, match=r"Cannot listen at http://127\.0\.0\.1:.*in use"):
        Callback(callback.redirect_uri).__enter__()


def test_a_user_who_does_not_come_back_ends_the_wait(callback: Callback) -> None:
    with pytest.raises(TimedOut, match="did not finish the login"):
        callback.wait(0.01)


def test_the_port_is_free_afterwards(uri: str) -> None:
    for _ in range(2):
        with Callback(uri) as callback:
            assert httpx.get(callback.redirect_uri).status_code == 200


def test_a_desktop_app_logs_in_with_one_call(logins: Logins, uri: str) -> None:
    client = logins.driver.client(logins.desktop(uri))

    def browser(url: str) -> None:
        assert httpx.get(logins.answer_consent(url, user="ann")).status_code == 200

    logins.run(client.oauth.login_with_browser(open_url=browser, seconds=10))
    assert logins.user_name(client) == "ann"


def test_a_refusal_in_the_browser_comes_through(logins: Logins, uri: str) -> None:
    client = logins.driver.client(logins.desktop(uri))
    with pytest.raises(AccessDenied, match="The user refused"):
        logins.run(
            client.oauth.login_with_browser(
                open_url=lambda url: httpx.get(logins.answer_consent(url, "deny")), seconds=10
            )
        )


def test_a_web_apps_address_is_not_listened_at(logins: Logins) -> None:
    web = WebOAuth("1", client_secret="sec_x", redirect_uri="https://app.example/callback")
    with pytest.raises(ConfigurationError, match="a route of its own"):
        logins.run(logins.driver.client(web).oauth.login_with_browser(open_url=lambda url: None))


async def test_neither_the_browser_nor_the_wait_holds_up_the_event_loop(emulator: Emulator, uri: str) -> None:
    threads: list[int] = []
    registered = emulator.add_oauth_app("pkce", [uri])
    client = AsyncCozeClient(PKCE(registered.client_id, redirect_uri=uri, base_url=emulator.url))

    def browser(url: str) -> None:
        threads.append(threading.get_ident())
        httpx.get(httpx.post(url, data={"decision": "allow"}).headers["location"])

    await client.oauth.login_with_browser(open_url=browser, seconds=10)
    await client.close()
    assert threads
    assert threading.get_ident() not in threads


async def test_a_login_that_is_cancelled_lets_go_of_its_thread_and_port(uri: str) -> None:
    shown = threading.Event()
    client = AsyncCozeClient(PKCE("1", redirect_uri=uri, base_url="http://127.0.0.1:9"))
    login: Any = asyncio.ensure_future(client.oauth.login_with_browser(open_url=lambda url: shown.set(), seconds=60))
    await asyncio.to_thread(shown.wait, 10)
    login.cancel()
    with pytest.raises(asyncio.CancelledError):
        await login
    await asyncio.get_running_loop().shutdown_default_executor()
    with Callback(uri):
        pass
