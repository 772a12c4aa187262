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
from pathlib import Path
from types import TracebackType

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
        exit_code, failed = self._run(tests, [])
        if exit_code not in (0, 1):
            raise RuntimeError(f"The tests do not run in the copy {self._copy}: pytest ended with {exit_code}.")
        return set(failed)

    def try_out(self, mutant: Mutant, stages: Sequence[Sequence[str]]) -> Outcome:
        """Run one list of tests after the other, until a test fails that passes without the edit."""
        outcome = self._first_failure(mutant, stages)
        while outcome.test and outcome.test in self.failing([outcome.test]):
            stages = [[test for test in stage if test != outcome.test] for stage in stages]
            outcome = self._first_failure(mutant, stages)
        return outcome

    def _first_failure(self, mutant: Mutant, stages: Sequence[Sequence[str]]) -> Outcome:
        given = 0
        with self._edited(mutant):
            for tests in filter(None, stages):
                given += len(tests)
                exit_code, failed = self._run(tests, ["--exitfirst"])
                if exit_code != 0:
                    verdict = Verdict.TIMEOUT if exit_code is None else Verdict.KILLED
                    return Outcome(verdict, failed[0] if failed else "", given)
        return Outcome(Verdict.SURVIVED if given else Verdict.NOT_RUN, tests=given)

    def _run(self, tests: Sequence[str], options: list[str]) -> tuple[int | None, list[str]]:
        assert self._process.stdin
        assert self._process.stdout
        limit = START + _SLOWER * sum(self._seconds[test] for test in tests)
        run = {"tests": tests, "options": [*options, f"--timeout={_ONE_TEST}"], "limit": limit}
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
