"""The queue of a rate limit in one process: calls take turns in order, whatever thread or event loop they are in."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from weakref import WeakValueDictionary

from coze_client.core.concurrency import Concurrency
from coze_client.core.fork import generation
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.core.places import Places, wake
from coze_client.core.rate_limit import Pace, RateLimit, pause_left, reserve_start
from coze_client.errors import RateLimited, TimedOut

_LOOK_AGAIN = 0.02  # seconds between two looks whether another process has left a place
_LOOK_AGAIN_HERE = 1.0  # calls of this process wake the next; this is for streams and event loops that just ended
_LOOKS_A_SECOND = 100  # of all the calls that wait


class Turn:
    """The right of one call to run; ``end`` gives its place to the next call."""

    def __init__(self, places: Places) -> None:
        self.began = 0.0
        self._places = places
        self._held: deque[None] = deque()  # one place at most; whoever pops it gives it back
        self._over = False

    def take_place(self) -> bool:
        """Take a place if one is free. This may run in a thread, and whoever waits for it may have ended the turn."""
        taken = self._places.take()
        if taken:
            self._held.append(None)
            if self._over:
                self._give_back()
        return taken

    async def end(self, concurrency: Concurrency, error: BaseException | None = None) -> None:
        """End the turn, after `error` if the call failed; a second call does nothing. Raises no error of the store.

        The place is free whatever happens to the caller meanwhile: what cannot be written now is written later.
        """
        if self._over:
            return
        self._over = True
        self._give_back(error)
        if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            self._places.settle_later(error)
        else:
            await self._places.settle(concurrency)

    def _give_back(self, error: BaseException | None = None) -> None:
        ended = 0
        with suppress(IndexError):
            self._held.pop()
            ended = 1
        self._places.note_end(self.began, ended, error)

    def __del__(self) -> None:
        if not self._over:
            self._give_back()


class _Waiting:
    """A call in the queue. If its event loop was closed, nobody will take its turn."""

    def __init__(self, scope: object) -> None:
        self.is_next: Future[None] = Future()
        self.left = False
        self._loop = scope if isinstance(scope, asyncio.AbstractEventLoop) else None

    @property
    def is_gone(self) -> bool:
        return self.left or (self._loop is not None and self._loop.is_closed())


class Turns:
    """The calls of this process that wait for one limit, first come, first served; a repeated call is the next."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self.generation = generation()
        self.places = Places(limit)
        self._lock = ForkSafeLock()
        self._queue: deque[_Waiting] = deque()

    async def take(self, concurrency: Concurrency, deadline: float, *, again: bool = False) -> Turn:
        """Wait for a turn; raises RateLimited if too many calls wait, TimedOut at `deadline`: nothing was sent."""
        waiting, turn = self._join(concurrency.scope(), again=again), Turn(self.places)
        try:
            await self._await_next(concurrency, waiting, deadline)
            await self._await_place(concurrency, turn, deadline)
            turn.began = await self._await_start(concurrency, deadline)
        except GeneratorExit:  # while garbage is collected, which may interrupt who holds the lock
            waiting.left = True
            raise
        except BaseException as error:
            await turn.end(concurrency, error)
            raise
        finally:
            if not waiting.left:
                self._step_aside(waiting)
        return turn

    def _join(self, scope: object, *, again: bool) -> _Waiting:
        joined = _Waiting(scope)
        with self._lock:
            waiting, most = len(self._queue), self.limit.max_waiting
            if most is not None and waiting > most and not again:
                raise self._too_many(most)
            self._queue.insert(min(1, waiting) if again else waiting, joined)
        self._wake_next()
        return joined

    def _step_aside(self, waiting: _Waiting) -> None:
        with self._lock, suppress(ValueError):
            self._queue.remove(waiting)
        self._wake_next()

    def _wake_next(self) -> None:
        with self._lock:
            while self._queue and self._queue[0].is_gone:
                self._queue.popleft()
            following = self._queue[0] if self._queue else None
        if following is not None:
            wake(following.is_next)

    async def _await_next(self, concurrency: Concurrency, waiting: _Waiting, deadline: float) -> None:
        while True:
            look_again = _LOOK_AGAIN_HERE * (1 + len(self._queue) / _LOOKS_A_SECOND)
            if await concurrency.await_done(waiting.is_next, min(deadline - monotonic(), look_again)):
                return
            if monotonic() >= deadline:
                raise self._too_late()
            self._wake_next()

    async def _await_place(self, concurrency: Concurrency, turn: Turn, deadline: float) -> None:
        self.places.keep()
        if self.limit.max_concurrency is None:
            return
        look_again = _LOOK_AGAIN if self.limit.is_shared else _LOOK_AGAIN_HERE
        while True:
            freed = self.places.freed = Future()
            await self.places.settle(concurrency)
            if await self.places.run(concurrency, turn.take_place):
                return
            if (seconds := deadline - monotonic()) <= 0:
                raise self._too_late()
            await concurrency.await_done(freed, min(seconds, look_again))

    async def _await_start(self, concurrency: Concurrency, deadline: float) -> float:
        """Wait for the reserved start, and for another one if the server asks for a pause meanwhile."""

        def reserve(pace: Pace, now: float) -> tuple[Pace, tuple[float, float]]:
            pace, start = reserve_start(self.limit, pace, now)
            return pace, (start, start - now)

        while True:
            start, seconds = await self.places.update(concurrency, reserve)
            if seconds <= 0:
                return start
            if monotonic() + seconds > deadline:
                raise self._too_late()
            await concurrency.sleep(seconds)
            if not await self.places.update(concurrency, lambda pace, now: (pace, pause_left(pace, now))):
                return start

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
