"""Which test runs which line: recorded once, and again for the test files that changed since."""

from __future__ import annotations

import difflib
import hashlib
import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coverage import CoverageData

from tests.mutants.contexts_plugin import OUTCOMES_VARIABLE
from tests.mutants.working_copy import PACKAGES, ROOT, environment, files, working_copy

FOLDER = ROOT / ".mutants"
_WITHOUT_COVERAGE = "tests/test_import_cost.py"  # coverage imports modules itself
_TESTS_OF_THIS = "tests/mutants/"


def digest(path: Path) -> str:
    """What a file's content is, in few characters."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def digests_of_tests() -> dict[str, str]:
    """The digest of each file of tests, without those of this tool and those that coverage would disturb."""
    names = [name for name in files() if name.startswith("tests/") and Path(name).name.startswith("test_")]
    return {
        name: digest(ROOT / name)
        for name in names
        if name.endswith(".py") and name != _WITHOUT_COVERAGE and not name.startswith(_TESTS_OF_THIS)
    }


@dataclass(frozen=True)
class Recording:
    """One run of some test files under coverage, with the packages as they were."""

    folder: Path

    @cached_property
    def digests(self) -> dict[str, str]:
        """The test files that were run."""
        found: dict[str, str] = json.loads((self.folder / "test_files.json").read_text(encoding="utf-8"))
        return found

    @cached_property
    def seconds(self) -> dict[str, float]:
        """How long each test took; tests that failed or were skipped are left out."""
        seconds: defaultdict[str, float] = defaultdict(float)
        unusable = set()
        for path in (self.folder / "outcomes").iterdir():
            for line in path.read_text(encoding="utf-8").splitlines():
                test, outcome, took = json.loads(line)
                seconds[test] += took
                if outcome != "passed":
                    unusable.add(test)
        return {test: took for test, took in seconds.items() if test not in unusable}

    def tests_by_line(self, file: str, now: str) -> dict[int, set[str]]:
        """The tests that run each line of a file whose text is `now`; lines that are new have none."""
        data = CoverageData(basename=str(self.folder / "coverage"))
        data.read()
        recorded = data.contexts_by_lineno(file)
        then = (self.folder / "packages" / file).read_text(encoding="utf-8")
        return {
            line: {context.split("|")[0] for context in recorded.get(old, ())} & self.seconds.keys()
            for line, old in _same_lines(now, then).items()
        }


@dataclass(frozen=True)
class Recordings:
    """All recordings, the newest last; a test file counts in the newest that ran it."""

    recordings: Sequence[Recording]

    @cached_property
    def newest(self) -> dict[str, Recording]:
        """The recording of each test file."""
        return {file: recording for recording in self.recordings for file in recording.digests}

    @cached_property
    def seconds(self) -> dict[str, float]:
        """How long each test took in the newest recording of its file."""
        return {
            test: took for each in self.recordings for test, took in each.seconds.items() if self._counts(test, each)
        }

    def tests_by_line(self, file: str) -> dict[int, set[str]]:
        """The tests that run each line of a file as it is now."""
        now = (ROOT / file).read_text(encoding="utf-8")
        found: defaultdict[int, set[str]] = defaultdict(set)
        for recording in self.recordings:
            for line, tests in recording.tests_by_line(file, now).items():
                found[line] |= {test for test in tests if self._counts(test, recording)}
        return found

    def outdated(self) -> list[str]:
        """The test files that are new or changed."""
        return [
            file
            for file, now in digests_of_tests().items()
            if file not in self.newest or self.newest[file].digests[file] != now
        ]

    def _counts(self, test: str, recording: Recording) -> bool:
        return self.newest.get(test.partition("::")[0]) is recording


def recorded() -> Recordings:
    """The recordings of earlier runs."""
    return Recordings([Recording(folder) for folder in sorted((FOLDER / "recordings").glob("*"))])


def record(test_files: Iterable[str], workers: str) -> None:
    """Run test files under coverage, in a copy of the working tree, and keep what each test runs."""
    digests = digests_of_tests()
    chosen = {file: digests[file] for file in sorted(test_files)}
    folder = FOLDER / "recordings" / f"{len(recorded().recordings):04}"
    with working_copy() as copy:
        unfinished = copy / "recording"
        (unfinished / "outcomes").mkdir(parents=True)
        (unfinished / "test_files.json").write_text(json.dumps(chosen), encoding="utf-8")
        for package in PACKAGES:
            shutil.copytree(copy / package, unfinished / "packages" / package)
        _run(copy, unfinished, chosen, workers)
        shutil.copytree(unfinished, folder)


def _run(copy: Path, into: Path, chosen: Iterable[str], workers: str) -> None:
    settings = copy / "tests" / "mutants" / "coverage.toml"
    variables = environment(
        copy,
        COVERAGE_PROCESS_START=str(settings),
        COVERAGE_FILE=str(into / "coverage"),
        **{OUTCOMES_VARIABLE: str(into / "outcomes")},
    )
    pytest = [sys.executable, "-m", "pytest", "-q", "-n", workers, "-p", "tests.mutants.contexts_plugin", *chosen]
    subprocess.run(pytest, cwd=copy, env=variables, check=False)  # tests that fail are not used
    del variables["COVERAGE_PROCESS_START"]
    combine = [sys.executable, "-m", "coverage", "combine", "--quiet", "--rcfile", str(settings)]
    subprocess.run(combine, cwd=copy, env=variables, check=True)


def _same_lines(now: str, then: str) -> dict[int, int]:
    """For each line of `now` that did not change, its number in `then`."""
    blocks = difflib.SequenceMatcher(None, then.splitlines(), now.splitlines(), autojunk=False).get_matching_blocks()
    return {block.b + at + 1: block.a + at + 1 for block in blocks for at in range(block.size)}
