"""The trial of a mutant: its file is written into the copy, and tests run until one fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from types import TracebackType

import pytest
from typing_extensions import Self

from tests.mutants.mutants import Mutant
from tests.mutants.working_copy import environment

FRAMEWORKS = (
    "aiohttp",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "docx",
    "httpx_aiohttp",
    "hypothesis",
    "jwt",
    "langchain.agents",
    "langchain_core.language_models",
    "langchain_tests.integration_tests",
    "langgraph.graph",
    "langsmith.client",
    "llama_index.core",
    "pypdf",
    "python_multipart",
    "starlette.applications",
    "tenacity",
    "uvicorn",
)
START = 60  # seconds that a run may take besides its tests
_SLOWER = 8  # how many times longer than recorded it may take
_ONE_TEST = 30  # seconds
_NOTICED_NOTHING = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)  # the latter if an edit renames tests


class Verdict(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMEOUT = "timeout"  # killed, since tests waited for ever
    SURVIVED = "survived"
    NOT_RUN = "no test runs it"


@dataclass(frozen=True)
class Outcome:
    """A verdict, and the test that failed first; "" if it was none, such as when the packages cannot be imported."""

    verdict: Verdict
    test: str = ""
    tests: int = 0  # how many tests were given

    @property
    def is_killed(self) -> bool:
        """Whether a test noticed the edit."""
        return self.verdict in (Verdict.KILLED, Verdict.TIMEOUT)


class Runner:
    """Runs tests in a copy of the working tree, by a process that has imported the frameworks already."""

    def __init__(self, copy: Path, seconds: Mapping[str, float], frameworks: Sequence[str] = FRAMEWORKS) -> None:
        self._copy = copy
        self._seconds = seconds
        self._edits = 0
        self._patience = 1  # doubled whenever tests without an edit take too long
        command = [sys.executable, "-m", "tests.mutants.warm", *frameworks]
        self._process = subprocess.Popen(
            command, cwd=copy, env=environment(copy), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def failing(self, tests: Sequence[str]) -> set[str]:
        """Those of the tests that fail although nothing was edited; `RuntimeError` if they cannot be run at all."""
        while (run := self._run(tests, []))[0] is None:
            self._patience *= 2
        if run[0] not in (0, 1):
            raise RuntimeError(f"The tests do not run in the copy {self._copy}: pytest ended with {run[0]}.")
        return set(run[1])

    def try_out(self, mutant: Mutant, stages: Sequence[Sequence[str]]) -> Outcome:
        """Run one list of tests after the other, until one fails, or takes too long, that does not without the edit."""
        while True:
            patience, outcome = self._patience, self._first_failure(mutant, stages)
            flawed = self.failing(suspects) if (suspects := _suspects(outcome, stages)) else set()
            if not flawed and self._patience == patience:
                return outcome
            stages = [[test for test in stage if test not in flawed] for stage in stages]

    def _first_failure(self, mutant: Mutant, stages: Sequence[Sequence[str]]) -> Outcome:
        given = 0
        with self._edited(mutant):
            for tests in filter(None, stages):
                given += len(tests)
                exit_code, failed = self._run(tests, ["--exitfirst"])
                if exit_code not in _NOTICED_NOTHING:
                    verdict = Verdict.TIMEOUT if exit_code is None else Verdict.KILLED
                    return Outcome(verdict, failed[0] if failed else "", given)
        return Outcome(Verdict.SURVIVED if given else Verdict.NOT_RUN, tests=given)

    def _run(self, tests: Sequence[str], options: list[str]) -> tuple[int | None, list[str]]:
        assert self._process.stdin
        assert self._process.stdout
        slowness = self._patience * _crowding()
        limit = slowness * (START + _SLOWER * sum(self._seconds[test] for test in tests))
        run = {"tests": tests, "options": [*options, f"--timeout={slowness * _ONE_TEST}"], "limit": limit}
        self._process.stdin.write(json.dumps(run) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["exit"], answer["failed"]

    @contextmanager
    def _edited(self, mutant: Mutant) -> Iterator[None]:
        """Write the mutant, each with a time of its own: Python takes compiled files by time and size."""
        path = self._copy / mutant.file
        written = path.stat()
        self._edits += 1
        path.write_text(mutant.code, encoding="utf-8")
        os.utime(path, (written.st_atime, written.st_mtime + self._edits))
        yield
        path.write_text(mutant.module.code, encoding="utf-8")
        os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))


def _crowding() -> float:
    """How many processes share a processor now; at least one."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _suspects(outcome: Outcome, stages: Sequence[Sequence[str]]) -> list[str]:
    """The tests that may have failed, or taken too long, because of the machine."""
    if outcome.test:
        return [outcome.test]
    return list(chain(*stages))[: outcome.tests] if outcome.verdict is Verdict.TIMEOUT else []
