"""The table of a run, and the list of the mutants that survived."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutants import Mutant
from tests.mutants.trial import Outcome, Verdict

EQUIVALENT = Path(__file__).parent / "equivalent.json"


@dataclass(frozen=True)
class Tried:
    """A mutant with its outcome. `reason` says why it may survive, where the list of equivalent ones has it."""

    mutant: Mutant
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """The numbers of a module; a mutant that survives for a reason counts as equivalent alone."""

    module: str
    tried: Sequence[Tried]

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns of `HEAD`."""
        equivalent = sum(bool(each.reason) for each in self.tried if not each.outcome.is_killed)
        timeouts = sum(each.outcome.verdict is Verdict.TIMEOUT for each in self.tried)
        killed = sum(each.outcome.is_killed for each in self.tried)
        countable = len(self.tried) - equivalent
        percent = f"{100 * killed / countable:.0f} %" if countable else "-"
        numbers = (len(self.tried), killed, countable - killed, timeouts, equivalent)
        return self.module, *map(str, numbers), percent


HEAD = ("module", "mutants", "killed", "survived", "of the killed, by timeout", "equivalent", "killed of the others")


def reasons(path: Path = EQUIVALENT) -> dict[tuple[str, str, tuple[str, ...]], str]:
    """Why mutants may survive, by file, function and change; `ValueError` if an entry has no reason."""
    found = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        if not entry["reason"]:
            raise ValueError(f"{path} has no reason for {entry['file']} {entry['change']}")
        found[entry["file"], entry["inside"], tuple(entry["change"])] = entry["reason"]
    return found


def table(tried: Sequence[Tried]) -> Iterator[str]:
    """A row for each module, and one for all, as Markdown."""
    modules = sorted({each.mutant.file for each in tried})
    rows = [Row(module, [each for each in tried if each.mutant.file == module]) for module in modules]
    yield _line(HEAD)
    yield _line(["---"] + ["---:"] * (len(HEAD) - 1))
    yield from (_line(row.cells) for row in [*rows, Row("all", tried)])


def surviving(tried: Iterable[Tried]) -> list[Tried]:
    """Those that no test noticed, and that have no reason to survive."""
    return [each for each in tried if not each.outcome.is_killed and not each.reason]


def describe(tried: Tried) -> str:
    """Where the mutant is, what was edited, and how many tests ran."""
    mutant = tried.mutant
    place = f"{mutant.file}:{mutant.line} in {mutant.inside or 'the module'}"
    return "\n    ".join((f"\n{place}: {mutant.operator}, {tried.outcome.tests} tests", *mutant.change))


def entry(mutant: Mutant) -> dict[str, object]:
    """What `equivalent.json` has of a mutant, but for the reason."""
    return {"file": mutant.file, "inside": mutant.inside, "change": list(mutant.change), "reason": ""}


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
