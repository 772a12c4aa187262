"""What the emulator remembers: frozen records in SQLite, found by id or by owner."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar


class Record(Protocol):
    """A frozen dataclass of JSON values; `owner` is what its kind is listed by: a message's conversation, say."""

    @property
    def id(self) -> str: ...

    @property
    def owner(self) -> str: ...


R = TypeVar("R", bound=Record)
Row = tuple[Any, ...]  # whatever its statement selects

TABLE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS record (kind TEXT, id TEXT, owner TEXT, body TEXT, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS record_owner ON record (kind, owner, id);
"""
# no REPLACE: that would end the old row without its triggers
SAVE = """
INSERT INTO record VALUES (?, ?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET owner = excluded.owner, body = excluded.body
"""
INCREMENT = "UPDATE record SET body = json_set(body, ?, json_extract(body, ?) + 1) WHERE kind = ? AND id = ?"


class State:
    """Records in memory, or in `file` when they must outlive the process; callable from any thread."""

    def __init__(self, file: str | Path | None = None) -> None:
        self._lock = threading.RLock()
        self._ids: dict[type[Record], count[int]] = {}
        self._connection = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.executescript(TABLE)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def new_id(self, kind: type[Record], first: int) -> str:
        """The next id of a kind: 19 digits as Coze's are, so that whoever reads one as a float is found out."""
        with self._lock:
            if kind not in self._ids:
                [(last,)] = self.rows("SELECT max(id) FROM record WHERE kind = ?", kind.__name__)
                self._ids[kind] = count(max(first, int(last or 0) + 1))
            return str(next(self._ids[kind]))

    def save(self, record: Record) -> None:
        row = (type(record).__name__, record.id, record.owner, json.dumps(vars(record)))
        self.rows(SAVE, *row)

    def increment(self, kind: type[Record], key: str, name: str) -> None:
        """One more in a field of a record as it is by now; nothing if it was deleted."""
        self.rows(INCREMENT, f"$.{name}", f"$.{name}", kind.__name__, key)

    def delete(self, record: Record) -> None:
        self.rows("DELETE FROM record WHERE kind = ? AND id = ?", type(record).__name__, record.id)

    def get(self, kind: type[R], key: str) -> R | None:
        found = self.rows("SELECT body FROM record WHERE kind = ? AND id = ?", kind.__name__, key)
        return kind(**json.loads(found[0][0])) if found else None

    def owned(self, kind: type[R], owner: str) -> list[R]:
        """All records of one owner, oldest first."""
        found = self.rows("SELECT body FROM record WHERE kind = ? AND owner = ? ORDER BY id", kind.__name__, owner)
        return [kind(**json.loads(body)) for (body,) in found]

    def all(self, kind: type[R]) -> list[R]:
        found = self.rows("SELECT body FROM record WHERE kind = ? ORDER BY id", kind.__name__)
        return [kind(**json.loads(body)) for (body,) in found]

    def page(self, kind: type[R], owner: str, start: int, size: int) -> list[R]:
        """Some of what `owned` gives, without reading the rest."""
        statement = "SELECT body FROM record WHERE kind = ? AND owner = ? ORDER BY id LIMIT ? OFFSET ?"
        return [kind(**json.loads(body)) for (body,) in self.rows(statement, kind.__name__, owner, size, start)]

    def count(self, kind: type[Record], owner: str) -> int:
        [(number,)] = self.rows("SELECT count(*) FROM record WHERE kind = ? AND owner = ?", kind.__name__, owner)
        return int(number)

    def index(self, script: str, **functions: Callable[[str], str]) -> None:
        """Runs statements that keep an index beside the records; they may call the functions by name."""
        with self._lock:
            for name, function in functions.items():
                self._connection.create_function(name, 1, function, deterministic=True)
            self._connection.executescript(script)

    def rows(self, statement: str, *values: str | int) -> list[Row]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
