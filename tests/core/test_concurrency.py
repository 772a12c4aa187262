"""Blocking and Asyncio: what flows may rely on with either of them."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from coze_client.core.concurrency import Asyncio, Blocking, Concurrency
from coze_client.errors import ConfigurationError

BOTH: list[Concurrency] = [Blocking(), Asyncio()]
either = pytest.mark.parametrize("concurrency", BOTH, ids=["blocking", "asyncio"])
color: contextvars.ContextVar[str] = contextvars.ContextVar("color", default="none")


def finish(concurrency: Concurrency, work: Coroutine[Any, Any, Any]) -> Any:
    return Blocking.run(work) if isinstance(concurrency, Blocking) else asyncio.run(work)


class Jobs:
    """Jobs that record when they run; some end only after another one has started, or never."""

    def __init__(self, concurrency: Concurrency) -> None:
        self.concurrency = concurrency
        self.ran: list[int] = []
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()

    @contextmanager
    def _counted(self, number: int) -> Iterator[None]:
        with self._lock:
            self.ran.append(number)
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            yield
        finally:
            with self._lock:
                self.running -= 1

    def returns(self, number: int, after: float = 0.0) -> Callable[[], Coroutine[Any, Any, int]]:
        async def job() -> int:
            with self._counted(number):
                await self.concurrency.sleep(after)
                return number

        return job

    def fails(self, number: int) -> Callable[[], Coroutine[Any, Any, int]]:
        async def job() -> int:
            with self._counted(number):
                raise LookupError(number)

        return job


@either
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_results_come_in_the_order_of_the_jobs_whatever_ends_first(concurrency: Concurrency, limit: int) -> None:
    jobs = Jobs(concurrency)
    work = [jobs.returns(number, after=0.004 * (3 - number % 3)) for number in range(9)]
    assert finish(concurrency, concurrency.gather(work, limit)) == list(range(9))


@either
def test_no_more_than_the_limit_run_at_a_time(concurrency: Concurrency) -> None:
    jobs = Jobs(concurrency)
    finish(concurrency, concurrency.gather([jobs.returns(number, after=0.002) for number in range(12)], 3))
    assert jobs.most == 3


@either
@pytest.mark.parametrize("limit", [0, 1, 5])
def test_nothing_to_do_is_no_result(concurrency: Concurrency, limit: int) -> None:
    assert finish(concurrency, concurrency.gather([], limit)) == []
    assert finish(concurrency, concurrency.gather([Jobs(concurrency).returns(1)], limit)) == [1]


@either
def test_the_first_error_is_raised_and_what_has_not_begun_never_begins(concurrency: Concurrency) -> None:
    jobs = Jobs(concurrency)
    work = [jobs.returns(0, after=0.02), jobs.fails(1), *[jobs.returns(number, after=0.05) for number in range(2, 50)]]
    with pytest.raises(LookupError, match="1"):
        finish(concurrency, concurrency.gather(work, 2))
    assert len(jobs.ran) < 6


@either
def test_the_error_that_came_first_is_raised_and_not_that_of_the_first_job(concurrency: Concurrency) -> None:
    jobs = Jobs(concurrency)

    async def late() -> int:
        await concurrency.sleep(0.05)
        raise ValueError("late")

    with pytest.raises(LookupError):
        finish(concurrency, concurrency.gather([late, jobs.fails(1)], 2))


def test_on_asyncio_the_first_error_cancels_what_runs() -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def failing() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(Asyncio().gather([endless, failing, endless], 3))
    assert ended == ["cancelled", "cancelled"]


def test_on_asyncio_cancelling_the_gathering_cancels_its_jobs() -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def main() -> None:
        task = asyncio.ensure_future(Asyncio().gather([endless, endless], 2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended == ["cancelled", "cancelled"]


def test_ctrl_c_while_gathering_begins_no_further_job(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs(Blocking())

    def interrupted(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("coze_client.core.concurrency.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Blocking.run(Blocking().gather([jobs.returns(number, after=0.01) for number in range(50)], 2))
    assert len(jobs.ran) < 10


@either
def test_jobs_see_the_callers_context(concurrency: Concurrency) -> None:
    async def seen() -> str:
        return color.get()

    async def main() -> list[str]:
        color.set("red")
        return await concurrency.gather([seen] * 3, 3)

    assert finish(concurrency, main()) == ["red"] * 3


def test_what_a_blocking_call_sets_in_the_context_stays_its_own() -> None:
    async def paint() -> None:
        color.set("green")

    Blocking.run(paint())
    assert color.get() == "none"


def test_a_blocking_run_gives_the_result_or_the_error_of_its_coroutine() -> None:
    async def fails() -> None:
        raise LookupError("x")

    async def works() -> int:
        return 7

    assert Blocking.run(works()) == 7
    with pytest.raises(LookupError):
        Blocking.run(fails())


def test_a_blocking_run_refuses_what_waits_for_an_event_loop_and_closes_it() -> None:
    closed: list[bool] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError):
        Blocking.run(waits())
    assert closed == [True]


async def async_token() -> str:
    return "t"


class AsyncCallable:
    async def __call__(self) -> str:
        return "t"


@either
@pytest.mark.parametrize(
    "function",
    [
        lambda: "t",
        async_token,
        lambda: async_token(),
        functools.partial(async_token),
        AsyncCallable(),
    ],
    ids=["sync", "async", "sync that answers a coroutine", "partial", "object"],
)
def test_a_users_function_may_be_sync_or_async(
    concurrency: Concurrency, function: Callable[[], str | Awaitable[str]]
) -> None:
    assert finish(concurrency, concurrency.call(function)) == "t"


@either
def test_a_users_function_that_looks_for_the_next_of_nothing_is_no_hang(concurrency: Concurrency) -> None:
    nothing: list[str] = []
    with pytest.raises(RuntimeError, match="default"):
        finish(concurrency, concurrency.call(lambda: next(iter(nothing))))


def test_a_blocking_client_says_so_if_a_function_needs_an_event_loop() -> None:
    async def waits() -> Any:
        await asyncio.sleep(0)

    async def future() -> None:
        answer: Any = asyncio.get_running_loop().create_future()
        with pytest.raises(ConfigurationError, match="AsyncCozeClient"):
            Blocking.run(Blocking().call(lambda: answer))

    with pytest.raises(ConfigurationError, match="AsyncCozeClient"):
        Blocking.run(Blocking().call(waits))
    asyncio.run(future())


def test_a_blocking_function_of_the_user_does_not_hold_up_the_event_loop() -> None:
    ticked = threading.Event()

    async def main() -> bool:
        asyncio.get_running_loop().call_soon(ticked.set)
        return await Asyncio().call(lambda: ticked.wait(5))

    assert asyncio.run(main())


@either
def test_a_lock_has_one_holder_and_is_waited_for_no_longer_than_given(concurrency: Concurrency) -> None:
    async def main() -> list[bool]:
        lock = concurrency.new_lock()
        acquired = [await concurrency.acquire(lock, 0.0), await concurrency.acquire(lock, 0.01)]
        lock.release()
        return [*acquired, await concurrency.acquire(lock, None)]

    assert finish(concurrency, main()) == [True, False, True]


def test_places_are_loops_and_processes() -> None:
    async def place() -> object:
        return Asyncio().scope()

    async def loop() -> object:
        return asyncio.get_running_loop()

    with asyncio.Runner() if hasattr(asyncio, "Runner") else pytest.skip("Python 3.11") as runner:
        assert runner.run(place()) is runner.run(loop())
    assert Blocking().scope() == Blocking().scope()


def test_outside_of_an_event_loop_trio_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="trio"):
        Asyncio().scope()


def test_sheltered_work_is_finished_though_its_caller_is_cancelled() -> None:
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("cancelled on the server")

    async def caller() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await Asyncio().shield(work(), 5)

    async def main() -> None:
        task = asyncio.ensure_future(caller())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})

    asyncio.run(main())
    assert done == ["cancelled on the server"]


def test_sheltered_work_is_given_up_in_time() -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    asyncio.run(Asyncio().shield(endless(), 0.01))
