"""Which rows of a database a filter means, in which order they come, and which of their cells are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.request import Fields
from coze_client.emulator.state.database_records import Row

Value = str | Decimal
Cells = Mapping[str, str | None]
Test = Callable[[Cells], bool]


def _less(left: Value, right: Value) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        return str(left) < str(right)
    return left < right


COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "equal": lambda left, right: left == right,
    "not_equal": lambda left, right: left != right,
    "greater_than": lambda left, right: _less(right, left),
    "less_than": _less,
    "greater_equal": lambda left, right: not _less(left, right),
    "less_equal": lambda left, right: not _less(right, left),
}
NULLS, LIKES, LISTS = ("is_null", "is_not_null"), ("like", "not_like"), ("in", "not_in")
OPERATIONS = (*COMPARISONS, *NULLS, *LIKES, *LISTS)


def read_value(text: str, kind: str, name: str) -> Value:
    """Return a cell as a value that can be compared; 4000 if it is none of the field's type."""
    if kind == "boolean" and text not in ("true", "false"):
        raise ApiError(4000, f"{name} must be true or false, as text")
    if kind not in ("integer", "number"):
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ApiError(4000, f"{name} must be a number, as text") from None
    if not number.is_finite() or (kind == "integer" and number != number.to_integral_value()):
        raise ApiError(4000, f"{name} must be of type {kind}")
    return number


def read_filter(given: Fields, types: Mapping[str, str]) -> Test:
    """Return the test of a filter; 4000 without conditions, or for a field that the table does not have."""
    tests = [_read_condition(each, types) for each in given.objects("conditions")]
    if not tests:
        raise ApiError(4000, "filter must have conditions")
    meets = all if given.choice("logic", ("and", "or"), "and") == "and" else any
    return lambda cells: meets(test(cells) for test in tests)


def _read_condition(given: Fields, types: Mapping[str, str]) -> Test:
    name, operation = known_field(given.text("left"), types), given.choice("operation", OPERATIONS, "")
    if operation in NULLS:
        return lambda cells: (cells.get(name) is None) == (operation == "is_null")
    right = given.optional("right")
    if right is None:
        raise ApiError(4000, "right is required")
    if operation in LIKES:
        pattern = _pattern(right)
        return lambda cells: _meets(cells, name, lambda cell: bool(pattern.fullmatch(cell)) == (operation == "like"))
    kind, compare = types[name], COMPARISONS[operation]
    value = read_value(right, kind, name)
    return lambda cells: _meets(cells, name, lambda cell: compare(read_value(cell, kind, name), value))


def _meets(cells: Cells, name: str, test: Callable[[str], bool]) -> bool:
    """Test a cell; an empty one meets no condition but is_null, as in SQL."""
    cell = cells.get(name)
    return cell is not None and test(cell)


def _pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern of SQL: `%` stands for any text, `_` for one character."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(each, re.escape(each)) for each in text), re.DOTALL)


def known_field(name: str, types: Mapping[str, str]) -> str:
    """Return the name of a field; 4000 if the table has no such field."""
    if name not in types:
        raise ApiError(4000, f"the table has no field {name}")
    return name


def uses_lists(given: Fields) -> bool:
    """Whether a filter asks for `in` or `not_in`, whose `right` has no documented form."""
    return any(each.values.get("operation") in LISTS for each in given.objects("conditions"))


@dataclass(frozen=True)
class Question:
    """What a query asks for: `test` of its rows, the order by (field, descending), and the fields to show."""

    types: Mapping[str, str]
    test: Test
    order: Sequence[tuple[str, bool]]
    names: Sequence[str]
    distinct: bool = False

    def answer(self, rows: Sequence[Cells]) -> list[Row]:
        found = [cells for cells in rows if self.test(cells)]
        for name, descending in reversed(self.order):
            found.sort(key=partial(_sort_key, name, self.types[name]), reverse=descending)
        shown: list[Row] = [{name: cells.get(name) for name in self.names} for cells in found]
        return _distinct(shown) if self.distinct else shown


def read_question(body: Fields, types: Mapping[str, str]) -> Question:
    """Read the filter, order and fields of a query; 4000 for a field that the table does not have."""
    given, selection = Fields(body.mapping("filter")), Fields(body.mapping("select_fields"))
    test: Test = read_filter(given, types) if given.values else lambda _: True
    order = [
        (known_field(each.text("field_name"), types), each.choice("direction", ("asc", "desc"), "asc") == "desc")
        for each in body.objects("order_by")
    ]
    names = [known_field(name, types) for name in selection.texts("field_names")]
    return Question(types, test, order, names or list(types), selection.flag("is_distinct", default=False))


def _sort_key(name: str, kind: str, cells: Cells) -> tuple[bool, Value]:
    """Empty cells come first, as in MySQL."""
    cell = cells.get(name)
    empty: Value = Decimal(0) if kind in ("integer", "number") else ""
    return (cell is not None, empty if cell is None else read_value(cell, kind, name))


def _distinct(rows: list[Row]) -> list[Row]:
    return list({tuple(row.values()): row for row in rows}.values())
