"""The command `cozekit doctor`: a line for each check, with the cure of what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coze_client.cli.completion import names_of
from coze_client.cli.functions import names_of_functions
from coze_client.cli.nouns import BOTS, DATASETS, WORKFLOWS
from coze_client.cli.options import AsJson, Workspace
from coze_client.cli.settings import settings_of


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
    from coze_client.cli.diagnosis import Diagnosis, Subjects
    from coze_client.cli.findings import show_json, show_lines

    if functions and not bot:
        raise typer.BadParameter("it is compared with a bot: give --bot, too", param_hint="--functions")
    settings = settings_of(context)
    names = names_of_functions(functions) if functions else ()
    subjects = Subjects(bot, names, workflow, dataset, conversation, workspace)
    findings = Diagnosis(settings, subjects).findings()
    show = show_json if as_json else show_lines
    if show(settings.terminal, findings):
        raise typer.Exit(1)
