"""The command `cozekit` with its subcommands; an error ends it with one sentence and exit code 1."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from coze_client.cli.chat import chat
from coze_client.cli.datasets import dataset
from coze_client.cli.doctor import doctor
from coze_client.cli.emulate import emulate
from coze_client.cli.listings import add_listings
from coze_client.cli.login import login, logout, whoami
from coze_client.cli.mcp import mcp
from coze_client.cli.run import run
from coze_client.cli.settings import Settings
from coze_client.cli.sound import speak, transcribe
from coze_client.cli.terminal import Terminal
from coze_client.errors import CozeError
from coze_client.version import __version__


class _OneSentenceErrors(TyperGroup):
    """Ends a command with the sentence of an error, without a traceback."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # what a command returns
        try:
            return super().invoke(ctx)
        except (CozeError, OSError, ImportError) as error:
            is_mistake = isinstance(error, ImportError) and "pip install" not in str(error)  # and no missing extra
            if is_mistake or isinstance(error, BrokenPipeError):  # whoever read the output has ended, as `head` does
                raise
            terminal = ctx.obj.terminal if isinstance(ctx.obj, Settings) else Terminal()
            terminal.tell_error(error)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_OneSentenceErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they show the variables of each frame, tokens among them
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cozekit {__version__}")
        raise typer.Exit


@app.callback()
def cozekit(
    context: typer.Context,
    base_url: Annotated[
        str | None, typer.Option(help="The address of your own server; default COZE_API_BASE, then coze.com.")
    ] = None,
    region: Annotated[Literal["com", "cn"] | None, typer.Option(help="coze.com or coze.cn.")] = None,
    version: Annotated[  # noqa: ARG001 - its callback does all
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Coze from the terminal: check the settings, list what there is, chat, run workflows, fill datasets.

    The token comes from COZE_API_TOKEN, or from `cozekit login`. Bots and the like are named by id or by name.
    """
    terminal = context.obj if isinstance(context.obj, Terminal) else Terminal()
    context.obj = Settings(terminal, context.call_on_close, base_url, region)


app.command()(doctor)
app.command()(emulate)
app.command()(chat)
app.command()(run)
app.add_typer(dataset, name="dataset")
app.command()(speak)
app.command()(transcribe)
app.command()(mcp)
app.command()(login)
app.command()(logout)
app.command()(whoami)
add_listings(app)
