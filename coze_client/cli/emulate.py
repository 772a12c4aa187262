"""The command `cozekit emulate`: a local Coze, with bots of one's own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from coze_client.cli.settings import settings_of


def emulate(
    context: typer.Context,
    script: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Python file; its functions of a Turn become bots."),
    ] = None,
    watch: Annotated[bool, typer.Option(help="Read --script again whenever it changes.")] = False,
    dialect: Annotated[Literal["cloud", "studio"], typer.Option(help="Which server to be.")] = "cloud",
    studio_version: Annotated[
        Literal["0.5.0", "0.5.1"] | None, typer.Option("--version", help="Of the studio; default the newest.")
    ] = None,
    port: Annotated[int, typer.Option(help="0 chooses a free one.")] = 8642,
    data: Annotated[Path | None, typer.Option(dir_okay=False, help="Keep the state in this SQLite file.")] = None,
    pace: Annotated[float, typer.Option(help="Seconds between two pieces of an answer.")] = 0.03,
    oauth: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write a config file for an OAuth app of each kind here.")
    ] = None,
) -> None:
    """Run a local Coze until Ctrl-C: its bots follow scripts, and need no account."""
    if watch and script is None:
        raise typer.BadParameter("there is no file to watch: give --script, too", param_hint="--watch")
    from coze_client.emulator import Emulator

    if studio_version and dialect != "studio":
        raise typer.BadParameter("it is that of the studio: add --dialect studio", param_hint="--version")
    emulator = Emulator(dialect, data, port, pace=pace, version=studio_version, demo=True)
    from coze_client.emulator.__main__ import serve

    if script is None:
        serve(emulator, oauth)
        return
    from coze_client.cli.bot_scripts import BotScripts

    scripts = BotScripts(script, emulator)
    wait = partial(scripts.watch, settings_of(context).terminal.note) if watch else None
    serve(emulator, oauth, prepare=scripts.load, wait=wait)
