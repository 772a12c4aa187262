"""Which failures pass, and after how long: a pure policy that tenacity runs.

A start (a chat, a run, an upload) is repeated only if nothing of it was sent, or if the server's answer proves that
nothing began. Everything else about it is raised: it may be running, and billed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import random
from typing import TYPE_CHECKING

from coze_client.core.request import Kind
from coze_client.errors import (
    ConfigurationError,
    ConversationBusy,
    CozeError,
    OAuthError,
    RateLimited,
    ServerError,
    TransportError,
)

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

_PROVE_NOTHING_BEGAN = (4009, 4020)
_PASSING = (4009, 4013, 4020, 4102, 5000, "internal_error")
_PASSING_STATUSES = (408, 429, 500, 502, 503, 504)
_MINUTE_CODE = 4020  # "requests per minute": an earlier call is refused again


@dataclass(frozen=True)
class Retry:
    """How stubborn a client is: at most ``attempts`` tries of one call, none begun later than ``deadline`` seconds.

    Waits double from half a second to eight, at full jitter, unless the server names a time (``Retry-After``). After
    4020 (calls per minute) they are a minute, or what the deadline leaves. A busy conversation (4016) is waited for
    until the deadline, however many attempts that takes.
    """

    attempts: int = 3
    deadline: float = 60.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or not self.deadline >= 0:
            raise ConfigurationError("Retry takes 1 attempt or more, and a deadline of 0 seconds or more")


def may_retry(kind: Kind, error: BaseException, *, wait_if_busy: bool = True) -> bool:
    """True if the same request may be sent again after this failure without doing anything twice."""
    if isinstance(error, CozeError) and error.retried:
        return False
    if isinstance(error, ConversationBusy):
        return wait_if_busy
    if isinstance(error, TransportError):
        return not error.sent or kind is Kind.READ
    if not isinstance(error, (OAuthError, RateLimited, ServerError)):
        return False
    if kind is Kind.START:
        return error.status == 429 or error.code in _PROVE_NOTHING_BEGAN
    return error.code in _PASSING or error.status in _PASSING_STATUSES


def retry_delay(error: BaseException | None, attempt: int, *, left: float, tries_left: int, chance: float) -> float:
    """Seconds to wait before the next try.

    `attempt` counts the tries made, `left` the seconds up to the deadline, `chance` is a random number in [0, 1).
    """
    if isinstance(error, CozeError) and error.retry_after is not None:
        return error.retry_after
    if isinstance(error, ConversationBusy):
        return min(1.0 + 0.5 * (attempt - 1), 5.0)
    if isinstance(error, CozeError) and error.code == _MINUTE_CODE:
        return min(60.0, max(left, 0.0) / (max(tries_left, 0) + 1))
    return 0.5 * float(2 ** min(attempt - 1, 4)) * chance


def retry_loop(
    retry: Retry, again: Callable[[BaseException], bool], *, sleep: Callable[[float], Awaitable[None]]
) -> AsyncRetrying:
    """The policy as tenacity's loop over failures that `again` allows to repeat; it raises the last one."""
    from tenacity import AsyncRetrying, retry_if_exception

    def enough(state: RetryCallState) -> bool:
        waiting = isinstance(_failure(state), ConversationBusy)
        past_deadline = (state.seconds_since_start or 0.0) + state.upcoming_sleep > retry.deadline
        return past_deadline or (not waiting and state.attempt_number >= retry.attempts)

    def wait(state: RetryCallState) -> float:
        return retry_delay(
            _failure(state),
            state.attempt_number,
            left=retry.deadline - (state.seconds_since_start or 0.0),
            tries_left=retry.attempts - state.attempt_number,
            chance=random(),  # noqa: S311 - jitter is no secret
        )

    return AsyncRetrying(retry=retry_if_exception(again), stop=enough, wait=wait, sleep=sleep, reraise=True)


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
