"""Calls under a rate limit over a real port: they wait, give their turn back whatever happens, and start once."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from coze_client import (
    AsyncCozeClient,
    ConfigurationError,
    CozeClient,
    CozeError,
    Message,
    RateLimit,
    RateLimited,
    Retry,
    TimedOut,
    Timeout,
)
from coze_client.core import rate_limit as policy
from coze_client.emulator import Emulator
from coze_client.emulator.faults import Coded, HttpStatus
from tests.support.clients import ConnectedClient, Driver
from tests.support.scripted_server import Line, ScriptedServer, json_answer

ONE_PLACE = RateLimit(max_concurrency=1)
SOON = Timeout(deadline=0.2)


def limited(coze: ConnectedClient, limit: RateLimit, **options: Any) -> Any:
    return coze.driver.client(coze.emulator.token, base_url=coze.emulator.url, rate_limit=limit, **options)


def ask(coze: ConnectedClient, client: Any) -> Any:
    """A chat's stream, not opened yet."""
    return client.chats.stream(
        bot_id=coze.emulator.bots["echo"], user_id="u", additional_messages=[Message.user("a b c")]
    )


def opened(coze: ConnectedClient, client: Any) -> Any:
    """A chat's stream whose first event was read."""
    stream = ask(coze, client)
    coze.run(next(stream) if isinstance(client, CozeClient) else anext(stream))
    return stream


def test_calls_start_as_far_apart_as_the_rate_says(coze: ConnectedClient, sleeps: list[float]) -> None:
    client = limited(coze, RateLimit(per_second=0.01))
    for _ in range(4):
        coze.run(client.users.me())
    assert sleeps == pytest.approx([100, 200, 300], abs=20)


def test_a_stream_keeps_its_place_until_it_is_closed(coze: ConnectedClient) -> None:
    client = limited(coze, RateLimit(max_concurrency=2))
    first, second = opened(coze, client), opened(coze, client)
    with pytest.raises(
        TimedOut, match=r"rate limit \(2 at once\) gave this call no turn within timeout.deadline \(0.2 s\)"
    ):
        coze.run(client.options(timeout=SOON).users.me())
    assert "/v1/users/me" not in [call.path for call in coze.emulator.calls]
    coze.run(first.close())
    assert coze.run(client.options(timeout=SOON).users.me())
    coze.run(second.close())


def test_a_stream_that_was_read_to_its_end_gives_its_place_back(coze: ConnectedClient) -> None:
    client = limited(coze, ONE_PLACE)
    for _ in range(3):
        assert coze.collect(ask(coze, client))
    assert coze.emulator.chats_started == 3


def test_a_stream_that_nobody_closed_gives_its_place_back(coze: ConnectedClient) -> None:
    client = limited(coze, ONE_PLACE)
    stream = opened(coze, client)
    turn = stream._run._turn
    stream._run._turn = None  # as if the stream had been dropped, which may take until the next collection
    del turn
    gc.collect()
    assert coze.run(client.users.me())
    coze.run(stream.close())


@pytest.mark.parametrize("fault", [Coded(4100), Coded(4000), HttpStatus(500), HttpStatus(302)])
def test_a_call_that_fails_gives_its_place_back(coze: ConnectedClient, fault: Any) -> None:
    client = limited(coze, ONE_PLACE, retry=None)
    coze.emulator.inject(fault, "*", times=2)
    for call in (client.users.me, lambda: opened(coze, client)):
        with suppress(CozeError):
            coze.run(call())
    assert coze.run(client.users.me())


def test_the_cancellation_of_a_left_chat_waits_for_no_turn(coze: ConnectedClient) -> None:
    client = limited(coze, RateLimit(per_second=0.001, max_concurrency=1))
    stream = opened(coze, client)
    coze.run(stream.close())
    assert len(coze.emulator.calls_to("/v3/chat/cancel")) == 1


REFUSALS = {"4009": Coded(4009), "4020": Coded(4020), "429": HttpStatus(429)}


@pytest.mark.parametrize("fault", REFUSALS.values(), ids=REFUSALS)
def test_refused_calls_wait_their_turn_again_and_start_once(coze: ConnectedClient, fault: Any) -> None:
    client = limited(coze, RateLimit(per_second=5000))
    coze.emulator.inject(fault, times=6)
    assert coze.collect(ask(coze, client))
    assert (coze.emulator.chats_started, len(coze.emulator.calls_to("/v3/chat"))) == (1, 7)


def test_without_retries_a_refusal_is_raised_at_once(coze: ConnectedClient) -> None:
    coze.emulator.inject(Coded(4009), times=2)
    with pytest.raises(RateLimited):
        coze.collect(ask(coze, limited(coze, RateLimit(per_second=5000), retry=None)))
    assert len(coze.emulator.calls_to("/v3/chat")) == 1


def test_refusals_end_with_the_deadline_of_the_retries(coze: ConnectedClient) -> None:
    coze.emulator.inject(Coded(4009), times=10_000)
    client = limited(coze, RateLimit(per_second=200), retry=Retry(deadline=0.2))
    with pytest.raises(RateLimited):
        coze.collect(ask(coze, client))


def test_a_pause_that_the_server_asks_for_holds_for_every_client_of_the_account(coze: ConnectedClient) -> None:
    coze.emulator.inject(HttpStatus(429, headers={"Retry-After": "60"}), "*")
    limit = RateLimit(per_second=5000)
    for _ in range(2):
        with pytest.raises(TimedOut, match="no turn"):
            coze.run(limited(coze, limit, timeout=SOON).users.me())
    assert len(coze.emulator.calls) == 1
    assert coze.run(limited(coze, RateLimit(per_second=4000)).users.me())


def turns(client: Any) -> object:
    return client._session._turns


def test_who_shares_a_limit(driver: Driver, tmp_path: Path) -> None:
    client = driver.client("a", rate_limit=RateLimit(3), base_url="http://x")
    same = [
        driver.client("a", rate_limit=RateLimit(3), base_url="http://x"),
        client.options(timeout=3),
        pickle.loads(pickle.dumps(client)),
        client.aio if isinstance(client, CozeClient) else client.blocking,
    ]
    others = [
        driver.client("b", rate_limit=RateLimit(3), base_url="http://x"),
        driver.client("a", rate_limit=RateLimit(4), base_url="http://x"),
        driver.client("a", rate_limit=RateLimit(3), base_url="http://y"),
        client.options(token="c"),
    ]
    assert [turns(each) is turns(client) for each in (*same, *others)] == [True] * 4 + [False] * 4
    assert turns(client.options(rate_limit=None)) is None
    for limit in (RateLimit(3, name="team"), RateLimit(3, path=str(tmp_path / "pace"))):
        one, two = (
            driver.client(token, base_url=url, rate_limit=limit)
            for token, url in (("a", "http://x"), ("b", "http://y"))
        )
        assert turns(one) is turns(two)


def crowd(driver: Driver, client: Any, calls: int) -> list[Any]:
    """The results of so many calls that begin together."""
    if isinstance(client, CozeClient):
        with ThreadPoolExecutor(calls) as pool:
            return [each.result() for each in [pool.submit(client.users.me) for _ in range(calls)]]

    async def all_together() -> list[Any]:
        return await asyncio.gather(*(client.users.me() for _ in range(calls)))

    return list(driver.run(all_together()))


def test_never_more_calls_are_at_the_server_than_may_run_at_once(driver: Driver) -> None:
    running, most, lock = [0], [0], threading.Lock()

    def serve(line: Line) -> None:
        while line.read_request():
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            threading.Event().wait(0.005)
            with lock:
                running[0] -= 1
            line.send(json_answer(b'{"code":0,"data":{"user_id":"1"}}'))

    with ScriptedServer(serve) as server:
        client = driver.client("t", base_url=server.url, rate_limit=RateLimit(max_concurrency=3))
        assert len(crowd(driver, client, 20)) == 20
    assert most == [3]


def test_many_calls_at_a_server_with_the_same_limit_all_succeed(driver: Driver) -> None:
    with Emulator(rate_limit=40) as emulator:
        client = driver.client(emulator.token, base_url=emulator.url, rate_limit=RateLimit(per_second=40))
        assert len(crowd(driver, client, 60)) == 60


async def _waiting(client: AsyncCozeClient, calls: int) -> list[asyncio.Future[Any]]:
    """So many calls that wait for a turn, in this order."""
    found: list[asyncio.Future[Any]] = []
    for _ in range(calls):
        found.append(asyncio.ensure_future(client.users.me()))
        await asyncio.sleep(0)  # it has joined the queue
    return found


def on_one_place(work: Callable[[AsyncCozeClient, Any], Awaitable[None]], limit: RateLimit = ONE_PLACE) -> None:
    """Run `work` with a client and an open stream that has the only place."""

    async def main() -> None:
        with Emulator() as emulator:
            client = AsyncCozeClient(emulator.token, base_url=emulator.url, rate_limit=limit)
            question = Message.user("hi")
            stream = client.chats.stream(bot_id=emulator.bots["echo"], user_id="u", additional_messages=[question])
            async with client, stream:
                await work(client, stream)

    asyncio.run(main())


def test_waiting_calls_come_in_the_order_in_which_they_were_made() -> None:
    async def work(client: AsyncCozeClient, stream: Any) -> None:
        order: list[object] = []
        waiting = await _waiting(client, 5)
        for call in waiting:
            call.add_done_callback(order.append)
        await stream.close()
        while len(order) < 5:
            await asyncio.sleep(0.001)
        assert order == waiting

    on_one_place(work)


def test_one_call_more_than_may_wait_is_refused_and_nothing_is_sent() -> None:
    async def work(client: AsyncCozeClient, stream: Any) -> None:
        waiting = await _waiting(client, 3)
        with pytest.raises(RateLimited, match="2 calls wait for the rate limit"):
            await client.users.me()
        await stream.close()
        assert len(await asyncio.gather(*waiting)) == 3

    on_one_place(work, RateLimit(max_concurrency=1, max_waiting=2))


@pytest.mark.parametrize("cancelled", [(0,), (1,), (0, 1), (2,)])
def test_a_cancelled_call_leaves_the_queue_and_the_next_one_goes_on(cancelled: tuple[int, ...]) -> None:
    async def work(client: AsyncCozeClient, stream: Any) -> None:
        waiting = await _waiting(client, 3)
        for number in cancelled:
            waiting[number].cancel()
        await asyncio.sleep(0)
        await stream.close()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in results] == [
            each in cancelled for each in range(3)
        ]
        assert (await client.users.me()).user_id

    on_one_place(work)


def test_a_cancelled_call_that_waits_for_its_start_gives_its_place_back() -> None:
    async def work(client: AsyncCozeClient, stream: Any) -> None:
        await stream.close()
        call = asyncio.ensure_future(client.users.me())
        while (await asyncio.wait({call}, timeout=0.01))[0]:
            call = asyncio.ensure_future(client.users.me())
        call.cancel()
        await asyncio.wait({call})
        assert await client.options(rate_limit=RateLimit(max_concurrency=1, name="other")).users.me() is not None
        pace = client._session._turns
        assert pace is not None
        assert await pace.places.update(client._concurrency, lambda pace, _: (pace, dict(pace.workers))) == {}

    on_one_place(work, RateLimit(per_second=0.01, max_concurrency=1))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_waits_for_none_of_its_parents_calls(emulator: Emulator) -> None:
    with (
        CozeClient(emulator.token, base_url=emulator.url, rate_limit=ONE_PLACE) as client,
        client.chats.stream(
            bot_id=emulator.bots["echo"], user_id="u", additional_messages=[Message.user("hi")]
        ) as stream,
    ):
        next(stream)
        if (child := os.fork()) == 0:
            with suppress(BaseException):
                client.options(timeout=Timeout(deadline=5)).users.me()
                os._exit(0)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


HOLDER = """
import sys
from coze_client import CozeClient, Message, RateLimit
url, token, bot, path = sys.argv[1:]
client = CozeClient(token, base_url=url, rate_limit=RateLimit(max_concurrency=1, path=path))
with client.chats.stream(bot_id=bot, user_id="u", additional_messages=[Message.user("hi")]) as stream:
    print(next(stream) is not None, flush=True)
    sys.stdin.read()
"""


def test_processes_share_a_limit_by_its_file_and_a_killed_one_loses_its_place(
    coze: ConnectedClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "folder" / "pace.json")
    command = [sys.executable, "-c", HOLDER, coze.emulator.url, coze.emulator.token, coze.emulator.bots["slow"], path]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    client = limited(coze, RateLimit(max_concurrency=1, path=path))
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with pytest.raises(TimedOut, match="no turn"):
            coze.run(client.options(timeout=SOON).users.me())
    finally:
        holder.kill()
        holder.communicate()
    monkeypatch.setattr(policy, "_ALIVE", 0.1)
    assert coze.run(client.users.me())
    assert Path(path).stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_used_is_named(coze: ConnectedClient, tmp_path: Path) -> None:
    client = limited(coze, RateLimit(per_second=100, path=str(tmp_path)))
    with pytest.raises(ConfigurationError, match=f"rate limit cannot be used.*{tmp_path.name}"):
        coze.run(client.users.me())
    assert coze.emulator.calls == []
