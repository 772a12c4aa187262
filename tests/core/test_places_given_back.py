"""The places of a rate limit come back whatever ends a call: a broken stream, a store that fails, a cancelled wait."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from coze_client import AsyncCozeClient, ConnectionFailed, CozeClient, Message, RateLimit, Timeout
from coze_client.core.pace_store import FilePace, Step, T
from coze_client.emulator import Emulator
from coze_client.emulator.faults import CutAfterEvents
from tests.support.cancelled_waits import CancelledWait
from tests.support.clients import ConnectedClient

ONE_PLACE = RateLimit(max_concurrency=1)
ENDS = Timeout(deadline=20)


def limited(coze: ConnectedClient, limit: RateLimit) -> Any:
    return coze.driver.client(coze.emulator.token, base_url=coze.emulator.url, rate_limit=limit, timeout=ENDS)


def question(emulator: Emulator) -> dict[str, Any]:
    return {"bot_id": emulator.bots["echo"], "user_id": "u", "additional_messages": [Message.user("a b c")]}


def test_a_broken_stream_is_recovered_though_it_had_the_only_place(coze: ConnectedClient) -> None:
    client = limited(coze, ONE_PLACE)
    for _ in range(2):
        coze.emulator.inject(CutAfterEvents(3))
        assert coze.run(client.chats.stream(**question(coze.emulator)).read()) is not None
    assert coze.emulator.calls_to("/v3/chat/cancel") == []


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
def test_a_store_that_fails_when_a_call_ends_costs_neither_its_answer_nor_a_second_start(
    coze: ConnectedClient, streamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = limited(coze, RateLimit(max_concurrency=1, path=str(tmp_path / "pace")))
    update, failed = FilePace.update, [0]

    def fail_once_asked(store: FilePace, step: Step[T]) -> T:
        if coze.emulator.calls and not failed[0]:
            failed[0] += 1
            raise ConnectionFailed("gone", sent=False)
        return update(store, step)

    monkeypatch.setattr(FilePace, "update", fail_once_asked)
    asked = question(coze.emulator)
    assert coze.run(client.chats.stream(**asked).read() if streamed else client.chats.create(**asked)) is not None
    assert (coze.emulator.chats_started, failed) == (1, [1])
    assert coze.run(client.users.me())


@pytest.mark.parametrize("shared", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize("more", [0, 3])
def test_a_call_that_is_cancelled_at_any_wait_gives_its_place_back(shared: bool, more: int, tmp_path: Path) -> None:
    limit = RateLimit(max_concurrency=1, per_second=500, path=str(tmp_path / "pace") if shared else None)

    async def main(emulator: Emulator) -> int:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url, rate_limit=limit, timeout=ENDS) as client:
            for number in range(1, 100):
                call = asyncio.ensure_future(_awaited(CancelledWait(client.users.me(), number, more)))
                with suppress(asyncio.CancelledError):
                    await call
                if not call.cancelled():
                    return number
                assert (await client.users.me()).user_id
        return 0

    with Emulator() as emulator:
        assert asyncio.run(main(emulator)) > 3


async def _awaited(work: CancelledWait) -> object:
    return await work


@pytest.mark.parametrize("shared", [False, True], ids=["memory", "file"])
def test_calls_whose_event_loop_was_closed_stop_no_other(shared: bool, tmp_path: Path) -> None:
    limit = RateLimit(max_concurrency=1, name="closed loops", path=str(tmp_path / "pace") if shared else None)
    with (
        Emulator() as emulator,
        CozeClient(emulator.token, base_url=emulator.url, rate_limit=limit, timeout=ENDS) as client,
    ):
        with client.chats.stream(**question(emulator)) as stream:
            next(stream)
            loop = asyncio.new_event_loop()
            other = AsyncCozeClient(emulator.token, base_url=emulator.url, rate_limit=limit)
            calls = [loop.create_task(other.users.me()) for _ in range(3)]
            for _ in range(3):
                loop.run_until_complete(asyncio.sleep(0))
            if shared:
                loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
        assert client.users.me().user_id
        assert not any(call.done() for call in calls)
        for call in calls:
            call._log_destroy_pending = False  # type: ignore[attr-defined]  # what asyncio would log is this test's aim
        del calls
        gc.collect()
        assert client.users.me().user_id
