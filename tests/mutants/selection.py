"""Which tests are run for a mutant: those that run its lines, the likeliest and fastest first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import zip_longest

from tests.mutants.mutants import Mutant

_FIRST = 40


def choose(
    mutant: Mutant, by_line: Mapping[int, AbstractSet[str]], seconds: Mapping[str, float], most: int, budget: float
) -> tuple[list[str], list[str]]:
    """A first few tests from the files that are named like the mutant's; then more of them, and of every file in turn.

    In all, they are `most` tests, and take `budget` seconds. Lines that run when a module is imported belong to no
    test: then those count that run the function, or the module.
    """
    covering = _covering(mutant, by_line)
    likely = sorted(covering, key=lambda test: (-_alike(mutant.file, test), seconds[test], test))
    first = _within(likely, seconds, min(_FIRST, most), budget / 4)
    closest = max((_alike(mutant.file, test) for test in covering), default=0)
    more = [test for test in likely if _alike(mutant.file, test) == closest and test not in first][: most // 2]
    rest = sorted(covering - {*first, *more}, key=lambda test: (seconds[test], test))
    left = budget - sum(seconds[test] for test in first)
    return first, _within([*more, *_from_every_file(rest)], seconds, most - len(first), left)


def _within(tests: Iterable[str], seconds: Mapping[str, float], most: int, budget: float) -> list[str]:
    """The first tests that fit, without those that alone would take too long."""
    chosen: list[str] = []
    for test in tests:
        if len(chosen) < most and seconds[test] <= budget:
            chosen.append(test)
            budget -= seconds[test]
    return chosen


def _covering(mutant: Mutant, by_line: Mapping[int, AbstractSet[str]]) -> set[str]:
    for lines in mutant.lines:
        if found := set().union(*(by_line.get(line, ()) for line in lines)):
            return found
    return set()


def _alike(file: str, test: str) -> int:
    path = test.partition("::")[0]
    return len(_words(file) & _words(path))


def _words(path: str) -> set[str]:
    return set(re.split(r"[/_.]", path)) - {"py", "test", "tests"}


def _from_every_file(tests: list[str]) -> list[str]:
    files: dict[str, list[str]] = {}
    for test in tests:
        files.setdefault(test.partition("::")[0], []).append(test)
    return [test for turn in zip_longest(*files.values()) for test in turn if test is not None]
