"""The upload record: what it stores beyond a process, and its lock per dataset."""

from __future__ import annotations

import pickle
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from coze_client.bridge.writing.upload_record import DatasetUploads, SourceEntry, UploadEntry, UploadRecord
from coze_client.errors import ConfigurationError

ONE = UploadEntry("hash-1", "a.txt", "intended", "", ("7", "8"), ("7",), 1.5)
TWO = UploadEntry("hash-2", "b.txt", "ready", "9", changed_at=2.5)


def acquired(record: UploadRecord, dataset_id: str = "1") -> DatasetUploads:
    uploads = record._acquire(dataset_id)
    assert uploads is not None
    return uploads


@pytest.fixture(params=["file", "memory"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> UploadRecord:
    return UploadRecord(tmp_path / "uploads.sqlite") if request.param == "file" else UploadRecord()


def test_what_was_written_is_there_for_the_next_writer(record: UploadRecord) -> None:
    uploads = acquired(record)
    uploads.write([ONE, TWO], delete_later=["7", "7"])
    uploads.release()
    uploads = acquired(record)
    assert uploads.uploads() == {"hash-1": ONE, "hash-2": TWO}
    assert uploads.pending_deletions() == {"7"}
    uploads.release()


def test_every_field_of_a_source_is_there_for_the_next_writer(record: UploadRecord) -> None:
    sources = [
        SourceEntry("a.txt", ("hash-1", "hash-2"), ("hash-3", "hash-1"), "/home/a.txt"),
        SourceEntry("b.txt", ("hash-4",), None, ""),
        SourceEntry("c.txt", ("hash-5",), (), "/home/c.txt"),
    ]
    uploads = acquired(record)
    uploads.write(sources=sources)
    uploads.release()
    uploads = acquired(record)
    assert uploads.sources() == {each.source: each for each in sources}
    uploads.release()


def test_datasets_do_not_see_each_other_s_uploads(record: UploadRecord) -> None:
    uploads = acquired(record, "1")
    uploads.write([ONE], delete_later=["7"])
    uploads.release()
    uploads = acquired(record, "2")
    assert uploads.uploads() == {}
    assert uploads.pending_deletions() == set()
    uploads.release()


def test_a_deleted_document_is_forgotten_with_its_pending_deletion(record: UploadRecord) -> None:
    uploads = acquired(record)
    uploads.write([ONE, TWO], delete_later=["9", "10"])
    uploads.write(deleted=["9"])
    assert uploads.uploads() == {"hash-1": ONE}
    assert uploads.pending_deletions() == {"10"}
    uploads.write(forget=["hash-1"])
    assert uploads.uploads() == {}
    uploads.release()


def test_a_write_that_fails_leaves_everything_as_it_was(record: UploadRecord) -> None:
    uploads = acquired(record)
    uploads.write([TWO])
    wrong = UploadEntry("hash-3", "c.txt", "ready", changed_at=object())  # type: ignore[arg-type]  # an invalid value, on purpose
    with pytest.raises(ConfigurationError, match="cannot be used"):
        uploads.write([ONE, wrong], forget=["hash-2"])
    assert uploads.uploads() == {"hash-2": TWO}
    uploads.write([ONE])
    assert set(uploads.uploads()) == {"hash-1", "hash-2"}
    uploads.release()


def test_a_run_that_released_a_dataset_cannot_write(record: UploadRecord) -> None:
    uploads = acquired(record)
    uploads.release()
    with pytest.raises(ConfigurationError, match="this run has ended"):
        uploads.write([ONE])
    uploads = acquired(record)
    assert uploads.uploads() == {}
    uploads.release()


def test_one_run_at_a_time_holds_the_lock_of_a_dataset(record: UploadRecord) -> None:
    uploads = acquired(record)
    assert record._acquire("1") is None
    uploads.release()
    acquired(record).release()


def test_what_is_written_survives_a_power_cut(tmp_path: Path) -> None:
    uploads = acquired(UploadRecord(tmp_path / "uploads.sqlite"))
    uploads.write([ONE])
    assert uploads._connection is not None
    assert uploads._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL: each commit is synced
    uploads.release()


@pytest.mark.parametrize("dataset_id", ["a/b", "../c", "a\\b", "."])
def test_a_dataset_id_is_never_part_of_a_path(tmp_path: Path, dataset_id: str) -> None:
    (tmp_path / "deep").mkdir()
    record = UploadRecord(tmp_path / "deep" / "uploads.sqlite")
    uploads = acquired(record, dataset_id)
    uploads.write([ONE])
    assert record._acquire(dataset_id) is None
    uploads.release()
    assert [each.name for each in tmp_path.iterdir()] == ["deep"]
    assert [each.name for each in (tmp_path / "deep").iterdir() if not each.is_file()] == []


def test_writers_of_other_datasets_do_not_wait(tmp_path: Path) -> None:
    record = UploadRecord(tmp_path / "uploads.sqlite")
    first, second = acquired(record, "1"), acquired(record, "2")
    first.write([ONE])
    second.write([TWO])
    assert set(first.uploads()) == {"hash-1"}
    first.release()
    second.release()


def test_another_process_holds_the_lock_until_it_dies(tmp_path: Path) -> None:
    path = tmp_path / "uploads.sqlite"
    script = (
        "import sys; from coze_client.bridge.writing.upload_record import *\n"
        f"uploads = UploadRecord({str(path)!r})._acquire('1')\n"
        f"uploads.write([UploadEntry{tuple(ONE)!r}])\n"
        "print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        assert UploadRecord(path)._acquire("1") is None
        other.kill()
    uploads = acquired(UploadRecord(path))
    assert uploads.uploads() == {"hash-1": ONE}
    uploads.release()


def test_threads_may_write_at_once(record: UploadRecord) -> None:
    uploads = acquired(record)
    entries = [TWO._replace(content_hash=f"hash-{number}") for number in range(40)]
    threads = [threading.Thread(target=uploads.write, args=([upload],)) for upload in entries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(uploads.uploads()) == 40
    uploads.release()


def test_a_file_that_is_no_record_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database. " * 100)
    record = UploadRecord(path)
    for _ in range(2):  # the second time, too, no run holds the lock
        uploads = acquired(record)
        with pytest.raises(ConfigurationError, match=r"notes\.txt cannot be used"):
            uploads.uploads()
        uploads.release()
    assert path.read_text().startswith("Not a database.")


def test_a_record_that_somebody_wrote_into_is_named(tmp_path: Path) -> None:
    path = tmp_path / "uploads.sqlite"
    uploads = acquired(UploadRecord(path))
    uploads.write([ONE])
    uploads.release()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE uploads SET known = 'not JSON'")
    connection.close()
    uploads = acquired(UploadRecord(path))
    with pytest.raises(ConfigurationError, match=r"uploads\.sqlite cannot be used"):
        uploads.uploads()
    uploads.release()


def test_a_record_of_a_later_version_is_not_written_into(tmp_path: Path) -> None:
    path = tmp_path / "uploads.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    uploads = acquired(UploadRecord(path))
    with pytest.raises(ConfigurationError, match="version 7"):
        uploads.uploads()
    uploads.release()


def test_a_record_is_pickled_as_its_path(tmp_path: Path) -> None:
    record = UploadRecord(tmp_path / "uploads.sqlite")
    assert repr(pickle.loads(pickle.dumps(record))) == repr(record)
    assert record.path in repr(record)


def test_a_released_record_is_one_file_and_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "uploads.sqlite"
    uploads = acquired(UploadRecord(path))
    uploads.write([ONE])
    uploads.release()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["uploads.sqlite", "uploads.sqlite.1.lock"]


def test_a_file_of_version_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "uploads.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        """
        CREATE TABLE uploads (
            dataset_id TEXT, content TEXT, name TEXT, state TEXT, document_id TEXT, known TEXT, replaces TEXT, at REAL,
            PRIMARY KEY (dataset_id, content)
        ) WITHOUT ROWID;
        CREATE TABLE removals (
            dataset_id TEXT, document_id TEXT, PRIMARY KEY (dataset_id, document_id)
        ) WITHOUT ROWID;
        INSERT INTO uploads VALUES ('1', 'hash-1', 'a.txt', 'intended', '', '["7", "8"]', '["7"]', 1.5);
        INSERT INTO removals VALUES ('1', '7');
        PRAGMA user_version = 1;
        """
    )
    connection.close()
    uploads = acquired(UploadRecord(path))
    assert uploads.uploads() == {"hash-1": ONE}
    assert uploads.pending_deletions() == {"7"}
    uploads.release()
