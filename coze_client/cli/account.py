"""The account of a command: the environment's token first, then the login of ``cozekit login``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import typer

from coze_client.auth.config_file import from_config
from coze_client.auth.environment import credentials, no_token, variable_in_use
from coze_client.auth.token_store import FileStore
from coze_client.core.credentials import Credentials

FOLDER_VARIABLE = "COZEKIT_HOME"


def own_folder() -> Path:
    """The folder of this command's files: ``COZEKIT_HOME``, or where this system keeps settings of programs."""
    return Path(os.environ.get(FOLDER_VARIABLE) or typer.get_app_dir("cozekit")).expanduser().absolute()


@dataclass(frozen=True)
class LoginFiles:
    """The files of a login, in a folder that holds nothing else: the OAuth app, and the tokens of its user."""

    folder: Path

    @classmethod
    def standard(cls) -> LoginFiles:
        return cls(own_folder() / "login")

    @property
    def app(self) -> Path:
        """The OAuth app, in the format of Coze's configuration file."""
        return self.folder / "app.json"

    @property
    def tokens(self) -> Path:
        """The tokens; only their owner may read the file."""
        return self.folder / "tokens.json"


@dataclass(frozen=True)
class Account:
    """Whose token a command sends. ``source`` tells where it was found, and never shows it."""

    source: str
    credentials: Credentials


def find_account() -> Account:
    """The account of the environment, else of the login; raises ConfigurationError if there is neither."""
    if variable := variable_in_use():
        return Account(f"the environment variable {variable}", credentials(None))
    files = LoginFiles.standard()
    if not files.app.exists():
        missing = no_token()
        missing.cure = "Set COZE_API_TOKEN, or run: cozekit login. To try without an account: cozekit emulate"
        raise missing
    return Account(f"the login in {files.folder}", from_config(files.app, store=FileStore(files.tokens)))
