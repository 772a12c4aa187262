"""The stored record of uploads by dataset: an SQLite file, with which the next run finishes an interrupted one."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from coze_client.core.file_lock import BUSY, FileLock
from coze_client.errors import ConfigurationError

MEMORY = ":memory:"
State = Literal["intended", "uploaded", "ready", "failed"]
"""``intended``: will be sent, or was sent without a known reply. The others are states of the document in Coze."""

_VERSION = 2
_READ_VERSIONS = (0, 1, 2)  # 0: a new file; 1: without the table of sources
# Stored files have these column names: `known` holds an entry's same_name_ids, `at` its changed_at.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    dataset_id TEXT, content TEXT, name TEXT, state TEXT, document_id TEXT, known TEXT, replaces TEXT, at REAL,
    PRIMARY KEY (dataset_id, content)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removals (
    dataset_id TEXT, document_id TEXT, PRIMARY KEY (dataset_id, document_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (
    dataset_id TEXT, source TEXT, contents TEXT, wanted TEXT, location TEXT, PRIMARY KEY (dataset_id, source)
) WITHOUT ROWID;
"""


class SourceEntry(NamedTuple):
    """Which contents of one source are in the dataset, or may be.

    ``source`` identifies it: a path relative to the folder given, a URL, or the id that the framework's document has.
    ``contents`` are content hashes, in order. ``wanted`` are those that shall stay: once all of them are ready, the
    others are deleted; ``None``: nothing is to be deleted. ``location`` is a file's absolute path.
    """

    source: str
    contents: tuple[str, ...] = ()
    wanted: tuple[str, ...] | None = None
    location: str = ""

    @property
    def staying(self) -> tuple[str, ...]:
        """The contents that are not to be deleted."""
        return self.contents if self.wanted is None else self.wanted


class UploadEntry(NamedTuple):
    """The state of one upload.

    ``content_hash`` is the hash of what is sent. ``same_name_ids`` are the documents that had the same name before it
    was sent: a further document with that name is this upload's. ``replaces`` are documents to delete once this one is
    ready. ``changed_at`` is the unix time of the last change.
    """

    content_hash: str
    name: str
    state: State
    document_id: str = ""
    same_name_ids: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    changed_at: float = 0.0

    def with_state(self, state: State, document_id: str = "") -> UploadEntry:
        """A copy in the new state, changed now."""
        return self._replace(state=state, document_id=document_id or self.document_id, changed_at=time.time())


class UploadRecord:
    """Stores uploads in one SQLite file, or in memory (``":memory:"``) while the object lives.

    Datasets, threads and processes may share a file. A lock lets a single run at a time write into a dataset; the
    system releases it if the process dies. The file contains names, ids and hashes of documents, but no content and no
    token. The locks are empty files beside it, one for each dataset (``<path>.….lock``); a record in memory has one
    lock for all. Every method raises ConfigurationError if the file cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str] = MEMORY) -> None:
        self.path = MEMORY if path == MEMORY else str(Path(path).expanduser().absolute())
        self._memory_lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None

    def _acquire(self, dataset_id: str) -> DatasetUploads | None:
        """Lock a dataset and return its uploads; ``None`` if another run holds the lock. Unlock it by ``release``."""
        if self.path == MEMORY:
            free = self._memory_lock.acquire(blocking=False)
            return (
                DatasetUploads(self._connect_memory, dataset_id, lambda _: self._memory_lock.release())
                if free
                else None
            )
        with _configuration_errors(self.path):
            try:
                lock = FileLock(Path(f"{self.path}.{quote(dataset_id, safe='')}.lock"), wait=False)
            except BUSY:
                return None
        connect = partial(_connect, self.path)
        return DatasetUploads(connect, dataset_id, partial(_close, lock=lock), self.path)

    def _connect_memory(self) -> sqlite3.Connection:
        if self._memory is None:
            self._memory = _connect(MEMORY)
        return self._memory

    def __del__(self) -> None:
        if memory := getattr(self, "_memory", None):
            memory.close()

    def __repr__(self) -> str:
        return f"UploadRecord({self.path!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return UploadRecord, (self.path,)


class DatasetUploads:
    """The uploads of one locked dataset; every ``write`` is on the disk when it returns.

    The first read connects: an event loop, which must not wait for files, creates this and reads in another thread.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        dataset_id: str,
        release: Callable[[sqlite3.Connection | None], None],
        path: str = MEMORY,
    ) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._dataset_id = dataset_id
        self._release = release
        self._path = path
        self._lock = threading.Lock()
        self._released = False

    def uploads(self) -> dict[str, UploadEntry]:
        """All uploads by content hash."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT content, name, state, document_id, known, replaces, at FROM uploads WHERE dataset_id = ?",
                (self._dataset_id,),
            )
            return {row[0]: _upload(*row) for row in rows}

    def sources(self) -> dict[str, SourceEntry]:
        """All sources by what identifies them."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT source, contents, wanted, location FROM sources WHERE dataset_id = ?", (self._dataset_id,)
            )
            return {row[0]: _source(*row) for row in rows}

    def pending_deletions(self) -> set[str]:
        """The ids of the documents that are still to be deleted."""
        with self._reading() as connection:
            rows = connection.execute("SELECT document_id FROM removals WHERE dataset_id = ?", (self._dataset_id,))
            return {row[0] for row in rows}

    def write(
        self,
        uploads: Iterable[UploadEntry] = (),
        *,
        forget: Iterable[str] = (),
        delete_later: Iterable[str] = (),
        deleted: Iterable[str] = (),
        sources: Sequence[SourceEntry] = (),
    ) -> None:
        """Write all changes in one transaction.

        `uploads` and `sources` are inserted or replaced; a source without contents is removed. `forget` are content
        hashes whose uploads are removed. `delete_later` are ids of documents that are to be deleted from the dataset,
        `deleted` those that no longer exist.
        """
        dataset_id, gone = self._dataset_id, [(self._dataset_id, each) for each in deleted]
        rows = [(dataset_id, *_row(each)) for each in uploads]
        source_rows = [(dataset_id, *_source_row(each)) for each in sources if each.contents]
        without = [(dataset_id, each.source) for each in sources if not each.contents]
        with self._writing() as connection:
            connection.executemany(
                "DELETE FROM uploads WHERE dataset_id = ? AND content = ?", [(dataset_id, each) for each in forget]
            )
            connection.executemany("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            connection.executemany(
                "INSERT OR IGNORE INTO removals VALUES (?, ?)", [(dataset_id, each) for each in delete_later]
            )
            connection.executemany("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?)", source_rows)
            connection.executemany("DELETE FROM sources WHERE dataset_id = ? AND source = ?", without)
            connection.executemany("DELETE FROM removals WHERE dataset_id = ? AND document_id = ?", gone)
            connection.executemany("DELETE FROM uploads WHERE dataset_id = ? AND document_id = ?", gone)

    def release(self) -> None:
        """Unlock the dataset; waits for a write in another thread."""
        with self._lock:
            self._released = True
            self._release(self._connection)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _configuration_errors(self._path):
            if self._released:  # by a cancelled run whose other thread still writes
                raise sqlite3.ProgrammingError("this run has ended")
            if self._connection is None:
                self._connection = self._connect()
            yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")


def _row(upload: UploadEntry) -> tuple[object, ...]:
    return (*upload[:4], json.dumps(upload.same_name_ids), json.dumps(upload.replaces), upload.changed_at)


def _upload(
    content: str, name: str, state: State, document_id: str, known: str, replaces: str, at: float
) -> UploadEntry:
    return UploadEntry(content, name, state, document_id, _ids(known), _ids(replaces), at)


def _ids(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(json.loads(text))


def _source_row(entry: SourceEntry) -> tuple[object, ...]:
    wanted = None if entry.wanted is None else " ".join(entry.wanted)
    return entry.source, " ".join(entry.contents), wanted, entry.location


def _source(source: str, contents: str, wanted: str | None, location: str) -> SourceEntry:
    return SourceEntry(source, tuple(contents.split()), None if wanted is None else tuple(wanted.split()), location)


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # Otherwise a power cut could lose an intended upload, which would then be sent twice.
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in _READ_VERSIONS:
            raise ConfigurationError(
                f"The upload record {path} has version {version}; this library reads version {_VERSION}",
                cure="Use the version of coze-adapters that wrote it, or another file",
            )
        connection.executescript(_SCHEMA)
        if version != _VERSION:
            connection.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def _close(connection: sqlite3.Connection | None, lock: FileLock) -> None:
    try:
        if connection is not None:
            connection.close()
    finally:
        lock.release()


@contextmanager
def _configuration_errors(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, json.JSONDecodeError) as error:
        raise ConfigurationError(
            f"The upload record {path} cannot be used: {error}",
            cure="Give a file that only coze-adapters uses, in a folder that this user can write, on a local disk",
        ) from error
