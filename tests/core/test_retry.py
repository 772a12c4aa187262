"""The retry policy as a table, and tenacity's loop over it without real waiting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client.core.concurrency import Blocking
from coze_client.core.error_codes import _CODES, error_for
from coze_client.core.request import Kind
from coze_client.core.retry import Retry, may_retry, retry_delay, retry_loop
from coze_client.errors import ConnectionFailed, CozeError, ProtocolError, StreamInterrupted, TimedOut

NOT_SENT = ConnectionFailed("no connection", sent=False)
LOST = ConnectionFailed("broke")
BUSY = error_for(4016, "busy", status=200)
RATE = error_for(4020, "rate", status=200)

NEVER = (False, False)
READS_ONLY = (True, False)
ALWAYS = (True, True)


@pytest.mark.parametrize(
    ("error", "read_and_start"),
    [
        (NOT_SENT, ALWAYS),
        (TimedOut("no connection", sent=False), ALWAYS),
        (LOST, READS_ONLY),
        (TimedOut("silent"), READS_ONLY),
        (error_for(None, "", status=429), ALWAYS),
        (error_for(4009, "", status=200), ALWAYS),
        (error_for(4020, "", status=200), ALWAYS),
        (error_for(4020, "", status=429), ALWAYS),
        (BUSY, ALWAYS),
        (error_for(4013, "", status=200), READS_ONLY),
        (error_for(4102, "", status=200), READS_ONLY),
        (error_for(5000, "", status=200), READS_ONLY),
        (error_for(None, "", status=408), READS_ONLY),
        (error_for(None, "", status=500), READS_ONLY),
        (error_for(None, "<html>", status=502), READS_ONLY),
        (error_for(None, "", status=503), READS_ONLY),
        (error_for(None, "", status=504), READS_ONLY),
        (error_for(None, "", status=501), NEVER),
        (error_for(4000, "", status=200), NEVER),
        (error_for(4000, "", status=400), NEVER),
        (error_for(4008, "", status=200), NEVER),
        (error_for(4008, "", status=429), NEVER),
        (error_for(4011, "", status=200), NEVER),
        (error_for(4100, "", status=401), NEVER),
        (error_for(4101, "", status=403), NEVER),
        (error_for(4200, "", status=404), NEVER),
        (error_for(103100001, "", status=200), NEVER),
        (error_for(123456789, "", status=200), NEVER),
        (ProtocolError("<html> at 200"), NEVER),
        (StreamInterrupted("cut"), NEVER),
        (ValueError("a bug"), NEVER),
        (KeyboardInterrupt(), NEVER),
    ],
)
def test_a_call_is_repeated_only_if_nothing_can_happen_twice(
    error: BaseException, read_and_start: tuple[bool, bool]
) -> None:
    assert (may_retry(Kind.READ, error), may_retry(Kind.START, error)) == read_and_start


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("around", [None, 400, 5000, 720702011, 777777775, 103100001, 987654321])
def test_a_code_within_a_text_never_starts_anything_again(around: int | None, status: int) -> None:
    for code in _CODES:
        error = error_for(around, f"code={code} message=the node's service refused\nstack=…", status=status)
        assert (error.code, error.code_around) == (code, around or status)
        assert not may_retry(Kind.START, error), code


@pytest.mark.parametrize("kind", Kind)
def test_a_busy_conversation_is_only_waited_for_where_that_is_wanted(kind: Kind) -> None:
    assert may_retry(kind, BUSY)
    assert not may_retry(kind, BUSY, wait_if_busy=False)


@pytest.mark.parametrize(
    ("attempt", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (60, 8.0)]
)
def test_waits_double_up_to_eight_seconds_at_full_jitter(attempt: int, longest: float) -> None:
    assert retry_delay(LOST, attempt, left=60, tries_left=2, chance=0.0) == 0.0
    assert retry_delay(LOST, attempt, left=60, tries_left=2, chance=0.5) == longest / 2
    assert retry_delay(LOST, attempt, left=60, tries_left=2, chance=1.0) == longest


@pytest.mark.parametrize("error", [LOST, BUSY, RATE])
def test_the_server_names_the_wait_if_it_likes(error: CozeError) -> None:
    error_with_wait = error_for(error.code, "", status=429, retry_after=7.5)
    assert retry_delay(error_with_wait, 1, left=60, tries_left=2, chance=0.9) == 7.5


def test_calls_per_minute_wait_a_minute_or_share_what_is_left() -> None:
    assert retry_delay(RATE, 1, left=600, tries_left=2, chance=0) == 60.0
    assert retry_delay(RATE, 1, left=60, tries_left=2, chance=0) == 20.0


def test_a_busy_conversation_is_asked_for_after_a_second_then_more_rarely() -> None:
    waits = [retry_delay(BUSY, attempt, left=60, tries_left=0, chance=0.3) for attempt in range(1, 20)]
    assert waits[0] == 1.0
    assert waits == sorted(waits)
    assert waits[-1] == 5.0


@given(
    st.sampled_from([NOT_SENT, LOST, BUSY, RATE, None]),
    st.integers(1, 10_000),
    st.floats(-10, 1000),
    st.integers(-3, 10),
    st.floats(0, 1, exclude_max=True),
)
def test_no_wait_is_negative_or_longer_than_a_minute(
    error: CozeError | None, attempt: int, left: float, tries_left: int, chance: float
) -> None:
    assert 0.0 <= retry_delay(error, attempt, left=left, tries_left=tries_left, chance=chance) <= 60.0


class Loop:
    """Tenacity's loop on a clock that only its own sleep moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.tries = 0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        monkeypatch.setattr("coze_client.core.retry.random", lambda: 0.5)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def run(self, retry: Retry, failures: list[CozeError], again: Callable[[BaseException], bool]) -> str:
        async def attempt() -> str:
            self.tries += 1
            if failures:
                raise failures.pop(0)
            return "done"

        loop = retry_loop(retry, again, sleep=self.sleep)

        async def go() -> str:
            return await loop(attempt)

        return Blocking.run(go())


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    return Loop(monkeypatch)


def always(_: BaseException) -> bool:
    return True


def test_the_loop_tries_until_it_works(loop: Loop) -> None:
    assert loop.run(Retry(attempts=3), [LOST, LOST], always) == "done"
    assert (loop.tries, loop.slept) == (3, [0.25, 0.5])


def test_the_loop_gives_up_after_the_last_attempt_with_the_last_failure(loop: Loop) -> None:
    with pytest.raises(TimedOut):
        loop.run(Retry(attempts=2), [LOST, TimedOut("last"), LOST], always)
    assert loop.tries == 2


def test_the_loop_leaves_alone_what_does_not_pass(loop: Loop) -> None:
    with pytest.raises(ConnectionFailed):
        loop.run(Retry(attempts=9), [LOST], lambda _: False)
    assert (loop.tries, loop.slept) == (1, [])


def test_no_attempt_begins_after_the_deadline(loop: Loop) -> None:
    error_with_wait = error_for(None, "", status=429, retry_after=50.0)
    with pytest.raises(CozeError):
        loop.run(Retry(attempts=9, deadline=60.0), [error_with_wait] * 9, always)
    assert (loop.tries, loop.slept) == (2, [50.0])


def test_a_busy_conversation_is_waited_for_until_the_deadline_however_many_tries_that_takes(loop: Loop) -> None:
    assert loop.run(Retry(attempts=1, deadline=60.0), [BUSY] * 10, always) == "done"
    assert loop.tries == 11
    assert sum(loop.slept) <= 60.0


def test_a_busy_conversation_is_not_waited_for_longer_than_the_deadline(loop: Loop) -> None:
    with pytest.raises(CozeError):
        loop.run(Retry(deadline=10.0), [BUSY] * 100, always)
    assert 5.0 < sum(loop.slept) <= 10.0


def test_after_calls_per_minute_all_tries_fit_into_the_deadline(loop: Loop) -> None:
    assert loop.run(Retry(attempts=3, deadline=60.0), [RATE, RATE], always) == "done"
    assert sum(loop.slept) <= 60.0
