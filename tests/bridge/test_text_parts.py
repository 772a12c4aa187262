"""A long text is cut into parts that can be spoken, where a speaker may pause."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client.bridge.sound.text_parts import split_text

TEXTS = st.text(st.sampled_from("ab .!,\n。é😀\ud800"), max_size=60)


@given(TEXTS, st.integers(4, 20))
def test_parts_fit_and_lose_nothing_but_white_space(text: str, most: int) -> None:
    parts = split_text(text, most)
    assert [part for part in parts if not part.strip() or len(part.encode(errors="replace")) > most] == []
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


@given(TEXTS)
def test_a_text_that_fits_stays_whole(text: str) -> None:
    assert split_text(text, 1_000) == ([text.strip()] if text.strip() else [])


@pytest.mark.parametrize(
    ("text", "most", "parts"),
    [
        ("One two seven.\n\nThree. Four", 24, ["One two seven.", "Three. Four"]),
        ("One two. Three four", 15, ["One two.", "Three four"]),
        ("One two, three four", 15, ["One two,", "three four"]),
        ("One two three", 8, ["One two", "three"]),
        ("One two three four", 14, ["One two three", "four"]),
        ("One a b. Three", 8, ["One a b.", "Three"]),
        ("你好。我很好", 12, ["你好。", "我很好"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("One two. Three", 8, ["One two.", "Three"]),
        ("A. bcdefgh ijk", 11, ["A. bcdefgh", "ijk"]),  # the pause is too early
    ],
)
def test_a_part_ends_at_the_longest_pause(text: str, most: int, parts: list[str]) -> None:
    assert split_text(text, most) == parts


def test_a_part_has_room_for_a_character() -> None:
    with pytest.raises(ValueError, match="4 or more"):
        split_text("a", 3)
