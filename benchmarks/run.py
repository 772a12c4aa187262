"""Runs a measure: its contenders take turns round by round, so that what slows the machine slows all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.measure import Job, Measure, Row, Sample
from benchmarks.server import Server
from benchmarks.worker import ContenderError, Worker


@dataclass
class Outcome:
    """A measure's samples, one a counted round, and its failures, both by the row's label."""

    measure: Measure
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


class Stage(ExitStack):
    """Gives each turn its process: one kept for the whole measure, or a fresh one that has done the warm-up."""

    def __init__(self, measure: Measure, server: Server) -> None:
        super().__init__()
        self.measure, self.server, self.kept = measure, server, dict[str, Worker]()

    @contextmanager
    def worker(self, row: Row) -> Iterator[Worker]:
        if warm_up := self.measure.warm_up:
            with Worker(row.contender) as worker:
                self.play(worker, warm_up)
                yield worker
        else:
            if row.contender not in self.kept:
                self.kept[row.contender] = self.enter_context(Worker(row.contender))
            yield self.kept[row.contender]

    def turn(self, row: Row) -> Sample:
        """One row's round; raises ``ContenderError``, also for a sample that miscounts what was sent."""
        with self.worker(row) as worker:
            sample = self.play(worker, row.job)
        if mistake := row.mistake(sample):
            raise ContenderError(mistake)
        return sample

    def play(self, worker: Worker, job: Job) -> Sample:
        before = self.server.requests()
        sample = worker.do(job.order(self.server.url(job.shape)))
        return {**sample, "requests": self.server.requests() - before}


def run(measure: Measure, server: Server, rounds: int, tell: Callable[[str], None]) -> Outcome:
    """Takes ``rounds`` counted rounds; a row that fails once is told as failed and takes no further part."""
    outcome = Outcome(measure)
    uncounted = 0 if measure.warm_up else 1
    with Stage(measure, server) as stage:
        for number in range(uncounted + rounds):
            tell(f"{measure.name}: round {number + 1} of {uncounted + rounds}")
            for row in rotated(measure.rows, number):
                if row.label not in outcome.failures:
                    take(stage, row, outcome, counted=number >= uncounted)
    return outcome


def take(stage: Stage, row: Row, outcome: Outcome, *, counted: bool) -> None:
    try:
        sample = stage.turn(row)
    except ContenderError as failure:
        outcome.failures[row.label] = str(failure)
        outcome.samples.pop(row.label, None)
    else:
        if counted:
            outcome.samples.setdefault(row.label, []).append(sample)


def rotated(rows: tuple[Row, ...], number: int) -> tuple[Row, ...]:
    """Another row begins each round, so none always follows the same one."""
    first = number % len(rows)
    return rows[first:] + rows[:first]
