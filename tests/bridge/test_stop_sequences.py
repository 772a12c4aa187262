"""Stop sequences: the answer is cut at the first one, however it is split."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client.bridge.chat.stop_sequences import StopFilter

TEXTS = st.text("ab", max_size=12)


def let_through(pieces: list[str], stop: list[str]) -> list[str]:
    cut = StopFilter(stop)
    return [*map(cut.feed, pieces), cut.finish()]


@given(st.lists(TEXTS), st.lists(st.text("ab", min_size=1, max_size=4), max_size=3))
def test_what_comes_through_does_not_depend_on_the_pieces(pieces: list[str], stop: list[str]) -> None:
    text = "".join(pieces)
    ends = [found.start() for each in stop if (found := re.search(each, text))]
    assert "".join(let_through(pieces, stop)) == text[: min(ends, default=len(text))]


def test_only_what_may_begin_a_stop_sequence_is_held_back() -> None:
    assert let_through(["one <", "b> two <s", "top> three"], ["<stop>"]) == ["one ", "<b> two ", "", ""]


def test_a_beginning_that_comes_to_nothing_is_let_through_at_the_end() -> None:
    assert let_through(["one <st"], ["<stop>"]) == ["one ", "<st"]


@pytest.mark.parametrize("stop", [[], [""]])
def test_without_a_stop_sequence_everything_passes(stop: list[str]) -> None:
    assert let_through(["one", " two"], stop) == ["one", " two", ""]


def test_it_reports_when_it_was_reached() -> None:
    cut = StopFilter(["!"])
    cut.feed("one")
    assert not cut.reached
    cut.feed("!")
    assert cut.reached
