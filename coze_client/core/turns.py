"""The queue of a rate limit in one process: calls take turns in order, whatever thread or event loop they are in."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from secrets import token_hex
from time import monotonic
from weakref import WeakValueDictionary, ref

from coze_client.core.concurrency import Concurrency
from coze_client.core.fork import generation
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.core.pace_store import FilePace, MemoryPace, PaceStore, Step, T
from coze_client.core.rate_limit import (
    Pace,
    RateLimit,
    is_refusal,
    leave_place,
    pause_left,
    pause_of,
    reserve_start,
    slow_down,
    take_place,
)
from coze_client.errors import CozeError, RateLimited, TimedOut

_SEEN_EVERY = 1.5  # seconds between two signs of life of a process whose calls run
_LOOK_AGAIN = 0.02  # seconds between two looks whether another process has left a place
_LOOK_AGAIN_HERE = 1.0  # calls of this process wake the next; this is for streams that nobody closed


class Turn:
    """The right of one call to run; ``end`` gives its place to the next call."""

    def __init__(self, turns: Turns, began: float) -> None:
        self._turns = turns
        self._began = began
        self._over = False

    async def end(self, concurrency: Concurrency, error: BaseException | None = None) -> None:
        """End the turn, after `error` if the call failed; a second call does nothing."""
        if not self._over:
            self._over = True
            await self._turns.leave(concurrency, self._began, error)

    def __del__(self) -> None:
        if not self._over:
            self._turns.forgotten.append(None)


class Turns:
    """The calls of this process that wait for one limit, first come, first served; a repeated call is the next."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self.generation = generation()
        self.forgotten: deque[None] = deque()  # of turns that were dropped; a finalizer must not lock anything
        self._store = _store_for(limit)
        self._worker = f"{os.getpid()}-{token_hex(4)}"
        self._lock = ForkSafeLock()
        self._queue: deque[Future[None]] = deque()
        self._left: Future[None] = Future()
        self._keeper: threading.Thread | None = None

    async def take(self, concurrency: Concurrency, deadline: float, *, again: bool = False) -> Turn:
        """Wait for a turn; raises RateLimited if too many calls wait, TimedOut at `deadline`: nothing was sent."""
        place = self._join(again=again)
        taken = False
        try:
            if not await concurrency.await_done(place, deadline - monotonic()):
                raise self._too_late()
            await self._take_place(concurrency, deadline)
            taken = True
            return Turn(self, await self._await_start(concurrency, deadline))
        except BaseException:
            if taken:
                await concurrency.start(self.leave(concurrency, 0.0, None))
            raise
        finally:
            self._step_aside(place)

    def _join(self, *, again: bool) -> Future[None]:
        place: Future[None] = Future()
        with self._lock:
            waiting, most = len(self._queue), self.limit.max_waiting
            if most is not None and waiting > most and not again:
                raise self._too_many(most)
            self._queue.insert(min(1, waiting) if again else waiting, place)
            first = self._queue[0]
        _wake(first)
        return place

    def _step_aside(self, place: Future[None]) -> None:
        with self._lock:
            self._queue.remove(place)
            first = self._queue[0] if self._queue else None
        if first is not None:
            _wake(first)

    async def _take_place(self, concurrency: Concurrency, deadline: float) -> None:
        if self.limit.max_concurrency is None:
            return
        look_again = _LOOK_AGAIN if self.limit.is_shared else _LOOK_AGAIN_HERE
        step = partial(take_place, self.limit, worker=self._worker)
        while True:
            left = self._left = Future()
            await self._leave_forgotten(concurrency)
            if await self._update(concurrency, step):
                self._show_life()
                return
            if (seconds := deadline - monotonic()) <= 0:
                await self._leave_place(concurrency, 0)
                raise self._too_late()
            await concurrency.await_done(left, min(seconds, look_again))

    async def _await_start(self, concurrency: Concurrency, deadline: float) -> float:
        """Wait for the reserved start, and for another one if the server asks for a pause meanwhile."""

        def reserve(pace: Pace, now: float) -> tuple[Pace, tuple[float, float]]:
            pace, start = reserve_start(self.limit, pace, now)
            return pace, (start, start - now)

        while True:
            start, seconds = await self._update(concurrency, reserve)
            if seconds <= 0:
                return start
            if monotonic() + seconds > deadline:
                raise self._too_late()
            await concurrency.sleep(seconds)
            if not await self._update(concurrency, lambda pace, now: (pace, pause_left(pace, now))):
                return start

    async def leave(self, concurrency: Concurrency, began: float, error: BaseException | None) -> None:
        """End a call that `began` then: leave its place, and slow all calls down if the server refused it."""
        if is_refusal(error):
            pause = pause_of(error)
            await self._update(
                concurrency, lambda pace, now: (slow_down(self.limit, pace, now, began=began, pause=pause), None)
            )
        if self.limit.max_concurrency is not None:
            await self._leave_place(concurrency, 1)
            _wake(self._left)

    async def _leave_place(self, concurrency: Concurrency, ended: int) -> None:
        await self._update(concurrency, lambda pace, now: (leave_place(pace, now, self._worker, ended=ended), None))

    async def _leave_forgotten(self, concurrency: Concurrency) -> None:
        while self.forgotten:
            self.forgotten.pop()
            await self._leave_place(concurrency, 1)

    async def _update(self, concurrency: Concurrency, step: Step[T]) -> T:
        if self.limit.is_shared:  # a file or a network must not stop an event loop
            return await concurrency.call(partial(self._store.update, step))
        return self._store.update(step)

    def _show_life(self) -> None:
        if self.limit.is_shared and self._keeper is None:
            self._keeper = threading.Thread(target=_keep_alive, args=(ref(self),), name="coze-rate-limit", daemon=True)
            self._keeper.start()

    def show_life(self) -> None:
        """Tell the other processes that this one still runs its calls."""
        self._store.update(lambda pace, now: (leave_place(pace, now, self._worker), None))

    def _too_many(self, waiting: int) -> RateLimited:
        error = RateLimited(
            f"{waiting} calls wait for the rate limit ({self.limit}), as many as max_waiting allows; nothing was sent",
            cure="Call later, or raise max_waiting",
        )
        error.retried = True
        return error

    def _too_late(self) -> TimedOut:
        error = TimedOut(
            f"The rate limit ({self.limit}) gave this call no turn within timeout.deadline; nothing was sent",
            sent=False,
            cure="Call later or make fewer calls at once, or raise timeout.deadline",
        )
        error.retried = True
        return error


_all_turns: WeakValueDictionary[object, Turns] = WeakValueDictionary()
_lock = ForkSafeLock()


def turns_for(limit: RateLimit, account: object) -> Turns:
    """The queue of a limit in this process; `account` tells limits of equal values apart, unless they have a name."""
    key = (limit, None if limit.is_shared or limit.name else account, generation())
    with _lock:
        turns = _all_turns.get(key)
        if turns is None:
            turns = _all_turns[key] = Turns(limit)
        return turns


def _store_for(limit: RateLimit) -> PaceStore:
    """The store that a limit names."""
    if limit.redis is not None:
        from coze_client.core.redis_pace import RedisPace

        return RedisPace(limit.redis, limit.name or "coze")
    return FilePace(limit.path) if limit.path is not None else MemoryPace()


def _keep_alive(turns_of: ref[Turns]) -> None:
    while True:
        time.sleep(_SEEN_EVERY)
        turns = turns_of()
        if turns is None:
            return
        with suppress(CozeError):
            turns.show_life()
        del turns


def _wake(future: Future[None]) -> None:
    with suppress(InvalidStateError):
        future.set_result(None)
