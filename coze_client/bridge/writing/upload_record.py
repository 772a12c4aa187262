"""What was uploaded into which dataset, durably: a small SQLite file by which an interrupted upload is finished."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from coze_client.core.file_lock import BUSY, FileLock
from coze_client.errors import ConfigurationError

MEMORY = ":memory:"
State = Literal["intended", "uploaded", "ready", "failed"]
"""``intended``: about to be sent, perhaps sent; the others are what Coze said of the document it made."""

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    dataset_id TEXT, content TEXT, name TEXT, state TEXT, document_id TEXT, known TEXT, replaces TEXT, at REAL,
    PRIMARY KEY (dataset_id, content)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removals (
    dataset_id TEXT, document_id TEXT, PRIMARY KEY (dataset_id, document_id)
) WITHOUT ROWID;
"""


class UploadEntry(NamedTuple):
    """A content's way into a dataset, as far as it is known.

    ``content`` is the hash of what is sent. ``known`` are the documents that had the same name before it was sent:
    another one by that name is this one. ``replaces`` are documents to delete once this one is ready. ``at`` is the
    unix time of the last change.
    """

    content: str
    name: str
    state: State
    document_id: str = ""
    known: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    at: float = 0.0

    def became(self, state: State, document_id: str = "") -> UploadEntry:
        """The same a step further on."""
        return self._replace(state=state, document_id=document_id or self.document_id, at=time.time())


class UploadRecord:
    """Keeps what was uploaded in one SQLite file, or in memory (``":memory:"``: for as long as the process lives).

    Datasets, threads and processes may share a file; one of them at a time writes into a dataset, and the system ends
    its turn if it dies. The file names documents and their hashes; no content and no token is in it. Empty files beside
    it (``<path>.….lock``) are locks. Whatever it does raises ConfigurationError if the file cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str] = MEMORY) -> None:
        self.path = MEMORY if path == MEMORY else str(Path(path).expanduser().absolute())
        self._turn = threading.Lock()
        self._memory = _connected(MEMORY) if self.path == MEMORY else None

    def claim(self, dataset_id: str) -> DatasetUploads | None:
        """The uploads of a dataset, to be given back by ``release``; ``None`` while somebody else has them."""
        if self._memory is not None:
            free = self._turn.acquire(blocking=False)
            return DatasetUploads(self._memory, dataset_id, self._turn.release) if free else None
        with _blamed(self.path):
            try:
                lock = FileLock(Path(f"{self.path}.{quote(dataset_id, safe='')}.lock"), wait=False)
            except BUSY:
                return None
            try:
                connection = _connected(self.path)
            except BaseException:
                lock.release()
                raise
        return DatasetUploads(connection, dataset_id, lambda: _end(connection, lock), self.path)

    def __del__(self) -> None:
        if memory := getattr(self, "_memory", None):
            memory.close()

    def __repr__(self) -> str:
        return f"UploadRecord({self.path!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return UploadRecord, (self.path,)


class DatasetUploads:
    """The uploads of one dataset, in the hands of one writer; every ``write`` is on the disk when it returns."""

    def __init__(
        self, connection: sqlite3.Connection, dataset_id: str, release: Callable[[], None], path: str = MEMORY
    ) -> None:
        self._connection = connection
        self._dataset_id = dataset_id
        self._release = release
        self._path = path
        self._guard = threading.Lock()
        self._released = False

    def uploads(self) -> dict[str, UploadEntry]:
        """All that is known, by content."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT content, name, state, document_id, known, replaces, at FROM uploads WHERE dataset_id = ?",
                (self._dataset_id,),
            ).fetchall()
            return {row[0]: _upload(*row) for row in rows}

    def removals(self) -> set[str]:
        """Ids of the documents that are to be deleted."""
        with self._reading() as connection:
            rows = connection.execute("SELECT document_id FROM removals WHERE dataset_id = ?", (self._dataset_id,))
            return {row[0] for row in rows}

    def write(
        self,
        put: Iterable[UploadEntry] = (),
        *,
        forget: Iterable[str] = (),
        remove: Iterable[str] = (),
        removed: Iterable[str] = (),
    ) -> None:
        """All of it or nothing.

        `put` are uploads as they are now, `forget` contents that are not there after all, `remove` documents that are
        to be deleted, `removed` documents that no longer exist.
        """
        dataset_id, gone = self._dataset_id, [(self._dataset_id, each) for each in removed]
        rows = [(dataset_id, *each[:4], json.dumps(each.known), json.dumps(each.replaces), each.at) for each in put]
        with self._writing() as connection:
            connection.executemany(
                "DELETE FROM uploads WHERE dataset_id = ? AND content = ?", [(dataset_id, each) for each in forget]
            )
            connection.executemany("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            connection.executemany(
                "INSERT OR IGNORE INTO removals VALUES (?, ?)", [(dataset_id, each) for each in remove]
            )
            connection.executemany("DELETE FROM removals WHERE dataset_id = ? AND document_id = ?", gone)
            connection.executemany("DELETE FROM uploads WHERE dataset_id = ? AND document_id = ?", gone)

    def release(self) -> None:
        """Let the next one in; a write that is still under way in another thread ends first."""
        with self._guard:
            self._released = True
            self._release()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._guard, _blamed(self._path):
            if self._released:  # a write in another thread, of a run that was cancelled
                raise sqlite3.ProgrammingError("this run is over")
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


def _upload(
    content: str, name: str, state: State, document_id: str, known: str, replaces: str, at: float
) -> UploadEntry:
    return UploadEntry(content, name, state, document_id, tuple(json.loads(known)), tuple(json.loads(replaces)), at)


def _connected(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # an intent must outlive a power cut, or a content is doubled
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise ConfigurationError(
                f"The upload record {path} is of version {version}, and this library knows version {_VERSION}",
                cure="Use the version of coze-adapters that wrote it, or another file",
            )
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def _end(connection: sqlite3.Connection, lock: FileLock) -> None:
    try:
        connection.close()
    finally:
        lock.release()


@contextmanager
def _blamed(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, json.JSONDecodeError) as error:
        raise ConfigurationError(
            f"The upload record {path} cannot be used: {error}",
            cure="It needs a file of its own, in a folder of this user's, on a local disk",
        ) from error
