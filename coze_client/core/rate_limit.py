"""A limit of calls as a value, and its policy: when the next call starts, and how refusals slow all down; pure.

The pace is a value, too: one process keeps it in memory, several in a file or in Redis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from coze_client.errors import ConfigurationError, CozeError, RateLimited

_CATCHING_UP = 0.02  # seconds: starts that came late may follow closer
_AFTER_REFUSAL = 0.8  # of the share that was allowed before
_LEAST_SHARE = 1 / 64
_RECOVERY = 5.0  # seconds until a share of 0 is a whole one again
_PAUSE = 1.0  # seconds without a start after a refusal, if the limit has no rate that could become slower
_ALIVE = 5.0  # seconds: a process that was not seen for longer has lost its place
_LONGEST_PAUSE = 3600.0
_MOST_WAITING = 1000  # processes; a clock that was set back must not stop all of them for long


@dataclass(frozen=True)
class RateLimit:
    """How fast calls of one account may start, and how many may run at once: calls wait their turn, in order.

    ``per_second``: starts a second, evenly spaced; 0.5 is one in two seconds. ``max_concurrency``: calls at once; a
    stream counts until it is closed. ``max_waiting``: calls that may wait; one more raises RateLimited. Give at least
    one of the first two. A call that has waited until ``timeout.deadline`` raises TimedOut; nothing was sent.

    If Coze refuses a call (HTTP 429, codes 4009 and 4020), all calls become slower, after ``Retry-After`` if the server
    sends it, and then faster again within five seconds; the refused call waits its turn again.

    Clients of one process with an equal limit, server and token share it. With ``path``, all processes that give this
    file do; with ``redis`` (a URL, extra ``redis``), all machines. ``name`` tells limits apart: clients with equal
    names share one whatever their tokens are. Raises ConfigurationError for a limit that lets nothing start.
    """

    per_second: float | None = None
    max_concurrency: int | None = None
    max_waiting: int | None = None
    name: str | None = None
    path: str | None = None
    redis: str | None = field(default=None, repr=False)  # may hold a password

    def __post_init__(self) -> None:
        if self.per_second is None and self.max_concurrency is None:
            raise ConfigurationError("RateLimit needs per_second or max_concurrency")
        if self.per_second is not None and not 0 < self.per_second < inf:
            raise ConfigurationError(f"per_second must be more than 0; it is {self.per_second}")
        for name, least in (("max_concurrency", 1), ("max_waiting", 0)):
            number = getattr(self, name)
            if number is not None and number < least:
                raise ConfigurationError(f"{name} must be {least} or more; it is {number}")
        if self.path is not None and self.redis is not None:
            raise ConfigurationError("Give RateLimit a path or redis, not both")
        if self.path is not None:
            object.__setattr__(self, "path", str(Path(self.path).expanduser().absolute()))

    @property
    def is_shared(self) -> bool:
        """True if several processes share the limit."""
        return self.path is not None or self.redis is not None

    def without_password(self) -> RateLimit:
        """The limit with the address of the Redis server alone, which may be stored or shown."""
        if self.redis is None:
            return self
        parts = urlsplit(self.redis)
        return replace(self, redis=urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))

    def __str__(self) -> str:
        rate = [] if self.per_second is None else [f"{self.per_second:g} a second"]
        return ", ".join(rate + ([] if self.max_concurrency is None else [f"{self.max_concurrency} at once"]))


class Worker(NamedTuple):
    """One process: its calls that run, whether one waits for a place, and when it was seen last."""

    running: int = 0
    waiting: bool = False
    seen: float = 0.0


@dataclass(frozen=True)
class Pace:
    """What a limit has let start: times in seconds of one clock.

    ``next_start``: of the next call. ``share``: of the limit that was allowed at the last refusal, at ``since``.
    ``paused_until``: nothing starts before. ``workers``: the processes with calls that run or wait.
    """

    next_start: float = 0.0
    share: float = 1.0
    since: float = 0.0
    paused_until: float = 0.0
    workers: Mapping[str, Worker] = field(default_factory=dict)


def share_at(pace: Pace, now: float) -> float:
    """The share of the limit that is allowed at `now`: all of it, or less after a refusal."""
    return min(1.0, pace.share + max(now - pace.since, 0.0) / _RECOVERY)


def pause_left(pace: Pace, now: float) -> float:
    """The seconds until calls may start again after a pause that the server asked for."""
    return min(max(pace.paused_until - now, 0.0), _LONGEST_PAUSE)


def reserve_start(limit: RateLimit, pace: Pace, now: float) -> tuple[Pace, float]:
    """Reserve the next start; return its time, which may be past."""
    pause_ends = now + pause_left(pace, now)
    if limit.per_second is None:
        return pace, pause_ends
    interval = 1.0 / (limit.per_second * share_at(pace, now))
    ahead = min(pace.next_start, now + interval * _MOST_WAITING)
    start = max(ahead, now - min(_CATCHING_UP, interval), pause_ends)
    return replace(pace, next_start=start + interval), start


def take_place(limit: RateLimit, pace: Pace, now: float, worker: str) -> tuple[Pace, bool]:
    """Take one of the places of running calls, if one is free and no other process that waits has fewer."""
    workers = {name: each for name, each in pace.workers.items() if name == worker or now - each.seen <= _ALIVE}
    own = workers.pop(worker, Worker())
    places = max(1, int((limit.max_concurrency or 1) * share_at(pace, now)))
    running = own.running + sum(each.running for each in workers.values())
    is_next = all(own.running <= each.running for each in workers.values() if each.waiting)
    taken = limit.max_concurrency is None or (running < places and is_next)
    own = Worker(own.running + taken, not taken, now)
    return replace(pace, workers={**workers, worker: own}), taken


def leave_place(pace: Pace, now: float, worker: str, *, ended: int = 0) -> Pace:
    """Note that a process was seen, that so many of its calls have ended, and that none of them waits."""
    own = pace.workers.get(worker, Worker())
    left = max(own.running - ended, 0)
    workers = {name: each for name, each in pace.workers.items() if name != worker}
    return replace(pace, workers={**workers, worker: Worker(left, seen=now)} if left else workers)


def slow_down(limit: RateLimit, pace: Pace, now: float, *, began: float, pause: float | None) -> Pace:
    """After a refusal of a call that began at `began`: pause as long as the server says, and allow a smaller share.

    Calls that had begun before the last refusal make nothing slower once more: they were refused for the same reason.
    """
    if limit.per_second is None and pause is None:
        pause = _PAUSE
    seconds = max(pause_left(pace, now), min(pause or 0.0, _LONGEST_PAUSE))
    paused = replace(pace, paused_until=now + seconds)
    if began < pace.since:
        return paused
    share = max(share_at(pace, now) * _AFTER_REFUSAL, _LEAST_SHARE)
    return replace(paused, share=share, since=now)


def is_refusal(error: BaseException | None) -> bool:
    """True if the error says that calls come too fast: HTTP 429, 4009 or 4020, not the failure of a model (4013)."""
    return isinstance(error, RateLimited) and error.code_around is None


def pause_of(error: BaseException | None) -> float | None:
    """The seconds that the server asks to wait, if it does."""
    return error.retry_after if isinstance(error, CozeError) else None
