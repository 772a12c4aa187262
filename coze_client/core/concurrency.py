"""The two ways to carry out what is written once: blocking, and on asyncio.

Everything of more than one step in this library is a coroutine that awaits only its session. Over the blocking face no
such await ever suspends, so one ``send(None)`` runs a coroutine to its end; asyncio awaits the same coroutine. What
differs (sleeping, running several jobs, waiting for a turn) is here, and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol, TypeVar, cast

from coze_client.errors import ConfigurationError, TimedOut

T = TypeVar("T")
Job = Callable[[], Coroutine[Any, Any, T]]


class Concurrency(Protocol):
    """What flows may wait for."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T | Coroutine[Any, Any, T]:
        """The result of `coroutine` for a blocking caller; on asyncio the coroutine itself, for the caller to await."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""

    async def gather(self, jobs: Sequence[Job[T]], limit: int) -> list[T]:
        """Every job's result in order, at most `limit` at a time; the first error cancels the rest and is raised."""
        ...

    async def call(self, function: Callable[[], T | Awaitable[T]]) -> T:
        """The result of a user's function, which may be a coroutine function; no event loop is held up by it."""
        ...

    async def shield(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        """Finish `work` even if the caller is being cancelled, waiting for `seconds` at most."""

    async def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin `work`, which goes on if the caller is cancelled; on the blocking face it is done when this returns."""

    async def wait(self, future: Future[T], seconds: float) -> T:
        """The result of a future of whatever thread or loop; raises TimedOut after `seconds`."""
        ...

    async def acquire(self, lock: Lock, seconds: float | None) -> bool:
        """Wait for the lock; False if it was not free within `seconds`."""
        ...

    def new_lock(self) -> Lock:
        """A new lock of this face's kind, to be taken by ``take`` and given back by its ``release``."""
        ...

    def scope(self) -> object:
        """What connections and locks may be shared within: the process, or the running event loop."""
        ...


async def maybe_await(value: T | Awaitable[T]) -> T:
    """The value of a call on a client of either face: on CozeClient it is there, on AsyncCozeClient awaited."""
    if isinstance(value, Awaitable):
        return await cast("Awaitable[T]", value)
    return value


class Lock(Protocol):
    """A lock, taken by ``Concurrency.take``."""

    def release(self) -> None:
        """Let the next one in."""


class Blocking:
    """Runs what never suspends, in the caller's thread."""

    @staticmethod
    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine over blocking calls; context variables that it sets stay its own."""
        return contextvars.copy_context().run(_finish, coroutine)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - the blocking face blocks

    async def gather(self, jobs: Sequence[Job[T]], limit: int) -> list[T]:
        if len(jobs) < 2 or limit < 2:
            return [_finish(job()) for job in jobs]
        pool = ThreadPoolExecutor(max_workers=min(limit, len(jobs)), thread_name_prefix="coze")
        try:
            futures = [pool.submit(contextvars.copy_context().run, _finish_job, job) for job in jobs]
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                if future in done and (error := future.exception()):
                    raise error
            return [future.result() for future in futures]
        finally:
            pool.shutdown(cancel_futures=True)

    async def call(self, function: Callable[[], T | Awaitable[T]]) -> T:
        result = _called(function)
        if inspect.iscoroutine(result):
            try:
                return cast("T", _finish(result))
            except _Suspended:
                raise ConfigurationError(
                    "This function needs an event loop: use it on asyncio, with AsyncCozeClient"
                ) from None
        if inspect.isawaitable(result):
            raise ConfigurationError("This function needs an event loop: use it on asyncio, with AsyncCozeClient")
        return result

    async def shield(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        await work

    async def start(self, work: Coroutine[Any, Any, None]) -> None:
        await work

    async def wait(self, future: Future[T], seconds: float) -> T:
        if not wait([future], seconds).done:
            raise _waited(seconds)
        return future.result()

    async def acquire(self, lock: Lock, seconds: float | None) -> bool:
        return cast("threading.Lock", lock).acquire(timeout=-1 if seconds is None else max(seconds, 0.0))

    def new_lock(self) -> Lock:
        return threading.Lock()

    def scope(self) -> object:
        return os.getpid()  # a forked child does not wait for turns of its parent


class Asyncio:
    """Hands over what the caller awaits."""

    @staticmethod
    def run(coroutine: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        """The coroutine itself."""
        return coroutine

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def gather(self, jobs: Sequence[Job[T]], limit: int) -> list[T]:
        results: dict[int, T] = {}
        waiting = iter(enumerate(jobs))

        async def work() -> None:
            for place, job in waiting:
                results[place] = await job()

        workers = [asyncio.ensure_future(work()) for _ in range(min(max(limit, 1), len(jobs)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return [results[place] for place in range(len(jobs))]

    async def call(self, function: Callable[[], T | Awaitable[T]]) -> T:
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004 - an object with an async __call__
            return await cast("Callable[[], Awaitable[T]]", function)()
        result: T | Awaitable[T] = await asyncio.to_thread(_called, function)
        if isinstance(result, Awaitable):
            return await result
        return result

    async def shield(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        task = _begun(work)
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            task.cancel()

    async def start(self, work: Coroutine[Any, Any, None]) -> None:
        _begun(work)

    async def wait(self, future: Future[T], seconds: float) -> T:
        inner = asyncio.shield(asyncio.wrap_future(future))  # one waiter's end must not cancel it for the others
        inner.add_done_callback(_heard)
        done, _ = await asyncio.wait({inner}, timeout=seconds)
        if not done:
            raise _waited(seconds)
        return inner.result()

    async def acquire(self, lock: Lock, seconds: float | None) -> bool:
        if seconds is not None:
            seconds = max(seconds, 0.001)  # wait_for does not even try with less
        try:
            return await asyncio.wait_for(cast("asyncio.Lock", lock).acquire(), seconds)
        except asyncio.TimeoutError:
            return False

    def new_lock(self) -> Lock:
        return asyncio.Lock()

    def scope(self) -> object:
        return running_loop()


def running_loop() -> asyncio.AbstractEventLoop:
    """The loop that this is called in; raises ConfigurationError outside of asyncio."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "AsyncCozeClient works inside a running asyncio loop (trio is not supported)"
        ) from None


def _called(function: Callable[[], T]) -> T:
    try:
        return function()
    except StopIteration as error:  # no future can hold it, so that asyncio would wait for ever
        raise RuntimeError("A function that was given raised StopIteration: give its next() a default") from error


def _heard(future: asyncio.Future[Any]) -> None:
    """Or asyncio reports the exception of a future that nobody waits for any more."""
    if not future.cancelled():
        future.exception()


_started: set[asyncio.Future[None]] = set()  # the loop itself holds tasks only weakly


def _begun(work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
    task = asyncio.ensure_future(work)
    _started.add(task)
    task.add_done_callback(_started.discard)
    return task


def _waited(seconds: float) -> TimedOut:
    return TimedOut(
        f"Somebody else's renewal of the token took longer than {seconds:g} s",
        cure="A blocking client inside an event loop cannot wait for that loop: use AsyncCozeClient there",
    )


class _Suspended(RuntimeError):
    pass


def _finish_job(job: Job[T]) -> T:
    return _finish(job())


def _finish(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    coroutine.close()
    raise _Suspended("a blocking client awaited an event loop")
