"""The table and the list of survivors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mutants.mutants import Mutant, mutants_of
from tests.mutants.report import Tried, describe, entry, reasons, surviving, table
from tests.mutants.trial import Outcome, Verdict

CODE = "def f(a):\n    if a < 1:\n        return a + 2\n    return a == 3\n"
KILLED, TIMEOUT = Outcome(Verdict.KILLED, "test", 3), Outcome(Verdict.TIMEOUT, "", 3)
SURVIVED, NOT_RUN = Outcome(Verdict.SURVIVED, "", 7), Outcome(Verdict.NOT_RUN)


def mutant(file: str = "a.py") -> Mutant:
    return mutants_of(file, CODE)[0]


def test_the_table_has_a_row_for_each_module_and_one_for_all() -> None:
    tried = [
        Tried(mutant("b.py"), KILLED),
        *(Tried(mutant(), outcome) for outcome in (KILLED, KILLED, TIMEOUT, SURVIVED, NOT_RUN)),
        Tried(mutant(), SURVIVED, "nobody can see it"),
        Tried(mutant("c.py"), SURVIVED, "nobody can see it"),
    ]
    assert list(table(tried))[2:] == [
        "| a.py | 6 | 3 | 2 | 1 | 1 | 60 % |",
        "| b.py | 1 | 1 | 0 | 0 | 0 | 100 % |",
        "| c.py | 1 | 0 | 0 | 0 | 1 | - |",
        "| all | 8 | 4 | 2 | 1 | 2 | 67 % |",
    ]


def test_survivors_are_those_without_a_reason_each_with_its_place_and_change() -> None:
    tried = [Tried(mutant(), KILLED), Tried(mutant(), SURVIVED, "nobody can see it"), Tried(mutant(), SURVIVED)]
    assert surviving(tried) == tried[2:]
    assert describe(tried[2]) == "\na.py:2 in f: swap_op, 7 tests\n    - if a < 1:\n    + if a <= 1:"


def test_an_entry_of_the_list_of_equivalent_mutants_needs_a_reason(tmp_path: Path) -> None:
    path, found = tmp_path / "equivalent.json", entry(mutant())
    path.write_text(json.dumps([{**found, "reason": "nobody can see it"}]), encoding="utf-8")
    assert reasons(path) == {("a.py", "f", ("- if a < 1:", "+ if a <= 1:")): "nobody can see it"}
    path.write_text(json.dumps([found]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"no reason for a\.py"):
        reasons(path)
