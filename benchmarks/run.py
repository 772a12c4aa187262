"""Runs a measure in rounds; each round runs every contender once, so that a slow moment affects all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.measure import Job, Measure, Row, Sample
from benchmarks.server import Server
from benchmarks.worker import ContenderError, Worker


@dataclass
class Outcome:
    """The samples of a measure, one for each counted round, and its failures, both by the row's label."""

    measure: Measure
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


class Workers(ExitStack):
    """Gives each row a process: one for the whole measure, or a new one that has done the warm-up."""

    def __init__(self, measure: Measure, server: Server) -> None:
        super().__init__()
        self.measure, self.server, self.kept = measure, server, dict[str, Worker]()

    @contextmanager
    def worker(self, row: Row) -> Iterator[Worker]:
        if warm_up := self.measure.warm_up:
            with Worker(row.contender, self.environment(row)) as worker:
                self.run_job(worker, warm_up)
                yield worker
        else:
            if row.contender not in self.kept:
                self.kept[row.contender] = self.enter_context(Worker(row.contender, self.environment(row)))
            yield self.kept[row.contender]

    def environment(self, row: Row) -> Mapping[str, str]:
        """Returns what the row's process needs to trust the server of a far line."""
        return {"SSL_CERT_FILE": str(self.server.far_line.certificate)} if row.job.far else {}

    def run_row(self, row: Row) -> Sample:
        """Runs one round of a row; raises ``ContenderError``, also if the sample's counts are wrong."""
        with self.worker(row) as worker:
            sample = self.run_job(worker, row.job)
        if mistake := row.mistake(sample):
            raise ContenderError(mistake)
        return sample

    def run_job(self, worker: Worker, job: Job) -> Sample:
        before = self.server.counts()
        sample = worker.do(job.order(self.server.url(job.shape, far=job.far)))
        return {**sample, **{name: count - before[name] for name, count in self.server.counts().items()}}


def run(measure: Measure, server: Server, rounds: int, show_progress: Callable[[str], None]) -> Outcome:
    """Runs ``rounds`` counted rounds; a row that fails once is reported as failed and runs no more."""
    outcome = Outcome(measure)
    uncounted = 0 if measure.warm_up else 1
    with Workers(measure, server) as workers:
        for number in range(uncounted + rounds):
            show_progress(f"{measure.name}: round {number + 1} of {uncounted + rounds}")
            for row in rotated(measure.rows, number):
                if row.label not in outcome.failures:
                    add_round(workers, row, outcome, counted=number >= uncounted)
    return outcome


def add_round(workers: Workers, row: Row, outcome: Outcome, *, counted: bool) -> None:
    try:
        sample = workers.run_row(row)
    except ContenderError as failure:
        outcome.failures[row.label] = str(failure)
        outcome.samples.pop(row.label, None)
    else:
        if counted:
            outcome.samples.setdefault(row.label, []).append(sample)


def rotated(rows: tuple[Row, ...], number: int) -> tuple[Row, ...]:
    """Rotates the rows: each round starts with another row."""
    first = number % len(rows)
    return rows[first:] + rows[:first]
