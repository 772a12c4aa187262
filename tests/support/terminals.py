"""Terminals that keep what a command writes into them."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from coze_client.cli.terminal import Terminal


def terminal(width: int = 80, *, is_terminal: bool = True) -> Terminal:
    """A terminal of this width without colours, or what is none, such as a pipe."""
    return Terminal(
        *(Console(file=StringIO(), width=width, force_terminal=is_terminal, color_system=None) for _ in ("out", "err"))
    )


def lines(console: Console) -> list[str]:
    """What was written, line by line."""
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()
