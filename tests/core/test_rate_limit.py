"""The policy of a rate limit: when calls start, whose turn it is, and how refusals slow all calls down."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import ConfigurationError, RateLimit, RateLimited, ServerError
from coze_client.core.pace_store import dump_pace, load_pace
from coze_client.core.rate_limit import (
    Pace,
    Worker,
    is_refusal,
    leave_place,
    pause_left,
    reserve_start,
    share_at,
    slow_down,
    take_place,
)

TWENTY = RateLimit(per_second=20)
THREE_PLACES = RateLimit(max_concurrency=3)

limits = st.builds(RateLimit, per_second=st.floats(0.1, 500), max_concurrency=st.none() | st.integers(1, 5))
times = st.floats(0, 1e9)


def starts(limit: RateLimit, pace: Pace, arrivals: list[float]) -> list[float]:
    """The times at which calls start that ask for a turn at these times."""
    found = []
    for now in arrivals:
        pace, start = reserve_start(limit, pace, now)
        found.append(max(start, now))
    return found


@given(limits, st.lists(times, min_size=2, max_size=50).map(sorted))
def test_no_second_has_more_starts_than_the_limit_and_one(limit: RateLimit, arrivals: list[float]) -> None:
    found = starts(limit, Pace(), arrivals)
    assert limit.per_second is not None
    most = limit.per_second * 1.02 + 1
    assert len(found) == len(arrivals)
    assert all(sum(begin <= each < begin + 1 for each in found) <= most + 1e-6 * begin for begin in found)


def test_calls_that_all_come_at_once_start_evenly_without_a_lost_moment() -> None:
    found = starts(TWENTY, Pace(), [100.0] * 300)
    assert {round(after - before, 9) for before, after in pairwise(found[1:])} == {0.05}
    assert found[-1] == pytest.approx(100 + 299 / 20, abs=0.03)


def test_a_start_that_came_late_is_caught_up_but_a_break_is_not() -> None:
    assert starts(TWENTY, Pace(), [0.0, 0.06, 0.07]) == pytest.approx([0.0, 0.06, 0.1], abs=0.021)
    found = starts(TWENTY, Pace(), [0.0, 50.0, 50.0, 50.0])
    assert found[2] - found[1] >= 0.05 - 0.021
    assert found[3] - found[2] == pytest.approx(0.05)


@given(limits, times)
def test_a_clock_that_was_set_back_stops_nobody_for_ever(limit: RateLimit, now: float) -> None:
    pace = Pace(next_start=now + 1e9, since=now + 1e9, paused_until=now + 1e9, share=0.5)
    _, start = reserve_start(limit, pace, now)
    assert start - now <= max(3600.0, 1000 / ((limit.per_second or 1) * 0.5)) * 1.01 + 1


def refused(limit: RateLimit, pace: Pace, now: float, began: float, pause: float | None = None) -> Pace:
    return slow_down(limit, pace, now, began=began, pause=pause)


def test_a_refusal_makes_all_calls_slower_and_time_makes_them_faster_again() -> None:
    pace = refused(TWENTY, Pace(), 100.0, began=99.9)
    assert share_at(pace, 100.0) == pytest.approx(0.8)
    assert starts(TWENTY, pace, [100.0] * 3)[2] == pytest.approx(100 + 2 / 16, abs=0.03)
    assert [share_at(pace, 100.0 + later) for later in (0.5, 1.0, 60.0)] == pytest.approx([0.9, 1.0, 1.0])


def test_calls_that_were_on_their_way_at_a_refusal_slow_nothing_down_again() -> None:
    once = refused(TWENTY, Pace(), 100.0, began=99.9)
    assert refused(TWENTY, once, 100.1, began=99.95).share == once.share
    assert refused(TWENTY, once, 100.1, began=100.05).share < once.share


@given(st.lists(st.floats(0, 1), max_size=100))
def test_refusals_never_stop_all_calls(gaps: list[float]) -> None:
    pace, now = Pace(), 100.0
    for gap in gaps:
        now += gap
        pace = refused(TWENTY, pace, now, began=now)
    assert 1 / 64 <= share_at(pace, now) <= 1
    assert starts(TWENTY, pace, [now])[0] <= now + 64 / 20


@pytest.mark.parametrize(("pause", "seconds"), [(None, 0.0), (0.0, 0.0), (7.0, 7.0), (1e9, 3600.0)])
def test_all_calls_pause_as_long_as_the_server_asks(pause: float | None, seconds: float) -> None:
    pace = refused(TWENTY, Pace(), 100.0, began=100.0, pause=pause)
    assert pause_left(pace, 100.0) == seconds
    assert starts(TWENTY, pace, [100.0])[0] >= 100 + seconds
    assert pause_left(refused(TWENTY, pace, 100.0, began=99.0, pause=1.0), 100.0) == max(seconds, 1.0)


def test_a_limit_without_a_rate_pauses_for_a_second() -> None:
    pace = refused(THREE_PLACES, Pace(), 100.0, began=100.0)
    assert starts(THREE_PLACES, pace, [100.0, 101.5]) == [101.0, 101.5]


def test_fewer_calls_run_at_once_after_refusals() -> None:
    limit, pace = RateLimit(max_concurrency=10), Pace()
    for _ in range(5):
        pace = refused(limit, pace, 100.0, began=100.0)
    places = 0
    while True:
        pace, taken = take_place(limit, pace, 100.0, "a")
        if not taken:
            break
        places += 1
    assert places == 3


class Processes:
    """Processes that take and leave places, with the clock of the test."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit, self.pace, self.now = limit, Pace(), 100.0

    def take(self, name: str) -> bool:
        self.pace, taken = take_place(self.limit, self.pace, self.now, name)
        return taken

    def leave(self, name: str, ended: int = 1) -> None:
        self.pace = leave_place(self.pace, self.now, name, ended=ended)


def test_places_are_no_more_than_the_limit_whoever_takes_them() -> None:
    processes = Processes(THREE_PLACES)
    assert [processes.take(name) for name in "abac"] == [True, True, True, False]
    processes.leave("b")
    assert processes.take("c")
    assert not processes.take("b")


def test_a_place_that_becomes_free_goes_to_the_process_with_the_fewest_calls() -> None:
    processes = Processes(THREE_PLACES)
    assert [processes.take(name) for name in "aaab"] == [True, True, True, False]
    processes.leave("a")
    assert not processes.take("a")
    assert processes.take("b")
    processes.leave("a")
    assert processes.take("a")


def test_a_process_that_gave_up_waiting_keeps_no_place() -> None:
    processes = Processes(THREE_PLACES)
    assert [processes.take(name) for name in "aaab"] == [True, True, True, False]
    processes.leave("b", ended=0)
    processes.leave("a")
    assert processes.take("a")


def test_a_process_that_died_loses_its_places_within_seconds_and_one_that_lives_does_not() -> None:
    processes = Processes(THREE_PLACES)
    assert [processes.take(name) for name in "abb"] == [True, True, True]
    processes.now += 4.0
    processes.leave("a", ended=0)  # a sign of life
    processes.now += 2.0
    assert [processes.take("c") for _ in range(3)] == [True, True, False]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_places_are_counted_right_after_any_calls(steps: list[tuple[str, bool]]) -> None:
    processes, running = Processes(THREE_PLACES), dict.fromkeys("abc", 0)
    for name, takes in steps:
        if takes:
            running[name] += processes.take(name)
        elif running[name]:
            processes.leave(name)
            running[name] -= 1
        assert sum(running.values()) <= 3
        assert {each: worker.running for each, worker in processes.pace.workers.items() if worker.running} == {
            each: count for each, count in running.items() if count
        }


@given(
    st.builds(
        Pace,
        times,
        st.floats(0, 1),
        times,
        times,
        st.dictionaries(st.text(), st.builds(Worker, st.integers(0, 9), st.booleans(), times)),
    )
)
def test_a_stored_pace_is_the_same(pace: Pace) -> None:
    assert load_pace(dump_pace(pace)) == pace


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", "{}", '{"next_start": "x", "workers": {}}', '{"workers": {"a": [1]}}', "\x00", "[" * 999],
)
def test_a_damaged_store_begins_anew(text: str) -> None:
    assert load_pace(text) == Pace()
    assert load_pace(json.dumps({"next_start": 7, "workers": {}})) == Pace(next_start=7)


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (RateLimited("", code=4009), True),
        (RateLimited("", status=429), True),
        (ServerError("", code=4013), False),
        (ServerError("", status=503), False),
        (ValueError(), False),
        (None, False),
    ],
)
def test_only_refusals_of_too_many_calls_slow_down(error: BaseException | None, refusal: bool) -> None:
    assert is_refusal(error) is refusal


@pytest.mark.parametrize(
    ("create", "text"),
    [
        (RateLimit, "per_second or max_concurrency"),
        (partial(RateLimit, per_second=0), "per_second must be more than 0"),
        (partial(RateLimit, per_second=-1), "per_second must be more than 0"),
        (partial(RateLimit, per_second=float("nan")), "per_second must be more than 0"),
        (partial(RateLimit, per_second=float("inf")), "per_second must be more than 0"),
        (partial(RateLimit, max_concurrency=0), "max_concurrency must be 1 or more"),
        (partial(RateLimit, 1, max_waiting=-1), "max_waiting must be 0 or more"),
        (partial(RateLimit, 1, path="a", redis="b"), "not both"),
    ],
)
def test_a_limit_that_lets_nothing_start_is_refused(create: Callable[[], RateLimit], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        create()


def test_a_limit_shows_no_password() -> None:
    limit = RateLimit(2, 3, redis="redis://:secret@host/0")
    assert "secret" not in f"{limit!r} {limit}"
    assert str(limit) == "2 a second, 3 at once"
