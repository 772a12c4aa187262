"""Edit modules, one place at a time, and list the edits that no test notices: ``python -m tests.mutants --help``."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from tests.mutants.modules import chosen
from tests.mutants.mutants import Mutant, mutants_of, sample
from tests.mutants.recording import FOLDER, Recordings, digests_of_tests, record, recorded
from tests.mutants.report import Tried, describe, entry, reasons, surviving, table
from tests.mutants.results import Results
from tests.mutants.selection import choose
from tests.mutants.trial import Outcome, Runner
from tests.mutants.working_copy import ROOT, working_copy


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "--modules", nargs="+", default=[], help="files or folders; by default, what changed since main"
    )
    parser.add_argument("--sample", type=int, default=100, help="how many mutants (100)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--minutes", type=float, default=20, help="begin no other mutant after this time (20)")
    parser.add_argument("--tests", type=int, default=300, help="the most tests that are run for a mutant (300)")
    parser.add_argument("--seconds", type=float, default=40, help="the longest that they may take, as recorded (40)")
    parser.add_argument("--workers", default="auto", help="processes of pytest while recording (auto)")
    parser.add_argument(
        "--record",
        nargs="+",
        metavar="TESTS",
        default=["changed"],
        help="all, changed (the default), none, or files",
    )
    return parser.parse_args()


def _up_to_date(arguments: Namespace) -> Recordings:
    """The recordings, after those that are missing were made."""
    match arguments.record:
        case ["none"]:
            missing = []
        case ["changed"]:
            missing = recorded().outdated()
        case ["all"]:
            missing = list(digests_of_tests())
        case named:
            missing = [file for file in digests_of_tests() if file.startswith(tuple(named))]
    if missing:
        print(f"Recording which lines {len(missing)} test files run.", flush=True)
        record(missing, arguments.workers)
    return recorded()


def _try_all(
    mutants: Sequence[Mutant], stages: Mapping[Mutant, Sequence[Sequence[str]]], runner: Runner, results: Results
) -> Iterator[tuple[Mutant, Outcome]]:
    for number, mutant in enumerate(mutants, 1):
        outcome = results.find(mutant, sum(map(len, stages[mutant])))
        if outcome is None:
            outcome = runner.try_out(mutant, stages[mutant])
            results.add(mutant, outcome)
        print(f"{number}/{len(mutants)} {mutant.file}:{mutant.line} {outcome.verdict.value} {outcome.test}", flush=True)
        yield mutant, outcome


def _until(end: float, outcomes: Iterable[tuple[Mutant, Outcome]]) -> Iterator[tuple[Mutant, Outcome]]:
    for each in outcomes:
        yield each
        if time.monotonic() > end:
            print("The time is over; the next run with the same seed goes on from here.", flush=True)
            return


def _stages(
    mutants: Sequence[Mutant], recordings: Recordings, most: int, budget: float
) -> dict[Mutant, Sequence[Sequence[str]]]:
    lines: Mapping[str, Mapping[int, AbstractSet[str]]] = {
        file: recordings.tests_by_line(file) for file in {mutant.file for mutant in mutants}
    }
    return {mutant: choose(mutant, lines[mutant.file], recordings.seconds, most, budget) for mutant in mutants}


def main() -> None:
    """Print the table and the survivors."""
    arguments = _arguments()
    found = [
        mutant for file in chosen(arguments.modules) for mutant in mutants_of(file, (ROOT / file).read_text("utf-8"))
    ]
    mutants = sample(found, arguments.sample, arguments.seed)
    print(f"{len(mutants)} of {len(found)} mutants", flush=True)
    recordings = _up_to_date(arguments)
    begun = time.monotonic()
    stages = _stages(mutants, recordings, arguments.tests, arguments.seconds)
    with working_copy() as copy, Runner(copy, recordings.seconds) as runner:
        flawed = runner.failing(sorted({test for mutant in mutants for test in stages[mutant][0][:3]}))
        print(*(f"Left out, since it fails without an edit: {test}\n" for test in sorted(flawed)), end="")
        stages = {
            mutant: [[t for t in stage if t not in flawed] for stage in given] for mutant, given in stages.items()
        }
        results = Results(FOLDER / "results.jsonl", digests_of_tests())
        outcomes = list(_until(begun + 60 * arguments.minutes, _try_all(mutants, stages, runner, results)))
    known = reasons()
    tried = [Tried(mutant, outcome, known.get(_known_as(mutant), "")) for mutant, outcome in outcomes]
    print(f"{len(tried)} mutants in {(time.monotonic() - begun) / 60:.1f} minutes")
    print("", *table(tried), *map(describe, surviving(tried)), sep="\n")
    entries = [entry(each.mutant) for each in surviving(tried)]
    (FOLDER / "survivors.json").write_text(json.dumps(entries, indent=1, ensure_ascii=False), encoding="utf-8")


def _known_as(mutant: Mutant) -> tuple[str, str, tuple[str, ...]]:
    return mutant.file, mutant.inside, mutant.change


if __name__ == "__main__":
    main()
