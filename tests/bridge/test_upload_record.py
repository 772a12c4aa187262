"""The record of uploads: what outlives a process, and who may write into it."""

from __future__ import annotations

import pickle
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from coze_client.bridge.writing.upload_record import DatasetUploads, UploadEntry, UploadRecord
from coze_client.errors import ConfigurationError

ONE = UploadEntry("hash-1", "a.txt", "intended", "", ("7", "8"), ("7",), 1.5)
TWO = UploadEntry("hash-2", "b.txt", "ready", "9", at=2.5)


def claimed(record: UploadRecord, dataset_id: str = "1") -> DatasetUploads:
    log = record.claim(dataset_id)
    assert log is not None
    return log


@pytest.fixture(params=["file", "memory"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> UploadRecord:
    return UploadRecord(tmp_path / "uploads.sqlite") if request.param == "file" else UploadRecord()


def test_what_was_written_is_there_for_the_next_writer(record: UploadRecord) -> None:
    log = claimed(record)
    log.write([ONE, TWO], remove=["7", "7"])
    log.release()
    log = claimed(record)
    assert log.uploads() == {"hash-1": ONE, "hash-2": TWO}
    assert log.removals() == {"7"}
    log.release()


def test_datasets_do_not_see_each_other_s_uploads(record: UploadRecord) -> None:
    log = claimed(record, "1")
    log.write([ONE], remove=["7"])
    log.release()
    log = claimed(record, "2")
    assert log.uploads() == {}
    assert log.removals() == set()
    log.release()


def test_what_no_longer_exists_is_forgotten_with_its_removal(record: UploadRecord) -> None:
    log = claimed(record)
    log.write([ONE, TWO], remove=["9", "10"])
    log.write(removed=["9"])
    assert log.uploads() == {"hash-1": ONE}
    assert log.removals() == {"10"}
    log.write(forget=["hash-1"])
    assert log.uploads() == {}
    log.release()


def test_a_write_that_fails_leaves_everything_as_it_was(record: UploadRecord) -> None:
    log = claimed(record)
    log.write([TWO])
    wrong = UploadEntry("hash-3", "c.txt", "ready", at=object())  # type: ignore[arg-type]  # that is what is wrong
    with pytest.raises(ConfigurationError, match="cannot be used"):
        log.write([ONE, wrong], forget=["hash-2"])
    assert log.uploads() == {"hash-2": TWO}
    log.write([ONE])
    assert set(log.uploads()) == {"hash-1", "hash-2"}
    log.release()


def test_who_gave_a_dataset_back_writes_no_more(record: UploadRecord) -> None:
    log = claimed(record)
    log.release()
    with pytest.raises(ConfigurationError, match="this run is over"):
        log.write([ONE])
    log = claimed(record)
    assert log.uploads() == {}
    log.release()


def test_one_writer_at_a_time_has_a_dataset(record: UploadRecord) -> None:
    log = claimed(record)
    assert record.claim("1") is None
    log.release()
    claimed(record).release()


def test_writers_of_other_datasets_do_not_wait(tmp_path: Path) -> None:
    record = UploadRecord(tmp_path / "uploads.sqlite")
    first, second = claimed(record, "1"), claimed(record, "2")
    first.write([ONE])
    second.write([TWO])
    assert set(first.uploads()) == {"hash-1"}
    first.release()
    second.release()


def test_another_process_that_has_the_dataset_is_waited_for_until_it_dies(tmp_path: Path) -> None:
    path = tmp_path / "uploads.sqlite"
    script = (
        "import sys; from coze_client.bridge.writing.upload_record import *\n"
        f"log = UploadRecord({str(path)!r}).claim('1')\n"
        f"log.write([UploadEntry{tuple(ONE)!r}])\n"
        "print('has it', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "has it\n"
        assert UploadRecord(path).claim("1") is None
        other.kill()
    log = claimed(UploadRecord(path))
    assert log.uploads() == {"hash-1": ONE}
    log.release()


def test_threads_may_write_at_once(record: UploadRecord) -> None:
    log = claimed(record)
    uploads = [TWO._replace(content=f"hash-{number}") for number in range(40)]
    threads = [threading.Thread(target=log.write, args=([upload],)) for upload in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.uploads()) == 40
    log.release()


def test_a_file_that_is_no_record_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database. " * 100)
    record = UploadRecord(path)
    with pytest.raises(ConfigurationError, match=r"notes\.txt cannot be used"):
        record.claim("1")
    assert path.read_text().startswith("Not a database.")
    with pytest.raises(ConfigurationError):  # and not None: nobody has it
        record.claim("1")


def test_a_record_that_somebody_wrote_into_is_named(tmp_path: Path) -> None:
    path = tmp_path / "uploads.sqlite"
    log = claimed(UploadRecord(path))
    log.write([ONE])
    log.release()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE uploads SET known = 'not JSON'")
    connection.close()
    log = claimed(UploadRecord(path))
    with pytest.raises(ConfigurationError, match=r"uploads\.sqlite cannot be used"):
        log.uploads()
    log.release()


def test_a_record_of_a_later_version_is_not_written_into(tmp_path: Path) -> None:
    path = tmp_path / "uploads.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(ConfigurationError, match="version 7"):
        UploadRecord(path).claim("1")


def test_a_record_is_pickled_as_its_path(tmp_path: Path) -> None:
    record = UploadRecord(tmp_path / "uploads.sqlite")
    assert repr(pickle.loads(pickle.dumps(record))) == repr(record)
    assert record.path in repr(record)


def test_a_record_that_was_given_back_is_one_file_and_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "uploads.sqlite"
    log = claimed(UploadRecord(path))
    log.write([ONE])
    log.release()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["uploads.sqlite", "uploads.sqlite.1.lock"]
