"""A process that has imported the frameworks (its arguments), and forks a child for each run of tests.

Each line that it reads is a run: JSON of `tests`, `options` of pytest and `limit`, in seconds. It answers with a line
of JSON: `exit`, pytest's exit code or null for a run that was killed at its limit, and `failed`, the tests that failed.
The packages are imported by the children alone.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

_MEMORY = 6 * 1024**3  # bytes of a child; a mutant may never stop growing


class _Chosen:
    """Runs the chosen tests alone, in their order, and reports those that fail."""

    def __init__(self, tests: Sequence[str], failed: Path) -> None:
        self._order = {test: place for place, test in enumerate(tests)}
        self._failed = failed

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (each for each in items if each.nodeid in self._order), key=lambda each: self._order[each.nodeid]
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            with self._failed.open("a", encoding="utf-8") as file:
                file.write(f"{report.nodeid}\n")


def _run_in_child(tests: Sequence[str], options: Sequence[str], failed: Path) -> int:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    return int(pytest.main(["-q", "--no-header", *options, *files], plugins=[_Chosen(tests, failed)]))


def _wait(child: int, limit: float) -> int | None:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _kill_what_is_left(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def run(tests: Sequence[str], options: Sequence[str], limit: float) -> dict[str, object]:
    """Run tests in a forked child; at most `limit` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        failed = Path(folder) / "failed"
        failed.touch()
        child = os.fork()
        if child == 0:
            code = 3  # as pytest's for an error of its own
            try:
                code = _run_in_child(tests, options, failed)
            finally:
                os._exit(code)
        exit_code = _wait(child, limit)
        _kill_what_is_left(child)
        return {"exit": exit_code, "failed": list(dict.fromkeys(failed.read_text(encoding="utf-8").splitlines()))}


def main() -> None:
    """Import the modules that are named as arguments, then serve until the input ends."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
