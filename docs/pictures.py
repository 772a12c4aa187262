"""Takes the pictures of `cozekit` in `docs/images`: the command runs in a terminal, and its screen becomes an SVG.

`python -m docs.pictures` takes them anew.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from io import StringIO
from itertools import groupby
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, FollowUps, FunctionCall, Item, Reasoning, ToolResponse, Turn
from tests.support.pty_screen import PtyScreen

FOLDER = Path(__file__).parent / "images"
_COLUMNS = 92
_NAMES = {"brown": "yellow", "default": None}  # pyte's names of colours, where rich has others

_ANSWER = """Three places near the harbour are open on Mondays:

| place | dish | euros |
|---|---|---:|
| Zum Anker | leek soup | 6 |
| 海港饭店 | steamed fish | 19 |
| Kontor | trout | 17 |

**Zum Anker** keeps a table for *15 minutes* only."""


def guide(_: Turn) -> Iterator[Item]:
    """Answer with thoughts, a call of a plugin, and a table."""
    yield Reasoning("The user wants to eat near the harbour on a Monday. I look the opening hours up first.")
    yield FunctionCall("find_restaurants", {"near": "harbour", "day": "Monday"})
    yield ToolResponse("3 restaurants")
    yield Answer(_ANSWER)
    yield FollowUps(("Which of them has tables outside?",))


def text_of(screen: pyte.Screen) -> Text:
    """The screen with its colours, without the empty lines at its end."""
    lines = [_line(screen.buffer[row], screen.columns) for row in range(screen.lines)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return Text("\n").join(lines)


def _line(cells: Mapping[int, pyte.screens.Char], columns: int) -> Text:
    runs = groupby((cells[column] for column in range(columns)), key=_style)
    line = Text().join(Text("".join(cell.data for cell in run), style) for style, run in runs)
    line.rstrip()  # the second half of a wide character is ""
    return line


def _style(cell: pyte.screens.Char) -> Style:
    return Style(
        color=_color(cell.fg), bgcolor=_color(cell.bg), bold=cell.bold, italic=cell.italics, reverse=cell.reverse
    )


def _color(name: str) -> str | None:
    if name in _NAMES:
        return _NAMES[name]
    is_hex = len(name) == 6 and all(letter in "0123456789abcdef" for letter in name)
    return f"#{name}" if is_hex else name.replace("bright", "bright_")


def save(screen: PtyScreen, title: str, path: Path) -> None:
    """Write the screen of a program as an SVG."""
    console = Console(record=True, width=_COLUMNS, file=StringIO())
    console.print(text_of(screen.screen), soft_wrap=True)
    console.save_svg(str(path), title=title, unique_id=path.stem)


def take_all(folder: Path) -> None:
    """Take all pictures, on an emulator."""
    folder.mkdir(exist_ok=True)
    with Emulator(port=8642, pace=0.01, demo=True) as coze, tempfile.TemporaryDirectory() as home:
        coze.add_bot("guide", guide)
        coze.add_bot("waiter", published=False)
        os.environ.update(COZE_API_BASE=coze.url, COZE_API_TOKEN=coze.token, COZEKIT_HOME=home)
        doctor = ("doctor", "--workflow", "Book table", "--dataset", "handbook", "--bot", "waiter")
        with PtyScreen(*doctor, columns=_COLUMNS, rows=30) as screen:
            screen.wait_for_end()
            save(
                screen, 'cozekit doctor --workflow "Book table" --dataset handbook --bot waiter', folder / "doctor.svg"
            )
        with PtyScreen("chat", "guide", columns=_COLUMNS, rows=30) as screen:
            screen.wait_for_prompt(">")
            screen.press("Where can I eat near the harbour on a Monday?\r", until="tokens (")
            screen.wait_for_prompt(">")
            save(screen, "cozekit chat guide", folder / "chat.svg")


if __name__ == "__main__":
    take_all(FOLDER)
