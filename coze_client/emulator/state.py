"""What the emulator remembers: frozen records in SQLite, one table a kind, found by id or by owner."""

from __future__ import annotations

import json
import sqlite3
import threading
from itertools import count
from pathlib import Path
from typing import Protocol, TypeVar


class Record(Protocol):
    """A frozen dataclass of JSON values; `owner` is what its kind is listed by (a message's conversation, a file's account)."""

    @property
    def id(self) -> str: ...

    @property
    def owner(self) -> str: ...


R = TypeVar("R", bound=Record)


class State:
    """Records in memory, or in `file` when they must outlive the process; every method may be called from any thread."""

    def __init__(self, file: str | Path | None = None) -> None:
        self._lock = threading.RLock()
        self._ids: dict[str, count[int]] = {}
        self._tables: set[str] = set()
        self._connection = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def new_id(self, kind: type[Record], first: int) -> str:
        """The next id of a kind: 19 digits as Coze's are, so that whoever reads one as a float is found out."""
        table = self._table(kind)
        with self._lock:
            if table not in self._ids:
                [(last,)] = self._connection.execute(f"SELECT max(id) FROM {table}").fetchall()
                self._ids[table] = count(int(last) + 1 if last else first)
            return str(next(self._ids[table]))

    def save(self, record: Record) -> None:
        table = self._table(type(record))
        row = (record.id, record.owner, json.dumps(vars(record)))
        with self._lock:
            self._connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", row)

    def delete(self, record: Record) -> None:
        self._rows(type(record), "DELETE", "WHERE id = ?", record.id)

    def get(self, kind: type[R], id: str) -> R | None:
        found = self._rows(kind, "SELECT body", "WHERE id = ?", id)
        return kind(**found[0]) if found else None

    def owned(self, kind: type[R], owner: str) -> list[R]:
        """All records of one owner, oldest first."""
        return [kind(**row) for row in self._rows(kind, "SELECT body", "WHERE owner = ? ORDER BY id", owner)]

    def all(self, kind: type[R]) -> list[R]:
        return [kind(**row) for row in self._rows(kind, "SELECT body", "ORDER BY id")]

    def _rows(self, kind: type[Record], verb: str, rest: str, *values: str) -> list[dict[str, object]]:
        table = self._table(kind)
        with self._lock:
            rows = self._connection.execute(f"{verb} FROM {table} {rest}", values).fetchall()
        return [json.loads(body) for (body,) in rows]

    def _table(self, kind: type[Record]) -> str:
        table = kind.__name__.lower()
        with self._lock:
            if table not in self._tables:
                self._connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, owner TEXT, body TEXT)"
                )
                self._connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_owner ON {table} (owner)")
                self._tables.add(table)
        return table
