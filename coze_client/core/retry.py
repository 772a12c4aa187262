"""The retry policy: which errors to retry, and after how long. The functions are pure; tenacity runs the loop.

A start (a chat, a run, an upload) is repeated only if nothing was sent, or if the server's response proves that nothing
started. Any other error of a start is raised, because the chat or run may be active, and billed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import random
from typing import TYPE_CHECKING

from coze_client.core.request import Kind
from coze_client.errors import (
    APIError,
    ConfigurationError,
    ConversationBusy,
    CozeError,
    OAuthError,
    ProtocolError,
    RateLimited,
    ServerError,
    TransportError,
)

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

_NOTHING_STARTED_CODES = (4009, 4020)
_TEMPORARY_CODES = frozenset({4009, 4013, 4020, 4102, 5000, "internal_error"})
# Codes of coze-studio: its database, id generator, queue or store failed, or a document is still being processed.
_TEMPORARY_STUDIO_CODES = frozenset(
    {100000004, 105000003, 105000008, 105000009, 105000018, 106000002, 110000002}
    | {720700801, 720700803, 720700808, 777777767}
)
_TEMPORARY_STATUSES = (408, 429, 500, 502, 503, 504)
# With a code inside the text, coze-studio refuses a chat before it starts; other codes report a run that failed.
_REFUSALS_AROUND_CODES = (400, 103100001)
_MINUTE_CODE = 4020  # requests per minute: a call within the same minute is refused again


@dataclass(frozen=True)
class Retry:
    """How often to retry: at most ``attempts`` tries of one call, none started after ``deadline`` seconds.

    The waits have full jitter, with a limit that doubles from half a second to eight seconds. If the server sends
    ``Retry-After``, that time counts. After code 4020 (calls per minute) the wait is a minute, or as long as the
    deadline allows. A busy conversation (4016) is retried until the deadline, with any number of attempts. Raises
    ConfigurationError for less than 1 attempt or a negative deadline.
    """

    attempts: int = 3
    deadline: float = 60.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or not self.deadline >= 0:
            raise ConfigurationError("Retry needs attempts of 1 or more, and a deadline of 0 seconds or more")


def may_retry(kind: Kind, error: BaseException, *, wait_if_busy: bool = True) -> bool:
    """True if the request may be sent again after this error without doing anything twice."""
    if isinstance(error, CozeError) and (error.retried or (kind is Kind.START and _has_started(error))):
        return False
    if isinstance(error, ConversationBusy):
        return wait_if_busy and (kind is Kind.READ or error.code_around is None)
    if isinstance(error, TransportError):
        return not error.sent or kind is Kind.READ
    if not isinstance(error, (OAuthError, RateLimited, ServerError)):
        return False
    if kind is Kind.START:
        return error.status == 429 or (error.code in _NOTHING_STARTED_CODES and error.code_around is None)
    return error.code in _TEMPORARY_CODES | _TEMPORARY_STUDIO_CODES or error.status in _TEMPORARY_STATUSES


def _has_started(error: CozeError) -> bool:
    """True for an error about a chat or run that has an id: starting it again would bill it twice."""
    return bool(error.chat_id or error.execute_id)


_REDIRECTS = frozenset({301, 302, 307, 308})  # not 303: it may point to the result of what was done


def may_have_started(kind: Kind, error: BaseException) -> bool:
    """True if a start failed in a way that leaves open whether the server acted on it, or that a run has had."""
    if kind is not Kind.START:
        return False
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, ProtocolError) and error.status in _REDIRECTS:
        return False
    if isinstance(error, CozeError) and error.code_around is not None:
        return error.code_around not in _REFUSALS_AROUND_CODES
    if isinstance(error, OAuthError):
        return (error.status or 0) >= 500
    is_unsure = isinstance(error, (ServerError, ProtocolError)) or type(error) is APIError
    return is_unsure and not may_retry(kind, error)


def retry_delay(error: BaseException | None, attempt: int, *, left: float, tries_left: int, chance: float) -> float:
    """Seconds to wait before the next try.

    `attempt`: the number of tries so far. `left`: seconds until the deadline. `tries_left`: tries that remain.
    `chance`: a random number in [0, 1).
    """
    if isinstance(error, CozeError) and error.retry_after is not None:
        return error.retry_after
    if isinstance(error, ConversationBusy):
        return min(1.0 + 0.5 * (attempt - 1), 5.0)
    if isinstance(error, CozeError) and error.code == _MINUTE_CODE:
        return min(60.0, max(left, 0.0) / (max(tries_left, 0) + 1))
    return 0.5 * float(2 ** min(attempt - 1, 4)) * chance


def retry_loop(
    retry: Retry,
    should_retry: Callable[[BaseException], bool],
    *,
    sleep: Callable[[float], Awaitable[None]],
    takes_turns: bool = False,
) -> AsyncRetrying:
    """Tenacity's loop for this policy: it retries errors that `should_retry` accepts, and raises the last one.

    A call that `takes_turns` of a rate limit and comes too fast is retried until the deadline, since all slow down.
    """
    from tenacity import AsyncRetrying, retry_if_exception

    def stop(state: RetryCallState) -> bool:
        waits_on = isinstance(_error(state), ConversationBusy) or is_paced(state)
        past_deadline = (state.seconds_since_start or 0.0) + state.upcoming_sleep > retry.deadline
        return past_deadline or (not waits_on and state.attempt_number >= retry.attempts)

    def is_paced(state: RetryCallState) -> bool:
        return takes_turns and isinstance(_error(state), RateLimited)

    def wait(state: RetryCallState) -> float:
        if is_paced(state):
            return 0.0  # the rate limit knows how long
        return retry_delay(
            _error(state),
            state.attempt_number,
            left=retry.deadline - (state.seconds_since_start or 0.0),
            tries_left=retry.attempts - state.attempt_number,
            chance=random(),  # noqa: S311 - jitter need not be secure
        )

    return AsyncRetrying(retry=retry_if_exception(should_retry), stop=stop, wait=wait, sleep=sleep, reraise=True)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
