"""Store frozen records in SQLite; find them by id or by owner."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar


class Record(Protocol):
    """A frozen dataclass of JSON values; records are listed by `owner`, for example messages by their conversation.

    `KIND` names the class in files. It never changes, so that a new version can read the file of an old one.
    """

    KIND: ClassVar[str]

    @property
    def id(self) -> str: ...

    @property
    def owner(self) -> str: ...


R = TypeVar("R", bound=Record)
Row = tuple[Any, ...]  # the columns depend on the statement

TABLE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS record (kind TEXT, id TEXT, owner TEXT, body TEXT, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS record_owner ON record (kind, owner, id);
"""
# no REPLACE: it would delete the old row without running triggers
SAVE = """
INSERT INTO record VALUES (?, ?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET owner = excluded.owner, body = excluded.body
"""
INCREMENT = "UPDATE record SET body = json_set(body, ?, json_extract(body, ?) + 1) WHERE kind = ? AND id = ?"


class Storage:
    """Records in memory, or in `file`, where they outlive the process; safe to use from any thread."""

    def __init__(self, file: str | Path | None = None) -> None:
        self._lock = threading.RLock()
        self._ids: dict[type[Record], count[int]] = {}
        self._connection = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.executescript(TABLE)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def new_id(self, kind: type[Record], first: int) -> str:
        """Return the next id of a kind; ids have 19 digits like Coze's, so that a client that reads floats fails."""
        with self._lock:
            if kind not in self._ids:
                [(last,)] = self.rows("SELECT max(id) FROM record WHERE kind = ?", kind.KIND)
                self._ids[kind] = count(max(first, int(last or 0) + 1))
            return str(next(self._ids[kind]))

    def save(self, record: Record) -> None:
        """Insert a record, or replace the one with its id."""
        row = (record.KIND, record.id, record.owner, json.dumps(vars(record)))
        self.rows(SAVE, *row)

    def increment(self, kind: type[Record], key: str, name: str) -> None:
        """Increment a field of the stored record atomically; does nothing if it was deleted."""
        self.rows(INCREMENT, f"$.{name}", f"$.{name}", kind.KIND, key)

    def delete(self, record: Record) -> None:
        """Delete a record; does nothing if there is none."""
        self.rows("DELETE FROM record WHERE kind = ? AND id = ?", record.KIND, record.id)

    def get(self, kind: type[R], key: str) -> R | None:
        """Return the record with this id; None if there is none."""
        found = self.rows("SELECT body FROM record WHERE kind = ? AND id = ?", kind.KIND, key)
        return kind(**json.loads(found[0][0])) if found else None

    def owned(self, kind: type[R], owner: str) -> list[R]:
        """Return all records of one owner, oldest first."""
        found = self.rows("SELECT body FROM record WHERE kind = ? AND owner = ? ORDER BY id", kind.KIND, owner)
        return [kind(**json.loads(body)) for (body,) in found]

    def all(self, kind: type[R]) -> list[R]:
        """Return all records of a kind, oldest first."""
        found = self.rows("SELECT body FROM record WHERE kind = ? ORDER BY id", kind.KIND)
        return [kind(**json.loads(body)) for (body,) in found]

    def page(self, kind: type[R], owner: str, start: int, size: int) -> list[R]:
        """Return `size` of the records of one owner from number `start` on, oldest first."""
        statement = "SELECT body FROM record WHERE kind = ? AND owner = ? ORDER BY id LIMIT ? OFFSET ?"
        return [kind(**json.loads(body)) for (body,) in self.rows(statement, kind.KIND, owner, size, start)]

    def count(self, kind: type[Record], owner: str) -> int:
        """Return the number of records of one owner."""
        [(number,)] = self.rows("SELECT count(*) FROM record WHERE kind = ? AND owner = ?", kind.KIND, owner)
        return int(number)

    def index(self, script: str, **functions: Callable[[str], str]) -> None:
        """Run the statements that create an index of the records; they can call the functions by name."""
        with self._lock:
            for name, function in functions.items():
                self._connection.create_function(name, 1, function, deterministic=True)
            self._connection.executescript(script)

    def rows(self, statement: str, *values: str | int) -> list[Row]:
        """Execute a statement and return its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
