"""The parts of a measure: contenders with their jobs, the figures of their rounds, and the targets of the figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks import wire

Sample = Mapping[str, float]
"""The numbers of one round: ``cpu`` and ``wall`` in seconds, ``rss_kib``, ``requests``, and others from its work."""


@dataclass(frozen=True)
class Job:
    """One round of one contender: a work in ``clients/works.py``, and the shape of the server's responses."""

    work: str
    shape: wire.Shape = wire.AT_ONCE
    times: int = 1
    at_once: int = 1
    statement: str = ""
    far: bool = False  # over TLS and a line of 25 ms each way

    @property
    def repeats(self) -> int:
        """Number of streams, calls or instances in the round."""
        return self.times * self.at_once

    def order(self, url: str) -> Mapping[str, str | int]:
        """Returns the job in the form that the contender's process receives."""
        repeats = {"times": self.times, "at_once": self.at_once}
        return {"work": self.work, "url": url, "statement": self.statement, **repeats}

    @property
    def events(self) -> int:
        """Number of deltas in the round."""
        return len(self.shape.texts()) * self.repeats


@dataclass(frozen=True)
class Row:
    """A contender in a measure: its label in the table, ``MODULE:CLASS`` in ``clients/``, and its job."""

    label: str
    contender: str
    job: Job
    reads_bytes: bool = False

    @property
    def ours(self) -> bool:
        """True if this project's code does the work."""
        module = self.contender.partition(":")[0]
        return module.rpartition("_")[2] == "coze"

    @property
    def is_limit(self) -> bool:
        """True if the row shows a limit that no client of this kind can beat."""
        return self.label.startswith("limit")

    def mistake(self, sample: Sample) -> str | None:
        """Describes how the sample's counts differ from what was sent; None if they are right or are not counted."""
        if "deltas" not in sample and "bytes" not in sample:
            return None
        shape, repeats = self.job.shape, self.job.repeats
        if "bytes" in sample:
            sent = {"bytes": shape.size * repeats}
        elif self.reads_bytes:
            sent = {"characters": wire.body_length(shape) * repeats}
        else:
            sent = {"deltas": self.job.events, "characters": shape.characters * repeats}
        found = {key: int(sample[key]) for key in sent}
        return None if found == sent else f"counted {found} instead of {sent}"


@dataclass(frozen=True)
class Target:
    """The figure of ``row`` is at most ``limit`` times the sum of the figures of ``against`` in the same round.

    Without ``against`` the limit is absolute, in the figure's unit.
    """

    row: str
    limit: float
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A number computed from the sample of a round."""

    title: str
    unit: str
    read: Callable[[Sample, Job], float]
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Measure:
    """Rows that are compared in paired, interleaved rounds, after one round that is not counted.

    With ``warm_up``, each row starts a new process in every round. The process first does the warm-up job, uncounted.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    figures: tuple[Figure, ...]
    rounds: int = 9
    warm_up: Job | None = None


def cpu_an_event(*targets: Target) -> Figure:
    return Figure("client CPU", "µs an event", lambda sample, job: sample["cpu"] * 1e6 / job.events, targets)


def cpu_each(what: str, *targets: Target) -> Figure:
    return Figure("client CPU", f"ms {what}", lambda sample, job: sample["cpu"] * 1e3 / job.repeats, targets)


def wall_each(what: str, *targets: Target) -> Figure:
    return Figure("time", f"ms {what}", lambda sample, job: sample["wall"] * 1e3 / job.repeats, targets)


def first_delta(*targets: Target) -> Figure:
    return Figure("time to the first delta", "µs", lambda sample, _: sample["first"] * 1e6, targets)


def lateness(*targets: Target) -> Figure:
    return Figure("lateness of a delta, p99", "ms", lambda sample, _: sample["late_p99"] * 1e3, targets)


def memory_growth(*targets: Target) -> Figure:
    return Figure("growth of peak memory", "MiB", lambda sample, _: sample["rss_kib"] / 1024, targets)


def memory_per_stream(*targets: Target) -> Figure:
    return Figure("growth of peak memory", "KiB a stream", lambda sample, job: sample["rss_kib"] / job.at_once, targets)


def token_requests(*targets: Target) -> Figure:
    """Requests beyond one for each call."""
    return Figure(
        "token requests", "a stampede", lambda sample, job: (sample["requests"] - job.repeats) / job.times, targets
    )


def stall(*targets: Target) -> Figure:
    return Figure("longest wait of a tick", "ms", lambda sample, _: sample["stall"] * 1e3, targets)


def loop_stall(*targets: Target) -> Figure:
    return Figure("longest stall of the loop", "ms", lambda sample, _: sample["stall"] * 1e3, targets)


def wall(*targets: Target) -> Figure:
    return Figure("time", "s", lambda sample, _: sample["wall"], targets)


def stuck(*targets: Target) -> Figure:
    return Figure("stuck connections", "", lambda sample, _: sample["stuck"], targets)


def open_sockets(*targets: Target) -> Figure:
    return Figure("open sockets", "", lambda sample, _: sample["sockets"], targets)


def connections(*targets: Target) -> Figure:
    return Figure("connections", "", lambda sample, _: sample["connections"], targets)


def requests_each(*targets: Target) -> Figure:
    return Figure("HTTP requests", "a call", lambda sample, job: sample["requests"] / job.repeats, targets)
