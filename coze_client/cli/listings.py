"""The commands `cozekit bots list` and its siblings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from coze_client.cli.completion import names_of
from coze_client.cli.nouns import BOTS, CONVERSATIONS, DATASETS, VOICES, WORKFLOWS, WORKSPACES, Noun, find_in, list_in
from coze_client.cli.options import AsJson, Workspace
from coze_client.cli.settings import Settings, settings_of

if TYPE_CHECKING:
    from coze_client.core.model import Model


def add_listings(app: typer.Typer) -> None:
    """Add a group with a command `list` for each kind of thing."""
    for noun in (BOTS, WORKFLOWS, DATASETS):
        _group(app, noun, f"The {noun.one}s of a workspace, or of all workspaces.").command("list")(_of_workspace(noun))
    for noun in (WORKSPACES, VOICES):
        _group(app, noun, f"The {noun.one}s of the account.").command("list")(_of_account(noun))
    _group(app, CONVERSATIONS, "The conversations with a bot.").command("list")(list_conversations)


def _group(app: typer.Typer, noun: Noun, purpose: str) -> typer.Typer:
    group = typer.Typer(help=purpose, no_args_is_help=True)
    app.add_typer(group, name=f"{noun.one}s")
    return group


def _of_workspace(noun: Noun) -> Callable[..., None]:
    def command(context: typer.Context, workspace: Workspace = "", as_json: AsJson = False) -> None:
        settings = settings_of(context)
        show(settings, noun, list_in(settings.client(), noun, workspace), as_json=as_json)

    command.__doc__ = f"List the {noun.one}s, published or not, with their ids."
    return command


def _of_account(noun: Noun) -> Callable[..., None]:
    def command(context: typer.Context, as_json: AsJson = False) -> None:
        settings = settings_of(context)
        show(settings, noun, noun.load(settings.client(), ""), as_json=as_json)

    command.__doc__ = f"List the {noun.one}s with their ids."
    return command


def list_conversations(
    context: typer.Context,
    bot: Annotated[str, typer.Argument(help="The id or name of the bot.", autocompletion=names_of(BOTS))],
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """List the conversations that were begun with a bot, newest first."""
    settings = settings_of(context)
    client = settings.client()
    bot_id = find_in(client, BOTS, bot, workspace)
    show(settings, CONVERSATIONS, CONVERSATIONS.load(client, bot_id), as_json=as_json)


def show(settings: Settings, noun: Noun, items: Iterable[Model], *, as_json: bool) -> None:
    """Write what is listed as a table, or all that the server told of it as JSON."""
    if as_json:
        settings.terminal.write_json([item.model_dump(mode="json", exclude_unset=True) for item in items])
        return
    settings.terminal.write_table(noun.headings, map(noun.cells, items))
