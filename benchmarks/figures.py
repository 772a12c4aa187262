"""Computes numbers from samples: medians, their spread, and whether a target is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.measure import Figure, Row, Target
from benchmarks.run import Outcome


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest value over the rounds; the lowest and the highest show the noise."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{number(self.median)} ({number(self.low)} to {number(self.high)})"


def number(value: float) -> str:
    """Formats a figure with three significant digits; more would be noise."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def series(outcome: Outcome, figure: Figure, row: Row) -> list[float]:
    """Returns the row's figure for each counted round; empty if the row failed or this system has no such figure."""
    try:
        return [figure.read(sample, row.job) for sample in outcome.samples.get(row.label, [])]
    except KeyError:
        return []


@dataclass(frozen=True)
class Verdict:
    """A target and the measured ratio: ``found`` is None if a row that it needs has no figure."""

    outcome: Outcome
    figure: Figure
    target: Target
    found: Spread | None

    @property
    def reached(self) -> bool:
        return self.found is not None and self.found.median <= self.target.limit

    @property
    def asked(self) -> str:
        limit, against = number(self.target.limit), " + ".join(self.target.against)
        if not against:
            return f"{limit} {self.figure.unit}"
        return f"{limit} x ({against})" if len(self.target.against) > 1 else f"{limit} x {against}"

    @property
    def word(self) -> str:
        if self.found is None:
            return "no figure"
        return "reached" if self.reached else f"missed by {self.found.median / self.target.limit - 1:.0%}"

    def __str__(self) -> str:
        found = "" if self.found is None else f", found {self.found}"
        return f"{self.word}: {self.target.row}, {self.figure.title} ≤ {self.asked}{found}"


def judge(outcome: Outcome, figure: Figure, target: Target) -> Verdict:
    """Computes the ratio in each round, then the median: the load of the machine is the same within a round."""
    by_label = {row.label: series(outcome, figure, row) for row in outcome.measure.rows}
    own, others = by_label[target.row], [by_label[label] for label in target.against]
    references = [sum(values) for values in zip(*others, strict=False)] if others else [1.0] * len(own)
    ratios = [value / reference for value, reference in zip(own, references, strict=False)]
    return Verdict(outcome, figure, target, Spread.of(ratios) if ratios else None)


def verdicts(outcome: Outcome) -> list[Verdict]:
    return [judge(outcome, figure, target) for figure in outcome.measure.figures for target in figure.targets]
