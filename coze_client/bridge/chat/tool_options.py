"""Options about tools that other models take and a bot does not, because its own settings decide; pure."""

from __future__ import annotations

from collections.abc import Mapping

_FREE: Mapping[str, tuple[object, ...]] = {
    "tool_choice": (None, "auto", False),
    "strict": (None, False),
    "parallel_tool_calls": (None, True),
}
TOOL_OPTIONS = frozenset(_FREE)
"""Their names; they are never sent."""


def without_effect(options: Mapping[str, object]) -> set[str]:
    """The names of the given `options` that ask for something else than what a bot does anyway."""
    return {name for name, usual in _FREE.items() if name in options and options[name] not in usual}
