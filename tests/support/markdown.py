"""Markdown documents of every kind of block, for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

BLOCKS = (
    "A paragraph\nof two lines",
    "# A heading",
    "- one\n\n- two\n\n  still two",
    "1. one\n2. two",
    "```python\nx = 1\n\n\ny = 2\n```",
    "~~~\n```\n\n~~~",
    "> quoted\n\n> again",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "-5 degrees, no list",
    "2026 was a year",
    "第一段\n第二行",
    "---",
)
documents = st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=6).map("\n\n".join)
