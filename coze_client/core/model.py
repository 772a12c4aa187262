"""Converts the server's JSON to frozen, lenient models.

Unknown fields are kept. Ids are always text. A value of the wrong type, often ``null``, is treated as absent. So a
response still parses after the server has added or changed fields.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

from coze_client.errors import ProtocolError

T = TypeVar("T")
M = TypeVar("M", bound="Model")
_adapters: dict[object, object] = {}
_log = logging.getLogger("coze_client")
_MOST_NAMES = 4  # of one field, in the models of this project


class Model(BaseModel):
    """A value from Coze; ``model_extra`` has the fields that this library does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        coerce_numbers_to_str=True,
        populate_by_name=True,
        defer_build=True,
        protected_namespaces=(),
    )


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """The validator of a type, built at its first use."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return cast("TypeAdapter[T]", _adapters[kind])


@cache
def json_validator(kind: type[M]) -> Callable[[bytes], M]:
    """The fastest function from JSON bytes to a model, for streams; it raises pydantic's ValidationError."""
    kind.model_rebuild()
    validate: Callable[[bytes], M] = kind.__pydantic_validator__.validate_json
    return validate


def convert(kind: type[T], value: object) -> T:
    """Convert a parsed JSON value to `kind`; invalid parts are dropped. Raises ProtocolError if nothing fits."""
    try:
        return adapter(kind).validate_python(value)
    except ValidationError as error:
        return _leniently(kind, value, error)


def convert_json(kind: type[T], data: bytes) -> T:
    """Convert JSON text to `kind`, like ``convert``; raises ProtocolError also for malformed JSON."""
    try:
        return adapter(kind).validate_json(data)
    except ValidationError:
        return convert(kind, parse_json(data))


def parse_json(data: bytes | str) -> Any:  # JSON has no narrower type; every caller validates
    """Parse JSON text; replaces invalid UTF-8 and raises ProtocolError for malformed JSON.

    A byte order mark before the text is left out.
    """
    text = data if isinstance(data, str) else data.decode("utf-8-sig", "replace")
    try:
        return from_json(text)
    except ValueError as error:
        raise ProtocolError(f"The server sent malformed JSON: {excerpt(text)}") from error


def parse_part(data: bytes, *, cut_texts: bool = False) -> dict[str, object]:
    """The JSON object at the beginning of a text that broke off, empty if it is none.

    A text that broke off is left out, because half an id is none; with `cut_texts` it is kept.
    """
    try:
        found = from_json(data.decode("utf-8", "ignore"), allow_partial="trailing-strings" if cut_texts else True)
    except ValueError:
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def excerpt(text: bytes | str, limit: int = 200) -> str:
    """The first `limit` characters of a text, quoted and on one line, for an error message."""
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", "replace")
    flat = " ".join(text[: limit * 4].split())
    return repr(flat if len(flat) <= limit else flat[:limit] + "…")


def _leniently(kind: type[T], value: object, error: ValidationError) -> T:
    """Convert without the invalid parts; a field of several names is invalid by one name after the other."""
    for _ in range(_MOST_NAMES):
        value = _valid_parts(value, error)
        try:
            return adapter(kind).validate_python(value)
        except ValidationError as remaining:
            error = remaining
    raise ProtocolError(f"The server sent an unexpected structure: {error.error_count()} values are invalid") from error


def _valid_parts(value: object, error: ValidationError) -> object:
    invalid: _Parts = {}
    paths: set[Path] = set()
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        path = _existing_part(value, each["loc"])
        _log.debug("dropped an invalid value: %s: %s", path, each["msg"])
        paths.add(path)
        _mark(invalid, path)
    return _without(value, invalid) if () not in paths else None


Path = tuple[int | str, ...]
_Parts = dict["int | str", "_Parts"]
"""Parts of a JSON value, nested like it: the steps from the root. What has no parts itself is meant as a whole."""


def _existing_part(value: object, path: Path) -> Path:
    """The part of `path` that exists in a JSON value; pydantic appends the names of union branches to it."""
    for depth, step in enumerate(path):
        if isinstance(value, dict) and step in value:
            value = cast("dict[int | str, object]", value)[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = cast("list[object]", value)[step]
        else:
            return path[:depth]
    return path


def _mark(parts: _Parts, path: Path) -> None:
    """Add the part at `path`; it includes all parts inside it."""
    for step in path[:-1]:
        inside = parts.get(step)
        if inside is not None and not inside:
            return  # a part that is marked as a whole
        parts = parts.setdefault(step, {})
    if path:
        parts[path[-1]] = {}


def _without(value: object, parts: _Parts) -> object:
    """A copy of a JSON value without these parts, made in one pass: a copy for each part would take quadratic time."""
    if isinstance(value, dict):
        fields = cast("dict[int | str, object]", value)
        return {key: _kept(item, key, parts) for key, item in fields.items() if parts.get(key, True)}
    items = cast("list[object]", value)
    return [_kept(item, index, parts) for index, item in enumerate(items) if parts.get(index, True)]


def _kept(value: object, step: int | str, parts: _Parts) -> object:
    return _without(value, parts[step]) if step in parts else value
