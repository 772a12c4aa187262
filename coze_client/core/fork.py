"""Which process something belongs to: connections, chats and locks of a parent are not its forked child's to end."""

from __future__ import annotations

import os


class _Generation:
    """How many forks led to this process; comparing it costs less than asking for the process id."""

    number = 0


def generation() -> int:
    """The generation of this process. A forked child has another one than its parent."""
    return _Generation.number


def _count() -> None:
    _Generation.number += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count)
