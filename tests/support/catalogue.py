"""The catalogue of Coze's operations, ``tests/data/operations.json``, and generated values for what it names.

An operation has its method, its path, its parameters by place (``query``, ``body``, ``form``) with their types, and its
answer: ``data`` (inside the envelope), ``flat`` (beside the code), ``events`` or ``binary``. A type that ends with "?"
is optional. The catalogue was written from the official SDKs and the documentation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

_FILE = Path(__file__).parent.parent / "data" / "operations.json"
_CATALOGUE: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
_PAGE_FIELDS = {"page_num", "page_index", "page", "page_token", "before_id", "after_id"}


@dataclass(frozen=True)
class Operation:
    """One operation of the catalogue."""

    name: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    data: str = ""
    flat: str = ""
    events: str = ""
    binary: bool = False
    items: str = ""
    paging: str = ""
    studio: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def path_names(self) -> list[str]:
        """The names in the path, like ``bot_id``."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def types(self) -> dict[str, str]:
        """The type of each parameter outside the path, without its "?"."""
        return {name: kind.rstrip("?") for name, kind in {**self.query, **self.body, **self.form}.items()}

    @property
    def required(self) -> set[str]:
        """The parameters outside the path that must be sent."""
        return {name for name, kind in {**self.query, **self.body, **self.form}.items() if not kind.endswith("?")}

    @property
    def steering(self) -> set[str]:
        """The parameters that choose a page, which no caller gives."""
        return _PAGE_FIELDS & set(self.types) if self.paging else set()

    def answer(self) -> dict[str, Any]:
        """A response with every documented field, without an envelope."""
        kind = self.data or self.flat
        value = sample(kind, kind) if kind else {}
        if self.items:
            value = {**value, "has_more": False} if "has_more" in value else value
        return {"data": value} if self.data else dict(value)


OPERATIONS = tuple(Operation(**each) for each in _CATALOGUE["operations"])


def sample(kind: str, name: str, inside: tuple[str, ...] = ()) -> Any:
    """A JSON value of a type of the catalogue; texts and numbers differ from place to place, named by `name`.

    `inside`: the objects around it; one that contains itself ends there, as an empty list or object.
    """
    kind = kind.partition("|")[0]
    if parts := _CATALOGUE["schemas"].get(kind):
        around = (*inside, kind)
        return (
            {part: sample(each, f"{name}.{part}", around) for part, each in parts.items()} if kind not in inside else {}
        )
    if found := re.fullmatch(r"array<(.*)>", kind):
        return [sample(found[1], name, inside)] if found[1] not in inside else []
    if found := re.fullmatch(r"map<string,(.*)>", kind):
        return {"k": sample(found[1], f"{name}.k", inside)}
    if kind.startswith("enum "):
        return _CATALOGUE["enums"][kind.removeprefix("enum ")][0]
    return _scalar(kind, name)


def _scalar(kind: str, name: str) -> Any:
    number = crc32(name.encode()) % 1_000_000 + 1_000
    values = {
        "integer": number,
        "digits": str(number),
        "number": number + 0.5,
        "boolean": True,
        "binary-file": b"bytes",
        "any": {"any": name},
    }
    return values.get(kind, f"{_place(name)}-1")


def _place(name: str) -> str:
    """Where a text stands; a conversation is the same one everywhere."""
    return "conversation_id" if name.endswith(".conversation_id") else name


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The texts and numbers inside a JSON value, each as text with its path; without booleans and what is empty."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from leaves(part, path)
    elif value not in (None, "") and not isinstance(value, bool):
        yield path.strip("."), str(value)


def with_more(value: Any) -> Any:
    """The JSON value with a field that nobody knows in each of its objects."""
    if isinstance(value, dict):
        return {**{name: with_more(part) for name, part in value.items()}, "added_later": {"x": [1]}}
    return [with_more(part) for part in value] if isinstance(value, list) else value


def with_nulls(value: Any) -> Any:
    """The JSON value with ``null`` in place of each text, number and boolean."""
    if isinstance(value, dict):
        return {name: with_nulls(part) for name, part in value.items()}
    return [with_nulls(part) for part in value] if isinstance(value, list) else None
