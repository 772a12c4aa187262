"""Clients with equal settings share connections; what sets them apart, and when the connections are closed."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from coze_client import AsyncCozeClient, CozeClient, Message, RateLimit
from coze_client.core import pools
from coze_client.core.config import Config, Timeout
from coze_client.core.pools import PoolKey, SharedPools
from coze_client.emulator import Emulator
from langchain_coze import ChatCoze
from tests.support.clients import AsyncioDriver, Driver
from tests.support.raw_server import RawServer

TRANSPORTS: list[dict[str, Any]] = [{}, {"transport": "aiohttp"}]


def over(driver: Driver, transport: dict[str, Any]) -> dict[str, Any]:
    if transport and not isinstance(driver, AsyncioDriver):
        pytest.skip("the blocking client has one transport")
    return transport


def connections(emulator: Emulator) -> int:
    return len(emulator._server.connections)


def all_closed(driver: Driver, emulator: Emulator) -> bool:
    async def later() -> None:
        await asyncio.sleep(0.01)

    driver.run(later() if isinstance(driver, AsyncioDriver) else None)
    emulator.wait_until(lambda: connections(emulator) == 0)
    return True


# --- sharing ---


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["httpx", "aiohttp"])
def test_clients_that_are_made_for_each_request_use_one_connection(
    driver: Driver, emulator: Emulator, transport: dict[str, Any]
) -> None:
    kind: Any = AsyncCozeClient if isinstance(driver, AsyncioDriver) else CozeClient
    for _ in range(5):
        client = kind(emulator.token, base_url=emulator.url, **over(driver, transport))
        driver.run(client.conversations.create())
        del client
        gc.collect()
    assert connections(emulator) == 1


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["httpx", "aiohttp"])
def test_kept_clients_of_many_users_hold_one_connection(
    driver: Driver, emulator: Emulator, transport: dict[str, Any]
) -> None:
    tokens = [emulator.issue_token() for _ in range(50)]
    clients = [driver.client(token, base_url=emulator.url, **over(driver, transport)) for token in tokens]
    for client in clients:
        driver.run(client.conversations.create())
    assert connections(emulator) == 1
    sent = [call.headers["authorization"] for call in emulator.calls]
    assert sent == [f"Bearer {token}" for token in tokens]


def test_chat_models_that_are_made_for_each_request_use_one_connection(emulator: Emulator) -> None:
    def model() -> ChatCoze:
        return ChatCoze(bot_id=emulator.bots["echo"], token=emulator.token, base_url=emulator.url)

    async def main() -> None:
        for _ in range(3):
            await model().ainvoke("hi")
        assert connections(emulator) == 1

    asyncio.run(main())
    emulator.wait_until(lambda: connections(emulator) == 0)
    for _ in range(3):
        model().invoke("hi")
    assert connections(emulator) == 1


def test_threads_with_clients_of_their_own_share_the_idle_connections(emulator: Emulator) -> None:
    def ask(number: int) -> str:
        client = CozeClient(emulator.token, base_url=emulator.url)
        asked = [Message.user(str(number))]
        return client.chats.stream(bot_id=emulator.bots["echo"], user_id="u", additional_messages=asked).read().text

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(40))) == [str(number) for number in range(40)]
    assert connections(emulator) <= 4


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["httpx", "aiohttp"])
def test_each_event_loop_has_connections_of_its_own_and_closes_them_at_its_end(
    emulator: Emulator, transport: dict[str, Any]
) -> None:
    async def main() -> None:
        for _ in range(2):
            await AsyncCozeClient(emulator.token, base_url=emulator.url, **transport).conversations.create()
        assert connections(emulator) == 1

    for _ in range(3):
        asyncio.run(main())
        emulator.wait_until(lambda: connections(emulator) == 0)


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["httpx", "aiohttp"])
def test_no_cookie_of_one_user_is_sent_for_another(driver: Driver, transport: dict[str, Any]) -> None:
    body = b'{"code": 0, "data": {"id": "7"}}'
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=first; Path=/\r\nContent-Type: application/json\r\n"
    answer = head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    with RawServer([answer, answer]) as server:
        for token in ("one", "two"):
            client = driver.client(token, base_url=server.url, **over(driver, transport))
            assert driver.run(client.conversations.create()).id == "7"
        assert server.connections == 1
        assert [b"cookie" in request.lower() for request in server.requests] == [False, False]


# --- what sets clients apart ---


CONFIG = Config.of("http://coze.invalid", None, Timeout(), None, "wait", None, "http://u:secret@proxy:1", "ca.pem", 9)
APART: dict[str, Any] = {"base_url": "http://other.invalid", "proxy": "http://u:other@proxy:1", "ca_bundle": "b.pem"}
ALIKE: dict[str, Any] = {
    "timeout": Timeout(1),
    "retry": None,
    "when_busy": "raise",
    "headers": {"a": "b"},
    "rate_limit": RateLimit(1),
}


@pytest.mark.parametrize("changed", APART)
def test_server_tls_and_proxy_with_its_password_set_clients_apart(changed: str) -> None:
    assert PoolKey.of(CONFIG) != PoolKey.of(CONFIG._replace(**{changed: APART[changed]}))


def test_the_kind_of_transport_sets_clients_apart() -> None:
    assert PoolKey.of(CONFIG) != PoolKey.of(CONFIG, "aiohttp")


@pytest.mark.parametrize("changed", ALIKE)
def test_settings_of_a_request_do_not_set_clients_apart(changed: str) -> None:
    assert PoolKey.of(CONFIG) == PoolKey.of(CONFIG._replace(**{changed: ALIKE[changed]}))


def test_every_setting_of_a_client_has_been_thought_of() -> None:
    assert {*APART, *ALIKE, "max_event_bytes"} == set(CONFIG._fields)
    assert set(PoolKey._fields) == {*APART, "kind"}


def test_the_key_does_not_show_the_password_of_a_proxy() -> None:
    assert "secret" not in repr(PoolKey.of(CONFIG))


def test_the_proxy_of_the_environment_counts_when_a_client_first_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    config = CONFIG._replace(proxy=None)
    for name in ("http_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    direct = PoolKey.of(config)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:1")
    assert PoolKey.of(config) == direct._replace(proxy="http://proxy:1")


@pytest.mark.parametrize("option", ["http_client", "transport"])
def test_what_the_user_brings_is_neither_shared_nor_closed(driver: Driver, emulator: Emulator, option: str) -> None:
    class Closing:
        closed = False

        def close(self) -> None:
            self.closed = True

        async def aclose(self) -> None:
            self.closed = True

    class Blocking(Closing, httpx.MockTransport):
        pass

    own = Blocking(lambda _: httpx.Response(200, json={"code": 0, "data": {"id": "own"}}))
    kind: Any = httpx.AsyncClient if isinstance(driver, AsyncioDriver) else httpx.Client
    with_own = driver.client("t", base_url=emulator.url, **{option: kind(transport=own) if "client" in option else own})
    without = driver.client(emulator.token, base_url=emulator.url)
    assert driver.run(with_own.conversations.create()).id == "own"
    assert driver.run(without.conversations.create()).id != "own"
    driver.run(with_own.close())
    assert not own.closed
    assert connections(emulator) == 1


# --- closing ---


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["httpx", "aiohttp"])
def test_close_leaves_the_connections_that_another_client_holds(
    driver: Driver, emulator: Emulator, transport: dict[str, Any]
) -> None:
    one, other = (driver.client(emulator.token, base_url=emulator.url, **over(driver, transport)) for _ in range(2))
    driver.run(one.conversations.create())
    driver.run(other.conversations.create())
    driver.run(one.close())
    driver.run(one.close())
    driver.run(other.conversations.create())
    assert connections(emulator) == 1
    driver.run(other.close())
    assert all_closed(driver, emulator)
    assert driver.run(one.conversations.create()).id


def test_a_client_that_was_dropped_does_not_keep_a_connection_open(driver: Driver, emulator: Emulator) -> None:
    one, other = (driver.client(emulator.token, base_url=emulator.url) for _ in range(2))
    kind: Any = type(one)
    driver.run(kind(emulator.token, base_url=emulator.url).conversations.create())
    driver.run(other.conversations.create())
    gc.collect()
    driver.run(other.close())
    assert all_closed(driver, emulator)
    assert driver.run(one.conversations.create()).id


def test_a_stream_goes_on_after_its_client_was_dropped(driver: Driver, emulator: Emulator) -> None:
    kind: Any = AsyncCozeClient if isinstance(driver, AsyncioDriver) else CozeClient
    stream = kind(emulator.token, base_url=emulator.url).chats.stream(
        bot_id=emulator.bots["echo"], user_id="u", additional_messages=[Message.user("one two three")]
    )
    gc.collect()
    other = driver.client(emulator.token, base_url=emulator.url)
    driver.run(other.conversations.create())
    driver.run(other.close())
    assert driver.run(stream.read()).text == "one two three"


def test_a_program_ends_cleanly_without_closing_anything(emulator: Emulator) -> None:
    program = (
        "import asyncio, sys\nfrom coze_client import AsyncCozeClient, CozeClient\n"
        "options = dict(base_url=sys.argv[1])\n"
        "print(CozeClient(sys.argv[2], **options).conversations.create().id)\n"
        "async def main():\n"
        "    for name in (None, 'aiohttp'):\n"
        "        print((await AsyncCozeClient(sys.argv[2], transport=name, **options).conversations.create()).id)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", program, emulator.url, emulator.token]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(ended.stdout.split()) == 3


# --- the leases ---


class Holder:
    """Anything that a weak reference can point to."""


def test_a_pool_that_nobody_holds_is_closed_by_a_later_lease_of_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(pools, "monotonic", lambda: now)
    shared: SharedPools[str] = SharedPools()
    held, dropped = Holder(), Holder()
    keys = [PoolKey.of(CONFIG)._replace(base_url=f"http://{number}") for number in range(2)]
    shared.lease(keys[0], held, lambda: "held")
    shared.lease(keys[1], dropped, lambda: "dropped")
    del dropped
    gc.collect()
    assert shared.take_unused() == [], "the next client may come soon"
    now += 31
    assert shared.take_unused() == ["dropped"]
    assert shared.give_back(held) == ["held"]


def test_a_forked_child_has_no_pool_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    shared: SharedPools[str] = SharedPools()
    parent, child, key = Holder(), Holder(), PoolKey.of(CONFIG)
    shared.lease(key, parent, lambda: "the parent's")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert shared.give_back(parent) == []
    assert shared.take_all() == []
    assert shared.lease(key, child, lambda: "the child's") == "the child's"
