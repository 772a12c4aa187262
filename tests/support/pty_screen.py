"""A program in a pseudo-terminal: keys are typed, and the screen is read as a person sees it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping

import pexpect
import pyte
from typing_extensions import Self

_PATIENCE = 20.0
_WHERE_IS_THE_CURSOR = "\x1b[6n"


class PtyScreen:
    """Runs `python -m coze_client` in a terminal of this size; `written` is all that it wrote, with its codes."""

    def __init__(self, *arguments: str, columns: int = 80, rows: int = 24, **environment: str) -> None:
        self.written = ""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.screen)
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "coze_client", *arguments],
            env=_environment(environment),
            dimensions=(rows, columns),
            encoding="utf-8",
        )

    @property
    def lines(self) -> list[str]:
        """The lines of the screen that are not empty."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def press(self, keys: str, until: str) -> list[str]:
        """Press keys, and wait until a line of the screen contains `until`; returns its lines."""
        self._child.send(keys)
        return self.wait_for(until)

    def wait_for(self, text: str) -> list[str]:
        """Read until a line of the screen contains `text`; AssertionError with the screen if none ever does."""
        return self._wait(lambda: any(text in line for line in self.lines), text)

    def wait_for_prompt(self, text: str) -> None:
        """Read until the last line of the screen is `text`; AssertionError with the screen if it never is."""
        self._wait(lambda: self.lines[-1:] == [text], text)

    def _wait(self, is_there: Callable[[], bool], text: str) -> list[str]:
        end = time.monotonic() + _PATIENCE
        while not is_there():
            assert time.monotonic() < end, f"no {text!r} on the screen:\n" + "\n".join(self.lines)
            self._read()
        return self.lines

    def wait_for_end(self) -> int:
        """Read until the program ends; returns its exit code."""
        while self._read():
            pass
        self._child.close()
        return int(self._child.exitstatus or 0)

    def _read(self) -> bool:
        """Read what comes within a tenth of a second; False at the end."""
        try:
            data = self._child.read_nonblocking(65536, 0.1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.written += data
        self._stream.feed(data)
        if _WHERE_IS_THE_CURSOR in data:
            self._child.send(f"\x1b[{self.screen.cursor.y + 1};{self.screen.cursor.x + 1}R")
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.close(force=True)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    return {**inherited, "TERM": "xterm-256color", "PYTHONUTF8": "1", **given}
