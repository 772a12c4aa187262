"""`cozekit emulate`: a local Coze with bots of a file, which may change."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_client import CozeClient, Message
from coze_client.cli import bot_scripts
from coze_client.cli.bot_scripts import BotScripts
from coze_client.emulator import Emulator
from coze_client.errors import CozeError
from tests.support.command import Command

HEAD = "from coze_client.emulator.scripts import Answer, Turn\n\n"
WAITER = HEAD + 'def waiter(turn: Turn):\n    yield Answer("Soup.")\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bots.py"
    path.write_text(WAITER)
    return path


def ask(client: CozeClient, bot_id: str) -> str:
    return client.chats.stream(bot_id=bot_id, user_id="u", additional_messages=[Message.user("Hi")]).read().text


def test_the_functions_of_a_file_become_bots_beside_those_that_are_there(
    home: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BotScripts, "watch", lambda *_: None)
    done = Command()("emulate", "--script", str(file), "--watch", "--port", "0")
    assert done.code == 0
    assert {"waiter", "echo"} <= {line.split()[0] for line in done.out.splitlines() if line.strip()}


@pytest.mark.parametrize(
    ("text", "bots"),
    [
        (
            "def a(turn): ...\n\ndef b(x: Turn): ...\n\ndef _c(turn): ...\n\ndef d(x): ...\n\ndef e(turn, y): ...\n",
            {"a", "b"},
        ),
        ('def a(turn: "Turn"): ...\n\ndef setup(emulator):\n    emulator.add_bot("made", a)\n', {"a", "made"}),
    ],
)
def test_a_bot_is_a_public_function_of_one_turn(emulator: Emulator, file: Path, text: str, bots: set[str]) -> None:
    before = set(emulator.bots)
    file.write_text(HEAD + text)
    BotScripts(file, emulator).load()
    assert set(emulator.bots) - before == bots


def test_a_changed_file_changes_its_bots_under_their_ids(emulator: Emulator, client: CozeClient, file: Path) -> None:
    scripts = BotScripts(file, emulator)
    scripts.load()
    waiter = emulator.bots["waiter"]
    assert ask(client, waiter) == "Soup."
    assert not scripts.reload()

    file.write_text(WAITER.replace("Soup", "Fish") + '\ndef cook(turn: Turn):\n    return [Answer("Eggs.")]\n')
    assert scripts.reload()
    assert emulator.bots["waiter"] == waiter
    assert (ask(client, waiter), ask(client, emulator.bots["cook"])) == ("Fish.", "Eggs.")

    file.write_text(HEAD + "def cook(turn: Turn): ...\n")
    scripts.reload()
    with pytest.raises(CozeError, match="no bot waiter any more"):
        ask(client, waiter)


def test_a_mistake_in_a_changed_file_is_told_with_its_line_and_the_bots_stay(
    emulator: Emulator, client: CozeClient, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_scripts, "_PAUSE", 0.0)
    scripts = BotScripts(file, emulator)
    scripts.load()
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            file.write_text(WAITER.replace("Soup", "Bread"))
        else:
            raise KeyboardInterrupt

    file.write_text(WAITER + "\nundefined_name\n")
    with pytest.raises(KeyboardInterrupt):
        scripts.watch(tell)
    assert told[0].startswith(f"{file}, line 6: NameError: ")
    assert told[1].endswith("was read again: waiter")
    assert ask(client, emulator.bots["waiter"]) == "Bread."


@pytest.mark.parametrize("text", ["x = 1\n", "def (\n"])
def test_a_file_without_a_bot_is_refused_before_the_server_is_announced(home: Path, file: Path, text: str) -> None:
    file.write_text(text)
    done = Command()("emulate", "--script", str(file), "--port", "0")
    assert (done.code, done.out) == (1, "")
    assert str(file) in done.err


def test_options_that_cannot_go_together_and_a_taken_port_are_told(home: Path, emulator: Emulator) -> None:
    cozekit = Command()
    assert "Invalid value for --watch: there is no file" in cozekit("emulate", "--watch").err
    assert "--dialect studio" in cozekit("emulate", "--version", "0.5.0").err
    taken = cozekit("emulate", "--port", emulator.url.rpartition(":")[2])
    assert taken.code == 1
    assert "choose another port" in taken.err
