"""The stored records of databases: tables, their rows, and asynchronous tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

FIRST_DATABASE_ID = 7510000000000000001
FIRST_ROW_ID = 7511000000000000001
FIRST_TASK_ID = 7512000000000000001
TASK_LIFETIME = 12 * 60 * 60
INDEPENDENT, SHARED = "independent_connector", "shared_all_connectors"
Row = dict[str, str | None]


@dataclass(frozen=True)
class StoredDatabase:
    """A table; `fields` and `indexes` have the format of the API. Times are Unix seconds."""

    KIND: ClassVar[str] = "Database"

    id: str
    account: str
    workspace_id: str
    app_id: str
    table_name: str
    table_desc: str
    rw_mode: str
    read_mode: str
    created_at: int
    fields: list[dict[str, object]] = field(default_factory=list)
    indexes: list[dict[str, object]] = field(default_factory=list)

    @property
    def owner(self) -> str:
        return self.workspace_id

    @property
    def types(self) -> dict[str, str]:
        """The type of each field by its name."""
        return {str(each["name"]): str(each["type"]) for each in self.fields}

    @property
    def required(self) -> list[str]:
        """The names of the fields that each row must have."""
        return [str(each["name"]) for each in self.fields if each["is_required"]]


@dataclass(frozen=True)
class StoredRow:
    """A row that was written in a channel; `cells` lacks the empty ones. `user` is the end user whose it is, if any."""

    KIND: ClassVar[str] = "DatabaseRow"

    id: str
    database_id: str
    channel: str
    user: str
    cells: dict[str, str]

    @property
    def owner(self) -> str:
        return self.database_id


@dataclass(frozen=True)
class StoredDatabaseTask:
    """An asynchronous task, done when it was looked at `looks_needed` times; `result` is what it then shows.

    `rows` are those of the file that an export makes.
    """

    KIND: ClassVar[str] = "DatabaseTask"

    id: str
    account: str
    task_type: str
    created_at: float
    looks_needed: int
    result: dict[str, object]
    rows: list[Row] | None = None
    looks_done: int = 0

    @property
    def owner(self) -> str:
        return self.account

    @property
    def status(self) -> str:
        if self.looks_done >= self.looks_needed:
            return "succeed"
        return "running" if self.looks_done else "pending"
