"""Where a command writes and asks: results to the standard output, everything else to the standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from coze_client.errors import CozeError

# What moves the cursor, changes the title, or writes the clipboard of a terminal; tabs and line ends are harmless.
_CONTROLS = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}


def harmless(text: str) -> str:
    """A text of a server without what a terminal would obey."""
    return text.translate(_CONTROLS)


@dataclass(frozen=True)
class Terminal:
    """The output of a command. ``out``: its results. ``err``: notes, questions and errors."""

    out: Console = field(default_factory=lambda: Console(highlight=False))
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    @property
    def can_ask(self) -> bool:
        """True if somebody sits before it: input and output are a terminal."""
        return sys.stdin.isatty() and self.out.is_terminal

    def write(self, text: str, style: str = "") -> None:
        """Write a result as it is: without markup or line ends of ours, and into a pipe or a file with its tabs."""
        if self.out.is_terminal:
            self.out.print(Text(harmless(text), style=style), soft_wrap=True)
        else:
            print(text, file=self.out.file)

    def note(self, text: str, style: str = "dim") -> None:
        """Write a line that is no result."""
        self._tell(Text(harmless(text), style=style))

    def tell_error(self, error: Exception) -> None:
        """Write an error: what happened, where, and the cure."""
        told = error.strerror if isinstance(error, OSError) and error.strerror and not error.filename else str(error)
        self._tell(Text.assemble(("Error: ", "bold red"), harmless(told)))
        if isinstance(error, CozeError) and error.debug_url:
            self.note(f"The run in Coze: {error.debug_url}")

    def _tell(self, text: Text) -> None:
        self.err.print(text, soft_wrap=not self.err.is_terminal)

    def write_json(self, value: object) -> None:
        """Write a value as JSON, for programs; other characters than ASCII stay readable."""
        self.write(json.dumps(value, ensure_ascii=False, indent=2))

    def write_table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table. Into a pipe or a file: a line a row, its cells between tabs, so that nothing is cut off."""
        if not self.out.is_terminal:
            for row in rows:
                self.write("\t".join(" ".join(cell.split()) for cell in row))
            return
        table = Table(*headings, box=None, pad_edge=False, header_style="bold")
        for column in table.columns:
            column.overflow = "fold"
        for row in rows:
            table.add_row(*(Text(harmless(cell)) for cell in row))
        self.out.print(table)


@contextmanager
def without_echo() -> Iterator[None]:
    """Keys that are typed meanwhile, Ctrl-C among them, are not shown: they would tear what is being drawn."""
    try:
        import termios
    except ImportError:  # Windows shows nothing by itself
        yield
        return
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    silent = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(sys.stdin, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)
