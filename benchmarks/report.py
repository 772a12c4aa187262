"""Reports outcomes: tables on the terminal, ``results.md`` and ``results.svg``."""

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
Every contender runs in its own process and reads from one loopback server. The server encodes its responses before a
round. In each round every contender runs once. The first round is not counted. Figures are medians over the rounds,
with the lowest and the highest value in brackets, which show the noise. A ratio is the median of the ratios within each
round, not the ratio of the medians. CPU is the time of the client process (`time.process_time`), all its threads
included. A contender that counts wrong numbers of deltas or characters fails. Only the loopback interface is used: no
compression, no real network, and TLS only where a measure names it. `make bench` repeats all measures.
"""


def figure_rows(outcome: Outcome, figure: Figure) -> Iterator[tuple[str, str]]:
    """Yields each row's label, and its spread or ``failed``."""
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
    """Returns the commit that was measured, with ``-dirty`` if files differ from it."""
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
        (name, ", ".join(f"{package} {version}" for package, version in packages.items()))
        for name, packages in versions().items()
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
