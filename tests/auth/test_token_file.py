"""What `FileStore` leaves on the disk: no temporary files, and nothing that others may read."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from coze_client import FileStore
from coze_client.auth.token import Token

TOKEN = Token("a" * 100, 0, 9, "r" * 100)
posix = pytest.mark.skipif(os.name != "posix", reason="modes of files exist on POSIX")


@pytest.fixture
def no_umask() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


@posix
@pytest.mark.usefixtures("no_umask")
@pytest.mark.parametrize("folders", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_every_folder_and_file_that_it_makes_is_its_owners_alone(tmp_path: Path, folders: list[str]) -> None:
    store = FileStore(tmp_path.joinpath(*folders, "t.json"))
    store.save("k", TOKEN)
    release = store.claim("k")
    assert release
    release()
    made = list(tmp_path.rglob("*"))
    assert len(made) == len(folders) + 3
    assert {path.name for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077} == set()


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def test_what_killed_writers_left_is_removed_by_the_next_save_and_nothing_else(tmp_path: Path) -> None:
    for name in (".t.json.abcd1234", ".t.json.x_y_z_12", ".t.json.bak.abcd1234", ".other", ".t.json.short"):
        (tmp_path / name).write_text("secret")
    FileStore(tmp_path / "t.json").save("k", TOKEN)
    assert leftovers(tmp_path) == [".other", ".t.json.bak.abcd1234", ".t.json.short"]
    FileStore(tmp_path / "t.json.bak").save("k", TOKEN)
    assert leftovers(tmp_path) == [".other", ".t.json.short"]


@posix
def test_a_writer_that_is_killed_leaves_nothing_after_the_next_save(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "t.json")
    for _ in range(5):
        pid = os.fork()
        if pid == 0:
            os.fsync = lambda _: os._exit(9)  # type: ignore[assignment]  # as if killed before the file is renamed
            store.save("k", TOKEN)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    assert len(leftovers(tmp_path)) == 1  # each removes what the one before it left
    store.save("k", TOKEN)
    assert leftovers(tmp_path) == []
    assert store.load("k") == TOKEN


def test_writers_at_the_same_time_do_not_remove_what_the_others_write(tmp_path: Path) -> None:
    def write(number: int) -> None:
        for each in range(20):
            FileStore(tmp_path / "t.json").save(f"{number}-{each}", TOKEN)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    store = FileStore(tmp_path / "t.json")
    assert all(store.load(f"{number}-{each}") == TOKEN for number in range(4) for each in range(20))
    assert leftovers(tmp_path) == []
