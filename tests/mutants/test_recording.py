"""Which test runs which line, after files have changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from coverage import CoverageData

from tests.mutants import recording
from tests.mutants.recording import Recording, Recordings

OLD, NEW = "tests/test_old.py::a", "tests/test_new.py::b"


def make(folder: Path, lines: dict[str, list[int]], source: str, outcomes: list[tuple[str, str, float]]) -> Recording:
    """A recording of a module `p/a.py`: the lines that each test ran."""
    (folder / "outcomes").mkdir(parents=True)
    (folder / "packages" / "p").mkdir(parents=True)
    (folder / "packages" / "p" / "a.py").write_text(source, encoding="utf-8")
    (folder / "test_files.json").write_text(json.dumps({test.partition("::")[0]: "1" for test in lines}), "utf-8")
    text = "".join(json.dumps(outcome) + "\n" for outcome in outcomes)
    (folder / "outcomes" / "1.jsonl").write_text(text, encoding="utf-8")
    data = CoverageData(basename=str(folder / "coverage"))
    for test, numbers in lines.items():
        data.set_context(test)
        data.add_lines({"p/a.py": numbers})
    data.write()
    return Recording(folder)


def test_lines_that_moved_keep_their_tests_and_the_newest_recording_of_a_test_file_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [(test, "passed", 0.5) for test in (OLD, NEW, OLD)]
    first = make(tmp_path / "0", {OLD: [1, 2], NEW: [1, 2]}, "a = 1\nb = 2\n", passed)
    second = make(tmp_path / "1", {NEW: [3]}, "new = 0\na = 1\nb = 2\n", [(NEW, "passed", 0.25)])
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.py").write_text("new = 0\na = 1\nother = 5\nb = 2\n", encoding="utf-8")
    monkeypatch.setattr(recording, "ROOT", tmp_path)
    both = Recordings([first, second])
    found = {line: tests for line, tests in both.tests_by_line("p/a.py").items() if tests}
    assert found == {2: {OLD}, 4: {OLD, NEW}}
    assert both.seconds == {OLD: 1.0, NEW: 0.25}


def test_tests_that_failed_are_not_used(tmp_path: Path) -> None:
    outcomes = [(OLD, "passed", 1.0), (OLD, "failed", 1.0), (NEW, "passed", 1.0)]
    made = make(tmp_path, {OLD: [1], NEW: [1]}, "a = 1\n", outcomes)
    assert made.seconds == {NEW: 1.0}
    assert made.tests_by_line("p/a.py", "a = 1\n") == {1: {NEW}}


def test_a_test_file_is_outdated_once_its_content_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Recordings([make(tmp_path, {OLD: [1], NEW: [1]}, "a = 1\n", [])])
    now = {"tests/test_old.py": "1", "tests/test_new.py": "2", "tests/test_other.py": "1"}
    monkeypatch.setattr(recording, "digests_of_tests", lambda: now)
    assert made.outdated() == ["tests/test_new.py", "tests/test_other.py"]
