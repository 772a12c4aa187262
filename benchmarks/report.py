"""Tells outcomes: tables on the terminal, ``results.md`` and ``results.svg``."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.chart import draw
from benchmarks.figures import Spread, series, verdicts
from benchmarks.measure import Figure
from benchmarks.peers import versions
from benchmarks.run import Outcome

HOME = Path(__file__).resolve().parent

METHOD = """\
Every contender runs in a process of its own and reads from one loopback server whose answers were encoded beforehand.
Contenders take turns round by round, an uncounted round first; figures are medians over the rounds, and in brackets the
lowest and the highest, which tell the noise. A ratio is the median of the ratios of paired rounds, not of the medians.
CPU is the client process's own (`time.process_time`), all its threads included. A contender that miscounts deltas or
characters fails. Loopback only: no TLS, no compression, no real network. `make bench` repeats all of it.
"""


def figure_rows(outcome: Outcome, figure: Figure) -> Iterator[tuple[str, str]]:
    """Row label, and its spread or ``failed``."""
    for row in outcome.measure.rows:
        values = series(outcome, figure, row)
        yield row.label, str(Spread.of(values)) if values else "failed"


def print_outcome(console: Console, outcome: Outcome) -> None:
    table = Table(title=f"{outcome.measure.title}  [dim]({outcome.measure.name})", title_justify="left")
    table.add_column("contender", min_width=30)
    for figure in outcome.measure.figures:
        table.add_column(f"{figure.title}, {figure.unit}")
    columns = [dict(figure_rows(outcome, figure)) for figure in outcome.measure.figures]
    for row in outcome.measure.rows:
        table.add_row(row.label, *(column[row.label] for column in columns))
    console.print(table)
    for label, reason in outcome.failures.items():
        console.print(f"  {label} failed: {reason}", style="red", markup=False)
    for verdict in verdicts(outcome):
        console.print(f"  {verdict}", style="green" if verdict.reached else "yellow")
    console.print()


def print_summary(console: Console, outcomes: Sequence[Outcome]) -> None:
    every = [verdict for outcome in outcomes for verdict in verdicts(outcome)]
    missed = [verdict for verdict in every if not verdict.reached]
    console.print(f"[bold]{len(every) - len(missed)} of {len(every)} targets reached.")
    for verdict in missed:
        console.print(f"  {verdict.outcome.measure.name}: {verdict}", style="yellow")


def markdown_table(head: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [tuple(head), ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def targets_table(outcomes: Sequence[Outcome]) -> str:
    rows = [
        (
            outcome.measure.title,
            verdict.target.row,
            verdict.figure.title,
            verdict.asked,
            str(verdict.found or "none"),
            verdict.word,
        )
        for outcome in outcomes
        for verdict in verdicts(outcome)
    ]
    return markdown_table(("measure", "who", "figure", "at most", "found", ""), rows)


def figures_text(outcome: Outcome) -> str:
    head = ("contender", "median (lowest to highest)")
    tables = (
        f"{figure.title}, {figure.unit}:\n\n{markdown_table(head, figure_rows(outcome, figure))}"
        for figure in outcome.measure.figures
    )
    failures = (f"{label} failed: {reason}" for label, reason in outcome.failures.items())
    return "\n\n".join([f"### {outcome.measure.title}", *tables, *failures])


def revision() -> str:
    """The commit measured, ``-dirty`` if files differ from it: figures of an unknown tree say nothing."""
    try:
        command = ["git", "describe", "--always", "--dirty"]
        return subprocess.run(command, cwd=HOME, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine() -> str:
    today = datetime.now(timezone.utc).date()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{today}, {python}, {platform.system()}, {os.cpu_count()} cores; revision {revision()}"


def environments() -> str:
    rows = [
        (name, ", ".join(f"{package} {version}" for package, version in told.items()))
        for name, told in versions().items()
    ]
    return markdown_table(("environment", "packages"), rows)


def write_results(outcomes: Sequence[Outcome]) -> None:
    """Writes both files beside this module."""
    (HOME / "results.svg").write_text(draw(outcomes), encoding="utf-8")
    parts = [
        "# Speed, side by side",
        f"{machine()}.",
        "![Figures by measure](results.svg)",
        METHOD.strip(),
        "## Targets",
        targets_table(outcomes),
        "## Figures",
        *map(figures_text, outcomes),
        "## Versions",
        environments(),
    ]
    (HOME / "results.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
