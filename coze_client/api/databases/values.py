"""Values of the database API: tables with their fields, filters of rows, and what a change or a task has done.

Documented at docs.coze.cn alone; no official SDK has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import AliasChoices, Field

from coze_client.core.json_text import dump_json
from coze_client.core.model import Model
from coze_client.errors import ConfigurationError

DatabaseCell = str | int | float | bool
"""What a cell may be given as; it travels as text, true and false in lower case."""

DatabaseRow = Mapping[str, str | None]
"""A row by the names of its fields; ``None`` is an empty cell. Coze sends every cell as text, whatever its type."""

DatabaseReadWriteMode = Literal["limited_read_write", "unlimited_read_write"]
DatabaseConnectorReadMode = Literal["independent_connector", "shared_coze_connectors", "shared_all_connectors"]
RowOperation = Literal[
    "equal",
    "not_equal",
    "greater_than",
    "less_than",
    "greater_equal",
    "less_equal",
    "in",
    "not_in",
    "is_null",
    "is_not_null",
    "like",
    "not_like",
]


class DatabaseField(Model):
    """A field of a table: ``type`` string, integer, time, number or boolean; ``desc`` tells models what it is for."""

    name: str = ""
    desc: str = ""
    type: str = ""
    is_required: bool = False


class DatabaseIndex(Model):
    """An index over one field; ``field_names`` has its name."""

    index_name: str = ""
    field_names: tuple[str, ...] = ()
    comment: str = ""


class Database(Model):
    """A table; ``database_type`` coze_database or volcano_database. Times are unix seconds."""

    id: str = ""
    table_name: str = ""
    table_desc: str = ""
    database_type: str = ""
    rw_mode: str = ""
    workspace_id: str = ""
    app_id: str = ""
    creator_id: str = ""
    icon_url: str = ""
    create_time: int | None = None
    update_time: int | None = None
    fields: tuple[DatabaseField, ...] = ()
    indexes: tuple[DatabaseIndex, ...] = Field(default=(), validation_alias=AliasChoices("indexs", "indexes"))


class DatabaseChange(Model):
    """What a change did: ``affected_rows``; or the ``task_id`` of an asynchronous one, to wait for."""

    affected_rows: int | None = None
    task_id: str = ""


class DatabaseTask(Model):
    """An asynchronous change or export: ``status`` pending, running, succeed or failed (``error_msg`` says why).

    An export has rows in a JSON file at ``select_items_file_url``. ``select_total_count`` rows were meant; with
    ``has_more`` the file lacks some of them, and an export of the next ``page_num`` has more. The documentation says
    neither how many rows a file holds nor how they stand in it.
    """

    status: str = ""
    task_type: str = ""
    affected_rows: int | None = None
    select_total_count: int | None = None
    select_items_file_url: str = ""
    has_more: bool = False
    error_msg: str = ""

    @property
    def busy(self) -> bool:
        """True while Coze works on it."""
        return self.status in ("pending", "running")

    @property
    def failed(self) -> bool:
        """True if it ended without doing all that was asked."""
        return self.status == "failed"


@dataclass(frozen=True)
class RowCondition:
    """One condition on the field ``left``, such as ``RowCondition("age", "greater_equal", 18)``.

    ``right`` is left out for is_null and is_not_null, and needed for all others, else ConfigurationError. The form of
    ``right`` for "in" and "not_in" is not documented; a text is sent as it is.
    """

    left: str
    operation: RowOperation
    right: DatabaseCell | None = None

    def __post_init__(self) -> None:
        if (self.right is None) != (self.operation in ("is_null", "is_not_null")):
            needs = "no value" if self.right is not None else "a value"
            raise ConfigurationError(f"The condition {self.operation} on {self.left!r} needs {needs}")

    def wire(self) -> dict[str, object]:
        """Convert to the JSON that the API accepts."""
        right = {} if self.right is None else {"right": cell_text(self.right)}
        return {"left": self.left, "operation": self.operation, **right}


@dataclass(frozen=True)
class RowFilter:
    """Which rows are meant: those with all (``logic`` "and") or any ("or") of the conditions.

    Raises ConfigurationError without a condition: Coze refuses it for changes.
    """

    conditions: tuple[RowCondition, ...]
    logic: Literal["and", "or"] = "and"

    def __post_init__(self) -> None:
        if not self.conditions:
            raise ConfigurationError("A RowFilter needs at least one RowCondition")

    @classmethod
    def all(cls, *conditions: RowCondition) -> RowFilter:
        """Rows with all of these conditions."""
        return cls(conditions, "and")

    @classmethod
    def any(cls, *conditions: RowCondition) -> RowFilter:
        """Rows with at least one of these conditions."""
        return cls(conditions, "or")

    def wire(self) -> dict[str, object]:
        """Convert to the JSON that the API accepts."""
        return {"logic": self.logic, "conditions": [each.wire() for each in self.conditions]}


RowFilterLike = RowFilter | RowCondition
"""A filter; a single condition is one, too."""


def filter_to_wire(given: RowFilterLike) -> dict[str, object]:
    """Convert a filter to the JSON that the API accepts."""
    return (RowFilter.all(given) if isinstance(given, RowCondition) else given).wire()


def cell_text(value: DatabaseCell) -> str:
    """A cell as the API wants it: text, with true and false in lower case; ConfigurationError for other types."""
    if not isinstance(value, (str, int, float)):
        raise ConfigurationError(
            f"A cell of a database is a text, a number or a boolean, not {type(value).__name__}",
            cure="Convert the value to text; leave a cell out that stays empty",
        )
    return str(value).lower() if isinstance(value, bool) else str(value)


def row_to_wire(row: Mapping[str, DatabaseCell | None]) -> dict[str, str]:
    """A row as the API wants it; a cell that is ``None``, as in a row that was read, is left out and stays empty."""
    return {name: cell_text(value) for name, value in row.items() if value is not None}


def read_row(sent: Mapping[str, object]) -> DatabaseRow:
    """A row as Coze sent it, every cell as text; what is no text becomes the JSON text of it."""
    return {
        name: value if value is None or isinstance(value, str) else dump_json(value) for name, value in sent.items()
    }


def fields_to_wire(given: Iterable[DatabaseField | Mapping[str, object]]) -> list[dict[str, object]]:
    """Fields as the API wants them."""
    return [each.model_dump(exclude_unset=True) if isinstance(each, DatabaseField) else dict(each) for each in given]


def indexes_to_wire(given: Iterable[DatabaseIndex | Mapping[str, object]] | None) -> list[dict[str, object]] | None:
    """Indexes as the API wants them."""
    if given is None:
        return None
    return [each.model_dump(exclude_unset=True) if isinstance(each, DatabaseIndex) else dict(each) for each in given]
