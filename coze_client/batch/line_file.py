"""A file of JSON lines that grows: what was written in the same 10 ms is flushed to the disk together."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

from coze_client.errors import ConfigurationError

_TOGETHER_SECONDS = 0.01


class LineFile:
    """Appends JSON lines to a file, from any thread or event loop; ``close`` writes what still waits.

    A future of ``append`` is done once its line is on the disk (fsync). After an error nothing more is written, and
    every further ``append`` raises that OSError: a line behind half a line could not be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self._waiting: list[tuple[bytes, Future[None]]] = []
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._error: OSError | None = None
        self._writer = threading.Thread(target=self._write_all, name="coze-batch", daemon=True)
        self._writer.start()

    def append(self, line: Mapping[str, object]) -> Future[None]:
        """Append a line of JSON values; returns at once. Raises OSError if an earlier line could not be written."""
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        written: Future[None] = Future()
        written.set_running_or_notify_cancel()  # a cancelled waiter must not cancel the line
        with self._changed:
            if self._error:
                raise self._error
            self._waiting.append((data, written))
            self._changed.notify()
        return written

    def close(self) -> None:
        """Write what still waits and close the file; raises OSError if a line could not be written."""
        self._closing.set()
        with self._changed:
            self._changed.notify()
        self._writer.join()
        os.close(self._file)
        if self._error:
            raise self._error

    def _write_all(self) -> None:
        while lines := self._next_lines():
            try:
                _write(self._file, b"".join(data for data, _ in lines))
            except OSError as error:
                self._fail(lines, error)
                return
            for _, written in lines:
                written.set_result(None)

    def _next_lines(self) -> list[tuple[bytes, Future[None]]]:
        """Wait for lines; none once the file is being closed and all are written."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
        self._closing.wait(_TOGETHER_SECONDS)
        with self._changed:
            lines, self._waiting = self._waiting, []
        return lines

    def _fail(self, lines: list[tuple[bytes, Future[None]]], error: OSError) -> None:
        with self._changed:
            self._error = error
            lines, self._waiting = [*lines, *self._waiting], []
        for _, written in lines:
            written.set_exception(error)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
    os.fsync(file)


def read_lines(path: Path) -> Iterator[dict[str, object]]:
    """The lines of a file that one process at a time writes; then cut off an unfinished end.

    A process that was killed, or a power cut, leaves an end that is no line: nobody was told that it was written.
    Raises ConfigurationError for a damaged line that others follow. A file that does not exist has no lines.
    """
    if not path.exists():
        return
    damaged: int | None = None  # the place of the first line that cannot be read
    with path.open("r+b") as file:
        place = 0
        for number, line in enumerate(file, 1):
            found = _parse(line)
            if found is None:
                damaged = place if damaged is None else damaged
            elif damaged is not None:
                raise ConfigurationError(
                    f"{path} is damaged before line {number}", cure="Restore the file, or begin a new batch elsewhere"
                )
            else:
                yield found
            place += len(line)
        if damaged is not None:
            file.truncate(damaged)


def _parse(line: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
