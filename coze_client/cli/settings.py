"""What every command gets from the options before its name: the terminal, the server, and whose account it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import typer

from coze_client.cli.account import find_account
from coze_client.cli.terminal import Terminal

if TYPE_CHECKING:
    from coze_client.client import CozeClient
    from coze_client.core.config import Region, Timeout


@dataclass(frozen=True)
class Settings:
    """The terminal and the server of a command; a command makes its client itself, since some need none.

    ``call_at_end`` takes functions to call when the command ends.
    """

    terminal: Terminal
    call_at_end: Callable[[Callable[[], None]], object]
    base_url: str | None = None
    region: Region | None = None

    def client(self, timeout: Timeout | None = None) -> CozeClient:
        """A client of the account that was found; raises ConfigurationError without one, or for a wrong address."""
        from coze_client.client import CozeClient  # it takes half a second of what a command's help would take
        from coze_client.core.config import Timeout

        client = CozeClient(
            find_account().credentials, base_url=self.base_url, region=self.region, timeout=timeout or Timeout()
        )
        self.call_at_end(client.close)
        return client


def settings_of(context: typer.Context) -> Settings:
    """The settings that ``app`` put into the context of a command."""
    return cast("Settings", context.obj)
