"""The commands `cozekit login`, `logout` and `whoami`: an OAuth app of the user's own, whose tokens lie in a file."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coze_client.cli.account import LoginFiles, find_account
from coze_client.cli.options import AsJson
from coze_client.cli.settings import Settings, settings_of
from coze_client.cli.terminal import Terminal
from coze_client.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from coze_client.client import CozeClient

_REDIRECT_URI = "http://127.0.0.1:8766/callback"


def login(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="The configuration file that Coze offers for your OAuth app."),
    ] = None,
    client_id: Annotated[str, typer.Option(help="In place of a file: the id of an app without a secret.")] = "",
    device: Annotated[
        bool, typer.Option("--device", help="--client-id is an app for devices: confirm a code elsewhere.")
    ] = False,
    redirect_uri: Annotated[
        str, typer.Option(help="One on this machine that is registered with the app.")
    ] = _REDIRECT_URI,
    browser: Annotated[bool, typer.Option(help="Open the browser, or only show the link.")] = True,
) -> None:
    """Log in with an OAuth app of your own: in the browser, or by a code that you confirm on another device.

    The tokens are kept in a file that only you can read; `whoami` tells where, `logout` removes it.
    """
    if bool(config) == bool(client_id):
        raise typer.BadParameter("give the configuration file of an OAuth app, or --client-id")
    from coze_client.core.config import resolve_base_url

    settings = settings_of(context)
    app = _read_app(config) if config else {"client_type": "device" if device else "pkce", "client_id": client_id}
    described = {
        "redirect_uri": redirect_uri,
        "coze_api_base": resolve_base_url(settings.base_url, settings.region),
        **app,
    }
    log_in(settings, described, open_browser=browser)


def _read_app(path: Path) -> dict[str, object]:
    from coze_client.auth.config_file import read_config
    from coze_client.core.json_text import load_json

    try:
        found = load_json(read_config(path))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} is no configuration of an OAuth app", cure="Download it again from Coze")
    return {str(name): value for name, value in found.items() if value}


def log_in(settings: Settings, app: dict[str, object], *, open_browser: bool) -> None:
    """Log the user in, and keep app and tokens; an earlier login stays if this one fails."""
    from coze_client.auth.config_file import from_config
    from coze_client.auth.environment import variable_in_use
    from coze_client.auth.grants import DeviceCode, UserGrant
    from coze_client.auth.token_store import FileStore
    from coze_client.client import CozeClient

    files, terminal = LoginFiles.standard(), settings.terminal
    files.make_folder()
    grant = from_config(app, store=FileStore(files.tokens))
    if not isinstance(grant, UserGrant):
        raise ConfigurationError(
            "A service account (client_type jwt) needs no login", cure="Set COZE_OAUTH_CONFIG to the path of its file"
        )
    client = CozeClient(grant)
    settings.call_at_end(client.close)
    if isinstance(grant, DeviceCode):
        _confirm_elsewhere(client, terminal)
    else:
        client.oauth.login_with_browser(open_url=lambda url: _show_page(terminal, url, open_browser=open_browser))
    files.keep_app(app)
    terminal.note(f"Logged in. The tokens are in {files.tokens}, which only you can read.", "green")
    if variable := variable_in_use():
        terminal.note(f"The environment variable {variable} is set, and comes before this login.", "yellow")


def _confirm_elsewhere(client: CozeClient, terminal: Terminal) -> None:
    started = client.oauth.start_device()
    minutes = max(round(started.expires_in / 60), 1)
    terminal.note(f"Open {started.verification_url}", "")
    terminal.note(f"and confirm the code {started.user_code} within {minutes} min. Ctrl-C stops waiting.", "")
    client.oauth.wait_for_device(started)


def _show_page(terminal: Terminal, url: str, *, open_browser: bool) -> None:
    terminal.note(f"Log in on this page: {url}", "")
    if open_browser:
        webbrowser.open(url)


def logout(context: typer.Context) -> None:
    """Remove the login of this machine: the app, and the tokens of its user."""
    files, terminal = LoginFiles.standard(), settings_of(context).terminal
    if not files.remove():
        terminal.note("There is no login.")
        return
    terminal.note(f"Removed {files.folder}. Its last token is valid until it expires: Coze cannot revoke it.")


def whoami(context: typer.Context, as_json: AsJson = False) -> None:
    """Tell whose token is used, on which server, and where it was found."""
    from coze_client.api.users import User

    settings = settings_of(context)
    client, account = settings.client(), find_account()
    try:
        user = client.users.me()
    except NotFound:  # a coze-studio does not tell; a wrong token is another error
        user = User()
    facts = {
        "user": user.nick_name or user.user_name,
        "user_id": user.user_id,
        "server": client.base_url,
        "token": account.source,
        "file": str(account.file or ""),
    }
    if as_json:
        settings.terminal.write_json(facts)
        return
    for name, fact in facts.items():
        if fact:
            settings.terminal.write(f"{name.replace('_', ' '):<8} {fact}")
