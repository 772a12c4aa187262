"""How coroutines run: ``Blocking`` runs them in the caller's thread, ``Asyncio`` on the running event loop.

Everything that takes more than one step in this library is a coroutine that awaits only its session. With ``Blocking``
such a coroutine never suspends, so one ``send(None)`` runs it to its end. With ``Asyncio`` the caller awaits the same
coroutine. Sleeping, parallel jobs and locks differ between the two; that code is here and nowhere else.
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
from math import inf
from typing import Any, Protocol, TypeVar, cast

from coze_client.core.dropped_generators import dropped_generators_closed
from coze_client.errors import ConfigurationError, TimedOut

T = TypeVar("T")
Late = Callable[[Awaitable[T | None]], Coroutine[Any, Any, None]]
"""What takes the result of a step whose caller was cancelled; it waits for ``None`` if the step failed."""
Job = Callable[[], Coroutine[Any, Any, T]]

_LONGEST_BEGIN = 30.0


class Concurrency(Protocol):
    """Everything that a flow may wait for, except the network."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T | Coroutine[Any, Any, T]:
        """Blocking: run `coroutine` and return its result. Asyncio: return the coroutine, for the caller to await."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for this many seconds."""

    async def gather(self, jobs: Sequence[Job[T]], limit: int) -> list[T]:
        """Run the jobs, at most `limit` at a time, and return their results in order.

        The first error cancels the jobs that remain and is raised.
        """
        ...

    async def call(self, function: Callable[[], T | Awaitable[T]]) -> T:
        """Call a user's function, which may be a coroutine function; a slow one does not block the event loop."""
        ...

    async def shield(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        """Run `work` even while the caller is being cancelled, for at most `seconds` (on asyncio)."""

    async def shelter(self, work: Coroutine[Any, Any, T], late: Late[T] | None) -> T:
        """Await `work`. If the caller is cancelled meanwhile, `work` goes on, and `late` takes its result.

        Blocking calls cannot be cancelled. Without `late`, `work` is cancelled with its caller.
        """
        ...

    async def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start `work` as a task that continues if the caller is cancelled. Blocking: run it to its end now."""

    def later(self, seconds: float, job: Job[None]) -> None:
        """Run the job after `seconds`, while the caller goes on: in a thread of its own, or in a task."""

    async def wait(self, future: Future[T], seconds: float) -> T:
        """Wait for a future of any thread or event loop and return its result; raises TimedOut after `seconds`."""
        ...

    async def await_done(self, future: Future[Any], seconds: float) -> bool:
        """Wait until a future of any thread or event loop is done; False after `seconds`."""
        ...

    async def acquire(self, lock: Lock, seconds: float | None) -> bool:
        """Acquire the lock; False if that took longer than `seconds` (``None``: no limit)."""
        ...

    def new_lock(self) -> Lock:
        """Create a lock, for ``acquire`` and the lock's own ``release``."""
        ...

    def scope(self) -> object:
        """What connections and locks belong to: the process (its id), or the running event loop."""
        ...


async def maybe_await(value: T | Awaitable[T]) -> T:
    """The result of a call on either client: a plain value of CozeClient, an awaitable of AsyncCozeClient."""
    if isinstance(value, Awaitable):
        return await cast("Awaitable[T]", value)
    return value


class Lock(Protocol):
    """A lock that ``Concurrency.acquire`` acquires."""

    def release(self) -> None:
        """Release the lock."""


class Blocking:
    """Runs coroutines that never suspend, in the caller's thread."""

    @staticmethod
    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result; the caller's context variables stay unchanged."""
        return contextvars.copy_context().run(_finish, coroutine)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - blocking is the purpose

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
        result = _call(function)
        if inspect.iscoroutine(result):
            try:
                return cast("T", _finish(result))
            except _Suspended:
                raise _needs_event_loop() from None
        if inspect.isawaitable(result):
            raise _needs_event_loop()
        return result

    async def shield(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        await work

    async def shelter(self, work: Coroutine[Any, Any, T], late: Late[T] | None) -> T:
        return await work

    async def start(self, work: Coroutine[Any, Any, None]) -> None:
        await work

    def later(self, seconds: float, job: Job[None]) -> None:
        timer = threading.Timer(seconds, _finish_job, (job,))
        timer.daemon = True
        timer.start()

    async def wait(self, future: Future[T], seconds: float) -> T:
        if not await self.await_done(future, seconds):
            raise _wait_timed_out(seconds)
        return future.result()

    async def await_done(self, future: Future[Any], seconds: float) -> bool:
        return bool(wait([future], None if seconds == inf else seconds).done)

    async def acquire(self, lock: Lock, seconds: float | None) -> bool:
        return cast("threading.Lock", lock).acquire(timeout=-1 if seconds is None else max(seconds, 0.0))

    def new_lock(self) -> Lock:
        return threading.Lock()

    def scope(self) -> object:
        return os.getpid()  # a forked child does not wait for its parent's locks


class Asyncio:
    """Returns coroutines for the caller to await."""

    def __init__(self) -> None:
        self._late: set[asyncio.Future[None]] = set()

    @staticmethod
    def run(coroutine: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        """Return the coroutine itself."""
        return coroutine

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def gather(self, jobs: Sequence[Job[T]], limit: int) -> list[T]:
        results: dict[int, T] = {}
        waiting = iter(enumerate(jobs))

        async def work() -> None:
            for number, job in waiting:
                results[number] = await job()

        workers = [asyncio.ensure_future(work()) for _ in range(min(max(limit, 1), len(jobs)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return [results[number] for number in range(len(jobs))]

    async def call(self, function: Callable[[], T | Awaitable[T]]) -> T:
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004 - an object with an async __call__
            return await cast("Callable[[], Awaitable[T]]", function)()
        result: T | Awaitable[T] = await asyncio.to_thread(_call, function)
        if isinstance(result, Awaitable):
            return await result
        return result

    async def shield(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        task = self._start_late(work)
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            task.cancel()

    async def shelter(self, work: Coroutine[Any, Any, T], late: Late[T] | None) -> T:
        if late is None:
            return await work
        task = start_task(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            result = _result(task)
            self._start_late(late(result))
            raise

    def _start_late(self, work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        task = start_task(work)
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        return task

    async def finish_late(self, seconds: float) -> None:
        """Wait at most `seconds` for what the running loop still does after its callers were cancelled, or dropped."""
        end, loop = time.monotonic() + seconds, asyncio.get_running_loop()
        await dropped_generators_closed(seconds)
        if late := [each for each in list(self._late) if each.get_loop() is loop]:
            await asyncio.wait(late, timeout=max(end - time.monotonic(), 0.0))

    async def start(self, work: Coroutine[Any, Any, None]) -> None:
        start_task(work)

    def later(self, seconds: float, job: Job[None]) -> None:
        async def wait_then_run() -> None:
            await asyncio.sleep(seconds)
            await job()

        start_task(wait_then_run())

    async def wait(self, future: Future[T], seconds: float) -> T:
        if not await self.await_done(future, seconds):
            raise _wait_timed_out(seconds)
        return future.result()

    async def await_done(self, future: Future[Any], seconds: float) -> bool:
        inner = asyncio.shield(asyncio.wrap_future(future))  # cancelling one waiter must not cancel the others
        inner.add_done_callback(_retrieve_exception)
        done, _ = await asyncio.wait({inner}, timeout=None if seconds == inf else seconds)
        return bool(done)

    async def acquire(self, lock: Lock, seconds: float | None) -> bool:
        if seconds is not None:
            seconds = max(seconds, 0.001)  # with 0, wait_for does not even try
        try:
            return await asyncio.wait_for(cast("asyncio.Lock", lock).acquire(), seconds)
        except asyncio.TimeoutError:
            return False

    def new_lock(self) -> Lock:
        return asyncio.Lock()

    def scope(self) -> object:
        return running_loop()


def running_loop() -> asyncio.AbstractEventLoop:
    """The running asyncio loop; raises ConfigurationError if there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "AsyncCozeClient needs a running asyncio loop (trio is not supported)",
            cure="Call it from a coroutine under asyncio.run(), or use CozeClient",
        ) from None


def _needs_event_loop() -> ConfigurationError:
    return ConfigurationError(
        "An async function was given to a blocking client, and it needs an event loop",
        cure="Use it with AsyncCozeClient, or give a function that is not async",
    )


def _call(function: Callable[[], T]) -> T:
    try:
        return function()
    except StopIteration as error:  # a future cannot hold StopIteration: asyncio would wait for ever
        raise RuntimeError("The given function raised StopIteration; give its next() a default") from error


async def _result(task: asyncio.Future[T]) -> T | None:
    """The result of a task; ``None`` if it fails, or takes longer than a stream may take to begin."""
    await asyncio.wait({task}, timeout=_LONGEST_BEGIN)
    if not task.done():
        task.cancel()
        return None
    return None if task.cancelled() or task.exception() else task.result()


def _retrieve_exception(future: asyncio.Future[Any]) -> None:
    """Otherwise asyncio logs an error for a future whose waiters were all cancelled."""
    if not future.cancelled():
        future.exception()


_tasks: set[asyncio.Future[Any]] = set()  # the event loop keeps only weak references to tasks


def start_task(work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
    """Start a task that runs to its end even if nobody refers to it or waits for it."""
    task = asyncio.ensure_future(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


def _wait_timed_out(seconds: float) -> TimedOut:
    return TimedOut(
        f"Another caller's renewal of the token took longer than {seconds:g} s",
        cure="Inside an event loop use AsyncCozeClient: a blocking client stops the loop that it waits for",
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
    raise _Suspended("A blocking client awaited something that needs an event loop")
