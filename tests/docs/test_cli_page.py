"""`docs/cli.md` names every command, its examples have only options that exist, and its pictures are of the command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest
import typer
from rich.style import Style
from typer.core import TyperGroup

from coze_client import CozeClient, Message
from coze_client.cli.app import app
from coze_client.cli.bot_scripts import BotScripts
from coze_client.emulator import Emulator
from docs.pictures import FOLDER, text_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
SHELL = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
EXAMPLES = [line.rpartition("| ")[2] for line in SHELL.splitlines() if "cozekit " in line]
ROOT_COMMAND = typer.main.get_command(app)


def commands(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each command that does something, by its words."""
    if not isinstance(command, TyperGroup):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from commands(inner, f"{path} {name}".strip())


def test_every_command_stands_on_the_page() -> None:
    found = dict(commands(ROOT_COMMAND))
    assert len(found) > 15
    headed = set(re.findall(r"[\w-]+", " ".join(re.findall(r"^## (.+)$", PAGE, re.MULTILINE))))
    assert [name for name in found if not headed & set(name.split())] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_has_a_command_and_options_that_exist(example: str) -> None:
    _, *words = shlex.split(example)
    command: Any = ROOT_COMMAND
    while isinstance(command, TyperGroup):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert [word for word in words if re.match(r"-{1,2}[a-z]", word) and word not in known] == []


def test_the_bots_of_the_page_answer(emulator: Emulator, tmp_path: Path) -> None:
    [program] = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "bots.py").write_text(program)
    BotScripts(tmp_path / "bots.py", emulator).load()
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        stream = client.chats.stream(
            bot_id=emulator.bots["waiter"], user_id="me", additional_messages=[Message.user("Soup?")]
        )
        assert stream.read().text == "You asked: Soup?"
    assert "menu" in emulator.datasets


def test_the_screen_keeps_its_colours_and_wide_characters_in_a_picture() -> None:
    screen = pyte.Screen(12, 4)
    pyte.Stream(screen).feed("\x1b[32m✓\x1b[0m 北京 \x1b[1;38;5;208mx\x1b[0m\r\n\r\nend")
    text = text_of(screen)
    assert text.plain == "✓ 北京 x\n\nend"
    styles = {span.start: span.style for span in text.spans if isinstance(span.style, Style) and span.style.color}
    assert {start: (style.color and style.color.name, style.bold) for start, style in styles.items()} == {
        0: ("green", False),
        5: ("#ff8700", True),
    }


@pytest.mark.parametrize(("name", "shown"), [("doctor", "permissions"), ("chat", "tokens")])
def test_the_pictures_show_the_command(name: str, shown: str) -> None:
    picture = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert f"cozekit&#160;{name}" in picture or f"cozekit {name}" in picture
    assert shown in picture
