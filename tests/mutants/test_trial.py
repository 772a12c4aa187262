"""A trial: tests run in a forked process, on an edited copy, and what is remembered of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.mutants import trial
from tests.mutants.mutants import Mutant, mutants_of
from tests.mutants.results import Results
from tests.mutants.trial import Outcome, Runner, Verdict
from tests.mutants.working_copy import ROOT

CODE = "def half(x):\n    while x % 2:\n        x += 1\n    return x // 2\n"
TESTS = """
from small import half
def test_of_even(): assert half(4) == 2
def test_of_odd(): assert half(5) == 3
def test_of_nothing(): pass
def test_of_the_machine(): assert 0
"""
NAMES = ("even", "odd", "nothing", "the_machine")
EVEN, ODD, NOTHING, MACHINE = (f"test_small.py::test_of_{name}" for name in NAMES)


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    """A runner on a package of one file."""
    (tmp_path / "small.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "test_small.py").write_text(TESTS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they need a second for each run
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_timeout")
    with Runner(tmp_path, defaultdict(float), frameworks=()) as runner:
        yield runner


def mutant(change: str) -> Mutant:
    return next(each for each in mutants_of("small.py", CODE) if each.is_edit and each.change[-1] == f"+ {change}")


def test_the_first_test_that_fails_kills_a_mutant_and_the_next_finds_the_file_as_it_was(runner: Runner) -> None:
    slip = mutant("return x // 3")
    assert runner.try_out(slip, [[NOTHING], [ODD, EVEN]]) == Outcome(Verdict.KILLED, ODD, 3)
    assert runner.try_out(slip, [[EVEN, ODD]]) == Outcome(Verdict.KILLED, EVEN, 2)
    assert runner.try_out(slip, [[NOTHING], []]) == Outcome(Verdict.SURVIVED, "", 1)
    assert runner.try_out(slip, [[], []]) == Outcome(Verdict.NOT_RUN)
    assert runner.failing([EVEN, ODD, NOTHING]) == set()
    assert runner.try_out(mutant("x -= 1"), [[EVEN, NOTHING]]).verdict is Verdict.SURVIVED


def test_a_test_that_fails_without_the_edit_too_kills_nothing(runner: Runner) -> None:
    slip = mutant("return x // 3")
    assert runner.failing([EVEN, MACHINE]) == {MACHINE}
    assert runner.try_out(slip, [[MACHINE, NOTHING]]) == Outcome(Verdict.SURVIVED, "", 1)
    assert runner.try_out(slip, [[MACHINE], [ODD]]) == Outcome(Verdict.KILLED, ODD, 1)


def test_a_mutant_with_which_a_test_never_ends_is_killed_by_time(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "START", 0.5)
    assert runner.try_out(mutant("x = 1"), [[ODD, EVEN]]) == Outcome(Verdict.TIMEOUT, "", 2)


def test_a_machine_on_which_tests_take_too_long_without_the_edit_too_kills_nothing(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner._run

    def run_slowly(tests: Sequence[str], options: list[str]) -> tuple[int | None, list[str]]:
        return run(tests, options) if runner._patience >= 4 else (None, [])

    monkeypatch.setattr(runner, "_run", run_slowly)
    assert runner.try_out(mutant("x -= 1"), [[EVEN, NOTHING]]) == Outcome(Verdict.SURVIVED, "", 2)
    assert runner.try_out(mutant("return x // 3"), [[NOTHING], [ODD]]) == Outcome(Verdict.KILLED, ODD, 2)


def test_an_edit_after_which_the_tests_have_other_names_is_not_noticed(runner: Runner) -> None:
    assert runner.try_out(mutant("return x // 3"), [["test_small.py::test_of_naught"]]).verdict is Verdict.SURVIVED


def test_a_result_is_remembered_until_its_file_or_its_test_changes(tmp_path: Path) -> None:
    slip, digests = mutant("return x // 3"), {"test_small.py": "1", "test_other.py": "1"}
    killed, survived = Outcome(Verdict.KILLED, ODD, 2), Outcome(Verdict.SURVIVED, "", 3)

    def results(**changed: str) -> Results:
        return Results(tmp_path / "kept" / "results.jsonl", {**digests, **{f"{k}.py": v for k, v in changed.items()}})

    assert results().find(slip, 3) is None
    results().add(slip, killed)
    assert results(test_other="2").find(slip, 3) == killed
    assert results(test_small="2").find(slip, 3) is None
    assert results().find(mutant("x -= 1"), 3) is None
    results().add(slip, survived)
    assert results().find(slip, 3) == survived
    assert results().find(slip, 4) == killed
    assert results(test_small="2").find(slip, 3) is None
    assert results(test_other="2").find(slip, 3) == killed
