"""Markdown that is shown block by block while it arrives is the same as the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from coze_client.cli.markdown_blocks import end_of_finished
from tests.support.markdown import documents


def parts_of(text: str, step: int) -> list[str]:
    """The finished parts of a text that arrives `step` characters at a time, and the rest."""
    parts, rest = [], ""
    for start in range(0, len(text), step):
        rest += text[start : start + step]
        if end := end_of_finished(rest):
            parts.append(rest[:end])
            rest = rest[end:]
    return [*parts, rest]


@given(documents, st.integers(1, 9))
def test_the_blocks_of_a_text_that_arrives_in_pieces_are_those_of_the_whole(text: str, step: int) -> None:
    parts = parts_of(text, step)
    render = MarkdownIt().enable("table").render
    assert "".join(parts) == text
    assert "".join(map(render, parts)) == render(text)


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("one", ""),
        ("one\n\n", ""),
        ("one\n\ntwo", "one\n\n"),
        ("one\n\n1", ""),
        ("one\n\n123456789.", ""),
        ("one\n\n1234567890.", "one\n\n"),
        ("one\n\n1. two\n\n", ""),
        ("```\na\n\nb", ""),
        ("```\na\n\nb\n```\n\nc", "```\na\n\nb\n```\n\n"),
        ("- a\n\n  b\n\nc", "- a\n\n  b\n\n"),
    ],
)
def test_only_what_nothing_can_change_any_more_is_finished(text: str, finished: str) -> None:
    assert text[: end_of_finished(text)] == finished
