"""The command `cozekit doctor`: a line for each check, with the cure of what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from coze_client.cli.checks import CHECKS, MARKS, Finding, State
from coze_client.cli.completion import names_of
from coze_client.cli.diagnosis import Diagnosis, Subjects
from coze_client.cli.functions import names_of_functions
from coze_client.cli.nouns import BOTS, DATASETS, WORKFLOWS
from coze_client.cli.options import AsJson, Workspace
from coze_client.cli.settings import settings_of
from coze_client.cli.terminal import Terminal, harmless

_STYLES: Mapping[State, str] = {"good": "green", "bad": "bold red", "unknown": "yellow", "unasked": "dim"}


def doctor(
    context: typer.Context,
    bot: Annotated[str, typer.Option(help="Also check this bot: its id or name.", autocompletion=names_of(BOTS))] = "",
    functions: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Python file (it is run) or JSON schemas: does --bot declare them?"
        ),
    ] = None,
    workflow: Annotated[
        str, typer.Option(help="Also check this workflow: its id or name.", autocompletion=names_of(WORKFLOWS))
    ] = "",
    dataset: Annotated[
        str, typer.Option(help="Also check this dataset: its id or name.", autocompletion=names_of(DATASETS))
    ] = "",
    conversation: Annotated[str, typer.Option(help="Also check the conversation with this id.")] = "",
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """Check Python, server, token, clock, permissions, and what you name; tell the cure of what is wrong."""
    if functions and not bot:
        raise typer.BadParameter("it is compared with a bot: give --bot, too", param_hint="--functions")
    settings = settings_of(context)
    names = names_of_functions(functions) if functions else ()
    subjects = Subjects(bot, names, workflow, dataset, conversation, workspace)
    findings = Diagnosis(settings, subjects).findings()
    show = _show_json if as_json else _show_lines
    if show(settings.terminal, findings):
        raise typer.Exit(1)


def _show_json(terminal: Terminal, findings: Iterable[Finding]) -> bool:
    """Write all findings; True if something is wrong."""
    found = list(findings)
    terminal.write_json([finding.described() for finding in found])
    return any(finding.verdict.state == "bad" for finding in found)


def _show_lines(terminal: Terminal, findings: Iterable[Finding]) -> bool:
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
