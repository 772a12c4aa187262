"""The account of a command: the environment's token first, then the login of ``cozekit login``."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
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

    def keep_app(self, config: Mapping[str, object]) -> None:
        """Store the app of a login that succeeded, readable for its owner alone: it may hold a secret."""
        handle, name = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(config, file)
        Path(name).replace(self.app)

    def make_folder(self) -> None:
        """Make the folder, which nobody else may open."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def remove(self) -> bool:
        """Remove the folder with all that is in it; False if there is no login."""
        if not self.folder.exists():
            return False
        shutil.rmtree(self.folder)
        return True

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
    """Whose token a command sends. ``source`` tells where it was found, ``file`` which file holds it, if one does."""

    source: str
    credentials: Credentials
    file: Path | None = None


def find_account() -> Account:
    """The account of the environment, else of the login; raises ConfigurationError if there is neither."""
    from coze_client.auth.config_file import from_config
    from coze_client.auth.environment import credentials, no_token, variable_in_use
    from coze_client.auth.token_store import FileStore

    if variable := variable_in_use():
        return Account(f"the environment variable {variable}", credentials(None))
    files = LoginFiles.standard()
    if not files.app.exists():
        missing = no_token()
        missing.cure = "Set COZE_API_TOKEN, or run: cozekit login. To try without an account: cozekit emulate"
        raise missing
    return Account(f"the login in {files.folder}", from_config(files.app, store=FileStore(files.tokens)), files.tokens)
