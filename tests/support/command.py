"""Runs the command `cozekit` in this process, and refuses outputs that show a token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from coze_client.cli.app import app
from coze_client.cli.terminal import Terminal


@dataclass(frozen=True)
class Done:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """Calls the command without a terminal; raises AssertionError if it shows one of `secrets`."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self.secrets = secrets

    def __call__(self, *arguments: str, typed: str = "", terminal: Terminal | None = None) -> Done:
        """Run the command with what is `typed` at its standard input; an unexpected exception is raised.

        `terminal`: where it writes, in place of its standard output and error.
        """
        result = CliRunner().invoke(app, arguments, input=typed, obj=terminal)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        done = Done(result.exit_code, result.stdout, result.stderr)
        assert [secret for secret in self.secrets if secret in done.out + done.err] == []
        return done
