"""What a server's text says: one sentence for an error, and the codes that stand inside it; pure.

coze-studio sends its internal text: ``code=N message=TEXT``, then a stack trace of kilobytes. None of it belongs into a
log or a prompt.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LONGEST_SENTENCE = 300
_LONGEST_RAW = 64 * 1024
_LONGEST_SCANNED = 8 * 1024

# Patterns are compiled (and kept by ``re``) when the first error needs them: all together they take milliseconds.
_CODE = r"\bcode=(-?[0-9]{1,18})[ ,]{1,3}message="
_TRACE = (
    r"(?i:\b(?:backtrace|stack(?:\s?trace)?)\s*[:=]|\bgoroutine [0-9]+ \[|Traceback \(most recent call last\)"
    r"|\n[ \t]{0,40}(?:at [\w.$<>]+\(|File \"|[\w./-]+\.(?:go|py|java|js|ts|rs):[0-9]+))"
)
_FRAME = r"(?i:0x[0-9a-f]+|\.(?:go|py|java|js|ts|rs):[0-9])"
_STOPS = r".!?;,\u3002\uff01\uff1f\uff1b\uff0c"  # Chinese ones, too
_CLAUSE = rf"[^{_STOPS}]+[{_STOPS}]*\s*|[{_STOPS}]+\s*"
_AGAIN = (
    r"(?i:\b(?:try|tries|retry|retries|retrying|again|later|resend|resubmit|repeat|once more)\b)"
    r"|重试|重新|稍后|稍候|再试|再次"
)
_NO_REASON = "The server reported an error without a reason"


class ServerText(NamedTuple):
    """A server's text. ``sentence``: what it says, on one line; ``codes``: those inside it; ``raw``: all of it."""

    sentence: str
    codes: tuple[int, ...]
    raw: str


def read_server_text(text: str) -> ServerText:
    """Read the codes in a text, and cut it to a sentence of at most 300 characters without a stack trace."""
    scanned = _beginning(text).replace("\\n", "\n").replace("\\t", "\t")
    marks = list(re.finditer(_CODE, scanned))
    said = _line_of(scanned, marks[-1].end()) if marks else _before_trace(scanned)
    codes = tuple(int(mark.group(1)) for mark in marks)
    return ServerText(_shorten(said), codes, text[:_LONGEST_RAW])


def _beginning(text: str) -> str:
    """At most 8 kB of a text, in whole lines if it has several."""
    if len(text) <= _LONGEST_SCANNED:
        return text
    start = text[:_LONGEST_SCANNED]
    return start.rpartition("\n")[0] or start


def without_advice(sentence: str) -> str:
    """A sentence without its clauses that advise to call again; these cost money after a start."""
    if not re.search(_AGAIN, sentence):
        return sentence
    kept = "".join(clause for clause in re.findall(_CLAUSE, sentence) if not re.search(_AGAIN, clause))
    return kept.rstrip(" ,;\uff0c\uff1b") or _NO_REASON


def _line_of(text: str, start: int) -> str:
    """The line from `start`; of an empty one, the text before its code."""
    line = _before_trace(text[start:].partition("\n")[0])
    return line if line.strip() else re.split(_CODE, _before_trace(text))[0]


def _before_trace(text: str) -> str:
    trace = re.search(_TRACE, text)
    if trace is None:
        return text
    before = text[: trace.start()].rstrip(" \n\t,;:")
    return before or _last_line(text[trace.start() :])


def _last_line(trace: str) -> str:
    """The last line of a trace that begins with it, as Python's do: the error itself."""
    lines = [line for line in trace.splitlines() if line.strip()]
    last = lines[-1] if len(lines) > 1 else ""
    return "" if last[:1].isspace() or re.search(_FRAME, last) else last


def _shorten(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    flat = " ".join(printable.split())
    if len(flat) <= _LONGEST_SENTENCE:
        return flat
    return flat[:_LONGEST_SENTENCE].rstrip() + "…"
