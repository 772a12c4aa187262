"""Shows the findings of the doctor: a line for each with its cure, or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.table import Table
from rich.text import Text

from coze_client.cli.checks import CHECKS, MARKS, Finding, State
from coze_client.cli.terminal import Terminal, harmless

_STYLES: Mapping[State, str] = {"good": "green", "bad": "bold red", "unknown": "yellow", "unasked": "dim"}


def show_json(terminal: Terminal, findings: Iterable[Finding]) -> bool:
    """Write all findings; True if something is wrong."""
    found = list(findings)
    terminal.write_json([finding.described() for finding in found])
    return any(finding.verdict.state == "bad" for finding in found)


def show_lines(terminal: Terminal, findings: Iterable[Finding]) -> bool:
    """Write each finding as soon as it is there; True if something is wrong."""
    width, bad, asked = max(len(check.name) for check in CHECKS), 0, set()
    for finding in findings:
        show_line(terminal, finding, width)
        bad += finding.verdict.state == "bad"
        asked.add(finding.check.name)
    more = [check.option for check in CHECKS if check.name not in asked]
    summary = f"{bad} thing{'' if bad == 1 else 's'} to mend." if bad else "Nothing is wrong."
    terminal.write(f"{summary} More can be checked with {', '.join(more)}." if more else summary, "bold")
    return bool(bad)


def show_line(terminal: Terminal, finding: Finding, width: int) -> None:
    """Write mark, name and what was found, with the cure below it; not folded where no terminal reads it."""
    state, detail, _ = finding.verdict
    if not terminal.out.is_terminal:
        terminal.write(f"{MARKS[state]} {finding.check.name:<{width}} {detail}")
        if finding.cure:
            terminal.write(f"  {'':<{width}} → {finding.cure}")
        return
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True, min_width=width)
    line.add_column(overflow="fold")
    line.add_row(Text(MARKS[state], style=_STYLES[state]), finding.check.name, Text(harmless(detail)))
    if finding.cure:
        line.add_row("", "", Text(f"→ {harmless(finding.cure)}", style="cyan"))
    terminal.out.print(line)
