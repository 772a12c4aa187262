"""Clients that are shared, copied, pickled, forked and closed."""

from __future__ import annotations

import asyncio
import copy
import gc
import multiprocessing
import os
import pickle
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from coze_client import AsyncCozeClient, ConfigurationError, CozeClient, Message, Retry, Timeout
from coze_client.api.chats.resource import Chats
from coze_client.core.fork_lock import fork_safe_locks
from coze_client.emulator import Emulator
from tests.support.clients import AsyncioDriver, ConnectedClient, Driver

CLIENTS = [CozeClient, AsyncCozeClient]


def ask(client: CozeClient, emulator: Emulator, text: str = "hello there") -> str:
    stream = client.chats.stream(bot_id=emulator.bots["echo"], user_id="u", additional_messages=[Message.user(text)])
    return stream.read().text


async def aask(client: AsyncCozeClient, emulator: Emulator, text: str = "hello there") -> str:
    stream = client.chats.stream(bot_id=emulator.bots["echo"], user_id="u", additional_messages=[Message.user(text)])
    return (await stream.read()).text


# --- sharing ---


def test_fifty_threads_share_a_client(emulator: Emulator) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client, ThreadPoolExecutor(50) as pool:
        texts = [f"question {number}" for number in range(100)]
        assert list(pool.map(lambda text: ask(client, emulator, text), texts)) == texts
    assert emulator.chats_started == 100


def test_two_hundred_tasks_share_a_client(emulator: Emulator) -> None:
    async def main() -> list[str]:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
            return await asyncio.gather(*(aask(client, emulator, f"question {number}") for number in range(200)))

    assert asyncio.run(main()) == [f"question {number}" for number in range(200)]


def test_an_asyncio_client_works_in_one_event_loop_after_the_other(emulator: Emulator) -> None:
    client = AsyncCozeClient(emulator.token, base_url=emulator.url)
    for number in range(4):
        assert asyncio.run(aask(client, emulator, f"loop {number}")) == f"loop {number}"


def test_an_asyncio_client_keeps_nothing_of_loops_that_are_gone(emulator: Emulator) -> None:
    client = AsyncCozeClient(emulator.token, base_url=emulator.url)
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def main() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await aask(client, emulator)

    for _ in range(5):
        asyncio.run(main())
    gc.collect()
    assert sum(loop() is not None for loop in loops) <= 1, "the last one is kept until the next call"


def test_an_asyncio_client_works_in_event_loops_of_several_threads(emulator: Emulator) -> None:
    client = AsyncCozeClient(emulator.token, base_url=emulator.url)
    with ThreadPoolExecutor(8) as pool:
        texts = [f"thread {number}" for number in range(16)]
        assert list(pool.map(lambda text: asyncio.run(aask(client, emulator, text)), texts)) == texts


def test_an_asyncio_client_that_is_never_closed_leaves_no_socket_to_warn_of(emulator: Emulator) -> None:
    async def main() -> None:
        await aask(AsyncCozeClient(emulator.token, base_url=emulator.url), emulator)

    asyncio.run(main())
    gc.collect()  # a ResourceWarning would fail this test


def test_a_blocking_client_that_is_never_closed_leaves_no_socket_to_warn_of(emulator: Emulator) -> None:
    ask(CozeClient(emulator.token, base_url=emulator.url), emulator)
    gc.collect()  # a ResourceWarning would fail this test


def test_blocking_calls_work_inside_a_running_event_loop(emulator: Emulator) -> None:
    async def notebook() -> str:
        with CozeClient(emulator.token, base_url=emulator.url) as client:
            return ask(client, emulator)

    assert asyncio.run(notebook()) == "hello there"


# --- trio ---


@pytest.mark.parametrize("options", [{}, {"transport": httpx.MockTransport(lambda _: httpx.Response(200))}], ids=len)
def test_trio_is_refused_by_name(options: dict[str, Any]) -> None:
    client = AsyncCozeClient("t", **options)
    with pytest.raises(ConfigurationError, match="trio"):
        client.conversations.create().send(None)


# --- copies ---


def given(**options: Any) -> dict[str, Any]:
    return {
        "base_url": "http://coze",
        "timeout": Timeout(1, 2, 3),
        "retry": Retry(7, 8),
        "when_busy": "raise",
        "headers": {"x-a": "1"},
        "proxy": "http://proxy:1",
        "ca_bundle": "ca.pem",
        "max_event_bytes": 9,
        **options,
    }


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize(
    "twin",
    [lambda client: pickle.loads(pickle.dumps(client)), copy.deepcopy, copy.copy],
    ids=["pickle", "deep", "copy"],
)
def test_a_copy_is_a_client_of_the_same_settings(kind: type[CozeClient], twin: Callable[[Any], Any]) -> None:
    client = kind("pat_1", **given())
    client.chats  # noqa: B018 - a copy does not depend on the resources that were used
    other = twin(client)
    assert type(other) is kind
    assert other._session.config == client._session.config
    assert other._session.transport is not client._session.transport


def test_a_copy_works(coze: ConnectedClient) -> None:
    coze.run(coze.client.conversations.create())
    for twin in (pickle.loads(pickle.dumps(coze.client)), copy.deepcopy(coze.client)):
        assert coze.run(twin.conversations.create()).id
        coze.run(twin.close())


@pytest.mark.parametrize("options", [{"http_client": True}, {"transport": True}], ids=repr)
def test_a_client_over_an_http_client_of_the_users_refuses_to_be_pickled_but_not_to_be_copied(
    driver: Driver, options: dict[str, bool]
) -> None:
    answers = httpx.MockTransport(lambda _: httpx.Response(200, json={"code": 0, "data": {"id": "7"}}))
    own: Any = answers
    if "http_client" in options:
        own = (httpx.AsyncClient if isinstance(driver, AsyncioDriver) else httpx.Client)(transport=answers)
    client = driver.client("t", **dict.fromkeys(options, own))
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(client)
    assert driver.run(copy.deepcopy(client).conversations.create()).id == "7"


def test_a_token_function_is_pickled_by_name() -> None:
    client = pickle.loads(pickle.dumps(CozeClient(os.getcwd)))
    assert client._session.credentials.function is os.getcwd


# --- processes ---


def in_a_fork(work: Callable[[], object]) -> object:
    """Return the result of `work` in a forked child of this process."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        try:
            sender.send(work())
        except BaseException as error:  # noqa: BLE001 - the parent gets it
            sender.send(error)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return receiver.recv()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_waits_for_no_lock_that_another_thread_held(emulator: Emulator) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client, ExitStack() as locked:
        for guard in list(fork_safe_locks):
            locked.enter_context(guard)
        assert in_a_fork(lambda: ask(client, emulator)) == "hello there"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_goes_on_with_the_client_and_leaves_the_parents_connections_alone(emulator: Emulator) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        conversation_id = client.conversations.create().id
        stream = client.chats.stream(
            bot_id=emulator.bots["slow"],
            user_id="u",
            additional_messages=[Message.user("hi")],
        )
        with stream:
            next(stream)
            assert (
                in_a_fork(lambda: client.conversations.retrieve(conversation_id=conversation_id).id) == conversation_id
            )
            assert in_a_fork(lambda: ask(client, emulator)) == "hello there"
            in_a_fork(client.close)
            assert next(stream).type
        assert client.conversations.retrieve(conversation_id=conversation_id).id == conversation_id


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_wait_for_a_lock_that_its_parent_holds(emulator: Emulator) -> None:
    with CozeClient(emulator.token, base_url=emulator.url, retry=None) as client:
        conversation_id = client.conversations.create().id
        with client.chats.stream(
            bot_id=emulator.bots["slow"],
            user_id="u",
            conversation_id=conversation_id,
            additional_messages=[Message.user("hi")],
        ):
            failure = in_a_fork(
                lambda: client.chats.stream(
                    bot_id=emulator.bots["echo"],
                    user_id="u",
                    conversation_id=conversation_id,
                    additional_messages=[Message.user("hi")],
                ).read()
            )
    assert "this client" not in str(failure), "the server says that the conversation is busy, not the child's own queue"


def test_a_client_goes_to_worker_processes(emulator: Emulator) -> None:
    client = CozeClient(emulator.token, base_url=emulator.url)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_begin_conversation, (client,)).isdecimal()


def _begin_conversation(client: CozeClient) -> str:
    return client.conversations.create().id


# --- closing ---


def test_a_client_closes_twice_and_opens_again_when_used(coze: ConnectedClient) -> None:
    coze.run(coze.client.close())
    coze.run(coze.client.conversations.create())
    coze.run(coze.client.close())
    coze.run(coze.client.close())
    assert coze.run(coze.client.conversations.create()).id


def test_closing_an_asyncio_client_closes_its_blocking_twin_too(emulator: Emulator) -> None:
    async def main() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
            await asyncio.to_thread(client.blocking.conversations.create)
            assert len(emulator._server.connections) == 1
        emulator.wait_until(lambda: not emulator._server.connections)

    asyncio.run(main())


def test_a_client_is_a_context_manager(emulator: Emulator) -> None:
    async def main() -> str:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
            return await aask(client, emulator)

    with CozeClient(emulator.token, base_url=emulator.url) as client:
        assert ask(client, emulator) == asyncio.run(main()) == "hello there"


# --- options, responses, free requests ---


def test_options_change_a_copy_and_only_what_is_given(driver: Driver) -> None:
    client = driver.client("t", **given())
    config = client._session.config
    assert client.options()._session.config == config
    assert client.options(timeout=5)._session.config == config._replace(timeout=Timeout(5, 5))
    assert client.options(timeout=None)._session.config == config._replace(timeout=Timeout(None, None))
    assert client.options(timeout=Timeout())._session.config == config._replace(timeout=Timeout())
    assert client.options(retry=None)._session.config == config._replace(retry=None)
    assert client.options(retry=Retry())._session.config == config._replace(retry=Retry())
    assert client.options(when_busy="wait")._session.config == config._replace(when_busy="wait")
    assert client.options(headers={"X-B": "2"})._session.config.headers == {"x-a": "1", "x-b": "2"}
    assert client._session.config is config


def test_options_are_checked(driver: Driver) -> None:
    with pytest.raises(ConfigurationError):
        driver.client("t").options(when_busy="sometimes")
    with pytest.raises(ConfigurationError):
        driver.client("t").options(timeout=0)


def test_options_share_the_connections(coze: ConnectedClient) -> None:
    assert coze.client.options(timeout=3)._session.transport is coze.client._session.transport


def test_headers_go_with_every_request_and_those_of_a_call_beside_them(coze: ConnectedClient) -> None:
    client = coze.driver.client(coze.emulator.token, base_url=coze.emulator.url, headers={"X-Tenant": "one"})
    coze.run(client.options(headers={"x-trace": "7"}).conversations.create())
    coze.run(client.conversations.create())
    first, second = (call.headers for call in coze.emulator.calls)
    assert (first["x-tenant"], first["x-trace"]) == ("one", "7")
    assert (second["x-tenant"], "x-trace" in second) == ("one", False)
    assert second["user-agent"].startswith("coze-adapters/")


def test_no_header_of_the_user_replaces_the_token(coze: ConnectedClient) -> None:
    client = coze.driver.client(coze.emulator.token, base_url=coze.emulator.url, headers={"Authorization": "Bearer no"})
    coze.run(client.request("GET", "/v1/users/me", headers={"Authorization": "Bearer no"}))
    assert coze.emulator.calls[0].headers["authorization"] == f"Bearer {coze.emulator.token}"


def test_a_call_can_be_had_with_its_response(coze: ConnectedClient) -> None:
    response = coze.run(coze.client.with_response(coze.client.conversations.create, name="trip"))
    assert (response.value.name, response.status) == ("trip", 200)
    assert response.logid == response.headers["X-Tt-Logid"] == response.headers["x-tt-logid"]


def test_a_plain_request_can_be_had_with_its_response(coze: ConnectedClient) -> None:
    conversation = coze.run(coze.client.conversations.create())
    chat = coze.run(
        coze.client.chats.create(
            bot_id=coze.emulator.bots["echo"],
            user_id="u",
            conversation_id=conversation.id,
            additional_messages=[Message.user("hi")],
        )
    )
    request = Chats.retrieve(conversation_id=conversation.id, chat_id=chat.id)
    assert coze.run(coze.client.with_response(request)).value.id == chat.id


@pytest.mark.parametrize("noun", ["stream", "create_and_poll"])
def test_only_a_single_request_can_be_had_with_its_response(coze: ConnectedClient, noun: str) -> None:
    with pytest.raises(ConfigurationError, match="exactly one request"):
        coze.run(coze.client.with_response(getattr(coze.client.chats, noun), bot_id="1", user_id="u"))


def test_any_endpoint_can_be_reached(coze: ConnectedClient) -> None:
    request = coze.client.request
    made = coze.run(request("post", "/v1/conversation/create", json={"name": "trip"}))
    found = coze.run(request("GET", "/v1/conversation/retrieve", query={"conversation_id": made["data"]["id"]}))
    assert found["data"]["name"] == "trip"
    with pytest.raises(ConfigurationError, match="slash"):
        coze.run(request("GET", "https://evil.example/"))


@pytest.mark.parametrize("path", ["//evil.example/x", "/@evil.example/x", "/\\evil.example", "/../x"])
def test_no_path_leads_to_another_server(driver: Driver, path: str) -> None:
    hosts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(200, json={})

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(answer))
    driver.run(client.request("GET", path))
    assert hosts == ["coze"]


# --- what a client is made of ---


def test_a_client_has_a_client_of_the_other_kind(emulator: Emulator) -> None:
    client = CozeClient(emulator.token, base_url=emulator.url)
    assert asyncio.run(aask(client.aio, emulator)) == "hello there"
    assert ask(client.aio.blocking, emulator) == "hello there"
