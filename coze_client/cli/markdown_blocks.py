"""Where the finished part of a Markdown text that still grows ends; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_LIST = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_LONGEST_MARKER = 11  # characters of the mark of a list's item, with the space after it


def end_of_finished(text: str) -> int:
    """The length of the part of `text` that nothing to come can change: its blocks but the last.

    A block ends at a blank line before a line that is neither indented nor an item of a list, outside of fenced code.
    """
    end, fence, after_blank = 0, "", False
    for start, line in _lines(text):
        if not fence and after_blank and _begins_block(line):
            end = start
        fence = _fence_after(line, fence)
        after_blank = not line.strip()
    return end


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, line
        start += len(line)


def _begins_block(line: str) -> bool:
    """True for a line that goes on with no block before it; False while it is too short to tell."""
    if not line.strip() or line[0].isspace() or _LIST.match(line):
        return False
    may_be_marker = line[0] in "-*+" or line[0].isdigit()
    return not may_be_marker or line.endswith("\n") or len(line) >= _LONGEST_MARKER


def _fence_after(line: str, fence: str) -> str:
    """The fence of the code that is open after a line; "" if none is."""
    found = _FENCE.match(line)
    if not found:
        return fence
    mark, rest = found[1], found[2].strip()
    if not fence:
        return mark
    return "" if mark[0] == fence[0] and len(mark) >= len(fence) and not rest else fence
