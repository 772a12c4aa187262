"""`cozekit bots list` and its siblings, names in place of ids, and what the shell completes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from coze_client import CozeClient
from coze_client.cli.app import app
from coze_client.cli.nouns import BOTS, find_id
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from coze_client.errors import ConfigurationError
from tests.support.command import Command


def rows(text: str) -> dict[str, str]:
    """The name of each row by its id."""
    cells = [line.split("\t") for line in text.splitlines()]
    return {row[0]: row[1] for row in cells}


def test_each_kind_is_listed_by_id_and_name_and_the_same_as_json(cozekit: Command, emulator: Emulator) -> None:
    emulator.add_dataset("handbook", {"a.txt": "text"})
    expected = {
        "bots": {id_: name for name, id_ in emulator.bots.items()},
        "workflows": {emulator.workflows["book_table"]: "Book table"},
        "datasets": {emulator.datasets["handbook"]: "handbook"},
        "workspaces": {WORKSPACE: "Emulated workspace"},
    }
    assert {kind: rows(cozekit(kind, "list").out) for kind in expected} == expected
    assert [bot["bot_id"] for bot in cozekit("bots", "list", "--json").json] == list(emulator.bots.values())
    assert "Emulated Ada" in rows(cozekit("voices", "list").out).values()


def test_bots_that_are_not_published_are_listed_too(cozekit: Command, emulator: Emulator) -> None:
    draft = emulator.add_bot("draft", published=False)
    assert rows(cozekit("bots", "list", "--workspace", WORKSPACE).out)[draft] == "draft"
    assert cozekit("bots", "list", "--workspace", "1").out == ""


def test_conversations_are_those_with_a_bot_that_is_named(cozekit: Command, client: CozeClient) -> None:
    [bot] = [bot for bot in client.bots.list(workspace_id=WORKSPACE) if bot.name == "echo"]
    made = client.conversations.create(bot_id=bot.bot_id, name="trip")
    assert rows(cozekit("conversations", "list", "echo").out) == {made.id: "trip"}
    assert cozekit("conversations", "list", "echo").out == cozekit("conversations", "list", bot.bot_id).out


def test_what_a_token_may_not_list_is_one_sentence_with_its_cure(
    cozekit: Command, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COZE_API_TOKEN", emulator.issue_token(["listWorkspace"]))
    done = cozekit("datasets", "list")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: ")
    assert "4101" in done.err


def bots(*pairs: tuple[str, str]) -> Any:
    return lambda: [SimpleNamespace(bot_id=id_, name=name) for name, id_ in pairs]


@pytest.mark.parametrize(
    ("given", "listed", "id_"),
    [
        ("7", bots(("7", "1")), "7"),
        (" 7 ", bots(), "7"),
        ("Echo", bots(("echo", "1"), ("Echo", "2")), "2"),
        ("ECHO", bots(("echo", "1"), ("other", "2")), "1"),
        ("翻译", bots(("翻译", "3")), "3"),
    ],
)
def test_a_name_is_found_exactly_first_and_then_in_other_letters(given: str, listed: Any, id_: str) -> None:
    assert find_id(BOTS, given, listed) == id_


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        (bots(("echo", "1"), ("other", "2")), "Names like it: echo"),
        (bots(), "cozekit bots list"),
        (bots(("ekho", "1"), ("ekho", "2")), "2 bots have the name 'ekho'. Give the id of one of them: 1, 2"),
    ],
)
def test_a_name_of_nothing_or_of_several_is_refused_with_what_to_give(listed: Any, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_id(BOTS, "ekho", listed)
    assert told in str(caught.value)


def completed(line: str) -> str:
    """What zsh is offered at the end of `line`."""
    environment = {"_COZEKIT_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
    return CliRunner().invoke(app, [], env=environment, prog_name="cozekit").stdout


@pytest.mark.usefixtures("cozekit")
def test_the_shell_completes_names_and_ids(emulator: Emulator) -> None:
    emulator.add_bot("my bot")
    assert "several_answers" in completed("cozekit conversations list se")
    assert "echo" not in completed("cozekit conversations list se")
    assert "echo" in completed(f"cozekit conversations list {emulator.bots['echo']}")
    assert "my bot" in completed("cozekit conversations list ")


@pytest.mark.usefixtures("home")
def test_without_an_account_the_shell_completes_nothing_and_shows_no_error() -> None:
    assert completed("cozekit conversations list e") == "_files\n"  # what zsh offers on its own


def test_a_server_that_lists_no_workspaces_asks_for_one_or_for_an_id(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Emulator("studio") as studio:
        monkeypatch.setenv("COZE_API_BASE", studio.url)
        monkeypatch.setenv("COZE_API_TOKEN", studio.token)
        cozekit = Command((studio.token,))
        assert "--workspace" in cozekit("chat", "echo", "-m", "hi").err
        assert cozekit("chat", studio.bots["echo"], "-m", "hi").out == "hi\n"
        dataset = cozekit("dataset", "create", "menu", "--workspace", WORKSPACE).out.strip()
        assert rows(cozekit("datasets", "list", "--workspace", WORKSPACE).out) == {dataset: "menu"}
        assert cozekit("whoami", "--json").json["user"] == ""
