"""What a source is: its older versions are replaced, whatever their names, and nothing else is deleted."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from coze_client.api.datasets.document_base import DocumentBase
from coze_client.bridge.writing.report import WriteReport, WriteResult
from coze_client.emulator import faults
from tests.support.writers import DELETE, Note, WrittenDataset, statuses


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which three files have one name."""
    path = tmp_path / "hotel"
    write(path / "parking.txt", "Cars park in front.")
    write(path / "sub" / "parking.txt", "Buses park behind.")
    write(path / "sub" / "deep" / "parking.txt", "Bicycles park inside.")
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def all_texts(target: WrittenDataset) -> list[str]:
    """The texts of the dataset, sorted; several documents may have one name."""
    documents = target.emulator.documents(target.dataset_id)
    return sorted("".join(piece.text for piece in target.emulator.slices(each.id)) for each in documents)


# --- files ---


def test_files_of_one_name_are_named_by_their_folders(target: WrittenDataset, folder: Path) -> None:
    target.add(folder)
    assert target.texts == {
        "parking.txt": "Cars park in front.",
        "sub/parking.txt": "Buses park behind.",
        "deep/parking.txt": "Bicycles park inside.",
    }


@pytest.mark.parametrize("method", ["replace", "mirror"])
@pytest.mark.parametrize("changed", ["parking.txt", "sub/parking.txt", "sub/deep/parking.txt"])
def test_only_the_version_of_the_same_file_is_replaced(
    target: WrittenDataset, folder: Path, method: str, changed: str
) -> None:
    target.call(method, folder)
    before = target.texts
    write(folder / changed, "new")
    report: WriteReport = target.call(method, folder)
    [result] = [each for each in report if each.status == "ready"]
    assert result.source == changed
    assert report.counts == {"ready": 1, "skipped": 2}
    assert target.texts == {**before, result.name: "new"}


@pytest.mark.parametrize("method", ["replace", "mirror"])
def test_files_that_exchange_their_contents_are_not_uploaded_again(
    target: WrittenDataset, folder: Path, method: str
) -> None:
    target.call(method, folder)
    before = target.texts
    write(folder / "parking.txt", "Buses park behind.")
    write(folder / "sub" / "parking.txt", "Cars park in front.")
    assert statuses(target.call(method, folder)) == ["skipped"] * 3
    assert target.texts == before


def test_a_content_that_another_source_still_has_is_not_deleted(target: WrittenDataset, folder: Path) -> None:
    write(folder / "copy.txt", "Buses park behind.")
    target.call("replace", folder)
    write(folder / "sub" / "parking.txt", "Buses are gone.")
    target.call("replace", folder)
    assert sorted(target.texts.values()) == [
        "Bicycles park inside.",
        "Buses are gone.",
        "Buses park behind.",
        "Cars park in front.",
    ]
    write(folder / "copy.txt", "Buses are gone.")
    target.call("replace", folder)
    assert "Buses park behind." not in target.texts.values()


def test_a_file_that_is_given_alone_is_the_one_that_the_folder_had(target: WrittenDataset, folder: Path) -> None:
    target.add(folder)
    target.call("replace", write(folder / "sub" / "parking.txt", "new"))
    assert sorted(target.texts.values()) == ["Bicycles park inside.", "Cars park in front.", "new"]


def test_a_new_file_that_is_given_alone_replaces_no_other_of_its_name(target: WrittenDataset, folder: Path) -> None:
    target.add(folder)
    report = target.call("replace", write(folder / "roof" / "parking.txt", "Helicopters."))
    assert statuses(report) == ["ready"]
    assert len(target.texts) == 4


def test_a_folder_that_was_moved_has_the_same_sources(target: WrittenDataset, folder: Path, tmp_path: Path) -> None:
    target.add(folder)
    shutil.copytree(folder, tmp_path / "elsewhere")
    write(tmp_path / "elsewhere" / "sub" / "parking.txt", "new")
    report = target.call("replace", tmp_path / "elsewhere")
    assert report.counts == {"skipped": 2, "ready": 1}
    assert sorted(target.texts.values()) == ["Bicycles park inside.", "Cars park in front.", "new"]


def test_two_folders_that_are_given_together_keep_their_files_apart(target: WrittenDataset, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for each in (one, two):
        write(each / "a.txt", f"a of {each.name}")
    target.call("replace", [one, two])
    assert target.texts == {"a.txt": "a of one", "two/a.txt": "a of two"}
    write(two / "a.txt", "new")
    target.call("replace", [two])
    assert target.texts == {"a.txt": "a of one", "two/a.txt": "new"}


def test_a_file_that_cannot_be_read_keeps_its_older_version(target: WrittenDataset, folder: Path) -> None:
    target.call("mirror", folder)
    before = target.texts
    write(folder / "sub" / "parking.txt", "")
    report = target.call("mirror", folder)
    assert report.counts == {"skipped": 2, "failed": 1}
    assert target.texts == before


# --- parts of one document ---


@pytest.mark.parametrize("method", ["replace", "mirror"])
def test_parts_of_one_source_are_replaced_together(target: WrittenDataset, method: str) -> None:
    old = [Note("owl.pdf", "one"), Note("owl.pdf", "two"), Note("owl.pdf", "three"), Note("cat.pdf", "cat")]
    new = [Note("owl.pdf", "one"), Note("owl.pdf", "2"), Note("cat.pdf", "cat")]
    target.call(method, old)
    report = target.call(method, new)
    assert [each.status for each in report if each.status != "gone"] == ["skipped", "ready", "skipped"]
    assert sorted(target.texts.values()) == ["2", "cat", "one"]


def test_older_parts_stay_until_all_new_ones_are_ready(target: WrittenDataset, folder: Path) -> None:
    target.add([Note("n", "old one"), Note("n", "old two")])
    broken = DocumentBase("n", {"file_base64": "no base64", "file_type": "txt"})
    assert statuses(target.call("replace", [Note("n", "new one"), broken])) == ["ready", "failed"]
    assert all_texts(target) == ["new one", "old one", "old two"]
    assert statuses(target.call("replace", [Note("n", "new one"), Note("n", "new two")])) == ["skipped", "ready"]
    assert sorted(target.texts.values()) == ["new one", "new two"]


# --- adding ---


def test_adding_a_new_version_says_that_the_old_one_stands(target: WrittenDataset) -> None:
    [old] = target.add([Note("n", "old")])
    for status in ("ready", "skipped"):
        [new] = target.add([Note("n", "new")])
        assert new.status == status
        assert old.document_id in new.error
        assert "replace" in new.error
        assert "mirror" in new.error
    [replaced] = target.call("replace", [Note("n", "new")])
    assert (replaced.status, replaced.error) == ("skipped", "")
    assert target.texts == {new.name: "new"}
    assert target.add([Note("n", "new")]) == WriteReport((replaced,))


def test_an_old_version_that_somebody_deleted_does_not_stand(target: WrittenDataset) -> None:
    target.add([Note("n", "old")])
    target.call("delete", "n")
    assert [each.error for each in target.add([Note("n", "new")])] == [""]


# --- records of earlier versions ---


def forget_sources(record: Path) -> None:
    """Make the record one of version 1, which has no sources."""
    connection = sqlite3.connect(record, isolation_level=None)
    connection.executescript("DROP TABLE sources; PRAGMA user_version = 1;")
    connection.close()


@pytest.mark.parametrize("method", ["add", "replace", "mirror"])
def test_what_an_earlier_version_uploaded_is_not_uploaded_again(
    target: WrittenDataset, folder: Path, method: str
) -> None:
    target.add(folder)
    forget_sources(target.record)
    before = target.texts
    assert statuses(target.call(method, folder)) == ["skipped"] * 3
    assert target.texts == before


@pytest.mark.parametrize("method", ["replace", "mirror"])
def test_what_an_earlier_version_uploaded_is_replaced(target: WrittenDataset, method: str) -> None:
    target.add([Note("n.txt", "one"), Note("n.txt", "two"), Note("m.txt", "three")])
    forget_sources(target.record)
    target.call(method, [Note("n.txt", "one"), Note("n.txt", "new"), Note("m.txt", "newer")])
    assert sorted(target.texts.values()) == ["new", "newer", "one"]


def test_a_mirror_deletes_what_an_earlier_version_uploaded_and_is_gone(target: WrittenDataset) -> None:
    target.add([Note("n", "one"), Note("m", "two")])
    forget_sources(target.record)
    report = target.call("mirror", [Note("n", "one")])
    assert report.counts == {"skipped": 1, "gone": 1}
    assert target.texts == {"n": "one"}


# --- mirroring ---


@pytest.fixture
def mirrored(target: WrittenDataset, folder: Path) -> WrittenDataset:
    """A mirrored folder that changes afterwards: a file is new, one changed, one gone, one stays."""
    target.dataset_id = target.emulator.add_dataset("with one", {"theirs.txt": "by others", "new.txt": "theirs"})
    write(folder / "gone.txt", "Nobody parks.")
    assert target.call("mirror", folder).counts == {"ready": 4}
    (folder / "gone.txt").unlink()
    shutil.rmtree(folder / "sub" / "deep")
    write(folder / "sub" / "parking.txt", "Buses park on the street.")
    write(folder / "sub" / "new.txt", "Trams do not park.")
    return target


def as_pairs(report: WriteReport) -> list[tuple[str, str]]:
    return sorted((result.source, result.status) for result in report)


def test_a_mirror_uploads_what_is_new_or_changed_and_deletes_what_is_gone(
    mirrored: WrittenDataset, folder: Path
) -> None:
    report = mirrored.call("mirror", folder)
    assert as_pairs(report) == [
        ("gone.txt", "gone"),
        ("parking.txt", "skipped"),
        ("sub/deep/parking.txt", "gone"),
        ("sub/new.txt", "ready"),
        ("sub/parking.txt", "ready"),
    ]
    assert not any(result.error for result in report)
    assert all_texts(mirrored) == [
        "Buses park on the street.",
        "Cars park in front.",
        "Trams do not park.",
        "by others",
        "theirs",
    ]
    assert mirrored.call("mirror", folder).counts == {"skipped": 3}


def test_a_dry_run_shows_what_a_mirror_would_do_and_changes_nothing(mirrored: WrittenDataset, folder: Path) -> None:
    before, calls = mirrored.record.read_bytes(), len(mirrored.emulator.calls)
    report = mirrored.call("mirror", folder, dry_run=True)
    assert as_pairs(report) == [
        ("gone.txt", "gone"),
        ("parking.txt", "skipped"),
        ("sub/deep/parking.txt", "gone"),
        ("sub/new.txt", "new"),
        ("sub/parking.txt", "changed"),
    ]
    assert str(report).endswith("1 skipped, 1 new, 1 changed, 2 gone")
    assert {call.path.rpartition("/")[2] for call in mirrored.emulator.calls[calls:]} == {"list"}
    assert mirrored.record.read_bytes() == before


def test_a_mirror_of_nothing_deletes_all_that_the_record_wrote_and_no_more(mirrored: WrittenDataset) -> None:
    assert mirrored.call("mirror", []).counts == {"gone": 4}
    assert {each.name for each in mirrored.emulator.documents(mirrored.dataset_id)} == {"theirs.txt", "new.txt"}


@pytest.mark.parametrize("given", ["absent", "", "~nobody-of-this-name/a"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_path_that_cannot_be_read_means_that_nothing_is_gone(
    mirrored: WrittenDataset, folder: Path, given: str, dry_run: bool
) -> None:
    path = str(folder.parent / "absent") if given == "absent" else given
    report = mirrored.call("mirror", [path, folder / "sub"], dry_run=dry_run)
    assert "gone" not in report.counts
    assert "nothing was deleted" in report.failed[0].error
    assert "Nobody parks." in all_texts(mirrored)


def test_a_folder_inside_that_cannot_be_read_means_that_nothing_is_gone(
    mirrored: WrittenDataset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = Path.iterdir

    def refuse(path: Path) -> object:
        if path.name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return walk(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    before = len(mirrored.emulator.documents(mirrored.dataset_id))
    assert mirrored.call("mirror", folder).counts == {"skipped": 1, "failed": 1}
    assert len(mirrored.emulator.documents(mirrored.dataset_id)) == before


def test_what_is_gone_and_cannot_be_deleted_is_reported_and_deleted_by_the_next_run(
    mirrored: WrittenDataset, folder: Path
) -> None:
    mirrored.emulator.inject(faults.Coded(4000), DELETE, times=4)  # the batch, then each alone
    report = mirrored.call("mirror", folder)
    gone: list[WriteResult] = [each for each in report if each.status == "gone"]
    assert len(gone) == 2
    assert all("4000" in each.error for each in gone)
    assert mirrored.call("mirror", folder).counts == {"skipped": 3}
    assert len(mirrored.emulator.documents(mirrored.dataset_id)) == 5


def test_a_document_that_is_given_again_after_it_was_gone_is_uploaded_again(target: WrittenDataset) -> None:
    both = [Note("n", "one"), Note("m", "two")]
    target.call("mirror", both)
    target.call("mirror", both[:1])
    assert target.texts == {"n": "one"}
    assert target.call("mirror", both).counts == {"skipped": 1, "ready": 1}
    assert target.texts == {"n": "one", "m": "two"}


def test_a_renamed_file_is_not_uploaded_again(target: WrittenDataset, folder: Path) -> None:
    target.call("mirror", folder)
    (folder / "parking.txt").rename(folder / "cars.txt")
    assert statuses(target.call("mirror", folder)) == ["skipped"] * 3
    assert len(target.texts) == 3
    assert statuses(target.call("mirror", folder)) == ["skipped"] * 3
