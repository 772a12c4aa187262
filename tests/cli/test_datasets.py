"""`cozekit dataset`: a folder mirrored, sources added, passages found."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_client import CozeClient
from coze_client.emulator import Emulator
from tests.support.command import Command
from tests.support.terminals import lines, terminal

NAME = "menu"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "menu"
    folder.mkdir()
    (folder / "soup.txt").write_text("Leek soup costs 6 euros.")
    (folder / "fish.txt").write_text("Trout costs 19 euros.")
    return folder


@pytest.fixture
def menu(emulator: Emulator) -> str:
    """An empty dataset."""
    return emulator.add_dataset(NAME, {})


def names(emulator: Emulator, dataset_id: str) -> set[str]:
    return {document.name for document in emulator.documents(dataset_id)}


def statuses(out: str) -> dict[str, str]:
    """The status of each document by its name."""
    return {name: status for status, name, *_ in (line.split("\t") for line in out.splitlines())}


def test_a_folder_is_mirrored_again_and_again(cozekit: Command, emulator: Emulator, folder: Path, menu: str) -> None:
    mirror = ("dataset", "mirror", str(folder), "--dataset", NAME)
    assert statuses(cozekit(*mirror, "--dry-run").out) == {"soup.txt": "new", "fish.txt": "new"}
    assert names(emulator, menu) == set()
    assert statuses(cozekit(*mirror).out) == {"soup.txt": "ready", "fish.txt": "ready"}

    (folder / "fish.txt").unlink()
    (folder / "soup.txt").write_text("Leek soup costs 7 euros.")
    (folder / "bread.txt").write_text("Bread is free.")
    assert statuses(cozekit(*mirror).out) == {"soup.txt": "ready", "bread.txt": "ready", "fish.txt": "gone"}
    assert names(emulator, menu) == {"soup.txt", "bread.txt"}
    assert [each["status"] for each in cozekit(*mirror, "--json").json] == ["skipped", "skipped"]


def test_a_mirror_deletes_nothing_that_came_from_another_folder(
    cozekit: Command, emulator: Emulator, folder: Path, tmp_path: Path, menu: str
) -> None:
    other = tmp_path / "drinks"
    other.mkdir()
    (other / "tea.txt").write_text("Tea costs 3 euros.")
    cozekit("dataset", "mirror", str(folder), "--dataset", menu)
    cozekit("dataset", "mirror", str(other), "--dataset", menu)
    cozekit("dataset", "add", str(folder / "soup.txt"), "--dataset", menu)
    assert names(emulator, menu) >= {"soup.txt", "fish.txt", "tea.txt"}


def test_a_source_that_fails_is_told_and_makes_the_exit_code_1(
    cozekit: Command, emulator: Emulator, folder: Path, menu: str
) -> None:
    done = cozekit("dataset", "add", str(folder / "soup.txt"), str(folder / "no.txt"), "--dataset", menu)
    assert statuses(done.out) == {"soup.txt": "ready", "no.txt": "failed"}
    assert done.code == 1
    assert names(emulator, menu) == {"soup.txt"}


def test_what_was_added_is_not_added_twice(cozekit: Command, emulator: Emulator, folder: Path, menu: str) -> None:
    for status in ("ready", "skipped"):
        done = cozekit("dataset", "add", str(folder / "soup.txt"), "--dataset", menu)
        assert statuses(done.out) == {"soup.txt": status}


def test_a_new_dataset_is_filled_and_found_by_its_name(cozekit: Command, emulator: Emulator, folder: Path) -> None:
    made = cozekit("dataset", "create", "Speisen").out.strip()
    assert emulator.datasets["Speisen"] == made
    cozekit("dataset", "mirror", str(folder), "--dataset", "Speisen")
    assert names(emulator, made) == {"soup.txt", "fish.txt"}


@pytest.mark.parametrize("way", ["--workflow", "--bot", "--dataset"])
def test_passages_are_found_by_workflow_bot_or_helper_bot(
    cozekit: Command, emulator: Emulator, folder: Path, way: str
) -> None:
    dataset = emulator.add_dataset(NAME, {path.name: path.read_text() for path in folder.iterdir()})
    source = {
        "--workflow": emulator.add_knowledge_workflow([dataset]),
        "--bot": emulator.add_bot("waiter", dataset_ids=[dataset]),
        "--dataset": NAME,
    }[way]
    setup = ["--setup"] if way == "--dataset" else []
    done = cozekit("dataset", "search", "What does leek soup cost?", way, source, *setup)
    assert done.out.splitlines()[0].startswith("1. ")
    assert "Leek soup costs 6 euros." in done.out
    found = cozekit("dataset", "search", "What does leek soup cost?", way, source, "--json").json
    assert found[0]["text"] == "Leek soup costs 6 euros."


@pytest.mark.usefixtures("menu")
def test_a_helper_bot_is_made_only_when_it_is_asked_for(cozekit: Command, emulator: Emulator) -> None:
    before = set(emulator.bots)
    done = cozekit("dataset", "search", "soup", "--dataset", NAME)
    assert done.code == 1
    assert "--setup" in done.err
    assert (set(emulator.bots), emulator.calls_to("/v1/bot/create")) == (before, [])
    assert "give one of --workflow, --bot and --dataset" in " ".join(cozekit("dataset", "search", "soup").err.split())


def test_a_workspace_must_be_named_where_there_are_several(cozekit: Command, client: CozeClient) -> None:
    other = client.workspaces.create(name="Cellar", description="")
    done = cozekit("dataset", "create", "wines")
    assert f"Cellar ({other})" in done.err
    assert (done.code, cozekit("dataset", "create", "wines", "--workspace", other).code) == (1, 0)
    assert [each.name for each in client.datasets.list(workspace_id=other)] == ["wines"]


def test_in_a_terminal_a_bar_shows_the_progress_and_a_table_the_report(
    cozekit: Command, folder: Path, menu: str
) -> None:
    shown = terminal()
    cozekit("dataset", "mirror", str(folder), "--dataset", menu, terminal=shown)
    assert [line.split()[:2] for line in lines(shown.out)] == [
        ["status", "name"],
        ["ready", "fish.txt"],
        ["ready", "soup.txt"],
    ]
    assert any("processing" in line for line in lines(shown.err))


def test_a_dataset_of_no_workspace_has_no_helper_bot(cozekit: Command) -> None:
    done = cozekit("dataset", "search", "soup", "--dataset", "123", "--setup")
    assert "No workspace lists the dataset 123" in done.err


def test_nothing_found_is_said(cozekit: Command, emulator: Emulator, menu: str) -> None:
    done = cozekit("dataset", "search", "soup", "--workflow", emulator.add_knowledge_workflow([menu]))
    assert (done.out, done.err, done.code) == ("", "Nothing was found.\n", 0)
