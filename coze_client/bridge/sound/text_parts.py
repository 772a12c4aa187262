"""Cuts a text that is too long for one speech: at the end of a paragraph, sentence or word; pure."""

from __future__ import annotations

import re

_ENDS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"(?<=[.!?])\s+|(?<=[。！？…])\s*|\n"),  # noqa: RUF001 - Chinese marks
    re.compile(r"(?<=[,;:])\s+|(?<=[，；：、])"),  # noqa: RUF001 - Chinese marks
    re.compile(r"\s+"),
)
"""Where a speaker may pause, the longest pause first."""


def split_text(text: str, most: int) -> list[str]:
    """The parts of a text, none longer than `most` bytes in UTF-8, and none empty.

    Each part is as long as it can be, but ends at the longest pause within its second half. White space around a part
    is left out, nothing else; a word of more than `most` bytes is cut between characters. Raises ValueError if a
    single character does not fit.
    """
    if most < 4:  # bytes of the longest character
        raise ValueError(f"most must be 4 or more, not {most}")
    parts, rest = list[str](), text.strip()
    while len(rest) > most or len(rest.encode(errors="replace")) > most:
        end = _end_of_part(rest[: most + 1], most)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*parts, rest] if rest else parts


def _end_of_part(text: str, most: int) -> int:
    """How many characters the next part takes of the `text` that begins with it, trailing white space included."""
    fits = len(text.encode(errors="replace")[:most].decode(errors="ignore"))
    for pattern in _ENDS:
        ends = [found.end() for found in pattern.finditer(text, fits // 2, fits + 1)]
        if allowed := [end for end in ends if 0 < len(text[:end].rstrip()) <= fits]:
            return allowed[-1]
    return fits
