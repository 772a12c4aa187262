"""The line of the user's code that a warning points at, however many frames of frameworks lie between."""

from __future__ import annotations

import sys

_INSIDE = frozenset(
    {"coze_client", "langchain_coze", "llama_index_coze"}
    | {"langchain", "langchain_classic", "langchain_core", "langgraph", "pydantic"}
    | {"llama_index", "llama_index_instrumentation", "workflows"}
    | {"asyncio", "concurrent", "contextlib", "functools", "threading"}
)
"""Packages whose lines tell the user nothing."""


def caller_level() -> int:
    """The ``stacklevel`` with which the calling function warns at the user's line.

    In a thread or a task that a framework starts, the user's line is not on the stack: then it is the line that started
    the event loop or, without one, the line that calls the calling function.
    """
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None:
        frame, level = frame.f_back, level + 1
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] not in _INSIDE:
            return level
    return 2
