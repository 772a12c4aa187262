"""The command `cozekit run`: its options; `workflow_run` does the work."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from coze_client.cli.completion import names_of
from coze_client.cli.nouns import BOTS, WORKFLOWS, find_in
from coze_client.cli.options import AsJson, Workspace
from coze_client.cli.settings import settings_of


def run(
    context: typer.Context,
    workflow: Annotated[
        str, typer.Argument(help="The id or name of the workflow.", autocompletion=names_of(WORKFLOWS))
    ],
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Inputs; key=@FILE for a file, JSON for lists.")
    ] = None,
    answer: Annotated[
        list[str] | None, typer.Option(help="The answer to the next question; again for a further one.")
    ] = None,
    bot: Annotated[
        str, typer.Option(help="The bot whose database and variables it uses.", autocompletion=names_of(BOTS))
    ] = "",
    app: Annotated[str, typer.Option(help="The id of the app that it belongs to.")] = "",
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """Run a workflow: its inputs are checked first, its questions are asked here, its output is written at the end.

    Ctrl-C ends the command; the run goes on in Coze, which cannot cancel one.
    """
    from coze_client.cli.workflow_run import prepare, run_to_end, show

    settings = settings_of(context)
    client, terminal = settings.client(), settings.terminal
    workflow_id = find_in(client, WORKFLOWS, workflow, workspace)
    bot_id = find_in(client, BOTS, bot, workspace) if bot else None
    parameters = prepare(client, terminal, workflow_id, inputs or [])
    execute = partial(
        client.workflows.execute, workflow_id=workflow_id, parameters=parameters, bot_id=bot_id, app_id=app or None
    )
    show(terminal, run_to_end(terminal, execute, answer or []), as_json=as_json)
