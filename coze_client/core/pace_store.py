"""Where the pace of a rate limit lies: in memory for one process, in a file for all processes of a machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic, time
from typing import Any, Protocol, TypeVar, cast

from coze_client.core.file_lock import FileLock
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.core.json_text import load_json
from coze_client.core.rate_limit import Pace, Worker
from coze_client.errors import ConfigurationError

T = TypeVar("T")
Step = Callable[[Pace, float], tuple[Pace, T]]
"""From a pace and the time to the next pace and a result; it may be called more than once."""


class PaceStore(Protocol):
    """Keeps one pace, which each step replaces as a whole."""

    def update(self, step: Step[T]) -> T:
        """Replace the pace by that of `step` and return its result; raises CozeError if the store cannot be used.

        All users of a store see the same clock.
        """
        ...


class MemoryPace:
    """A pace in memory."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._lock = ForkSafeLock()

    def update(self, step: Step[T]) -> T:
        with self._lock:
            self._pace, result = step(self._pace, monotonic())
        return result


class FilePace:
    """A pace in a small JSON file that only its owner can read; a damaged file begins anew."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def update(self, step: Step[T]) -> T:
        try:
            with FileLock(self._path, wait=True) as file:
                before = load_pace(file.read())
                pace, result = step(before, time())
                if pace is not before:
                    file.seek(0)
                    file.truncate()
                    file.write(dump_pace(pace).encode())
        except OSError as error:
            raise ConfigurationError(
                f"The file of the rate limit cannot be used: {error.strerror}: {self._path}",
                cure="Give RateLimit a path that this process may write to",
            ) from error
        return result


def dump_pace(pace: Pace) -> str:
    """The pace as JSON text."""
    return json.dumps({**vars(pace), "workers": dict(pace.workers)})


def load_pace(text: str | bytes) -> Pace:
    """The pace of a JSON text; a new one if the text is damaged, for example by a crash while it was written."""
    try:
        stored = cast("dict[str, Any]", load_json(text))
        workers = {str(name): Worker(int(a), bool(b), float(c)) for name, (a, b, c) in stored.pop("workers").items()}
        return Pace(**{name: float(value) for name, value in stored.items()}, workers=workers)
    except (AttributeError, KeyError, TypeError, ValueError):
        return Pace()
