"""Reads ``key=value`` of a command line as the arguments of a workflow; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from coze_client.errors import ConfigurationError


def read_arguments(pairs: Iterable[str], schema: Mapping[str, object] | None) -> dict[str, object]:
    """The arguments by name: a `@` before the value makes it a file, and two of them are a `@` of the text.

    By the `schema`, text stays text, and anything else is JSON (``true``, ``3``, ``["a"]``), which ``null`` always is.
    Without a schema (``None``), what is JSON counts as JSON. A value that does not fit stays text, for the check to
    refuse. Raises ConfigurationError for a pair without `=`, a name given twice, or a file that is not there.
    """
    arguments: dict[str, object] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise ConfigurationError(f"{pair!r} is no key=value", cure="Give each input of the workflow as key=value")
        if name in arguments:
            raise ConfigurationError(f"{name} is given twice", cure=f'Give a list as JSON: {name}=\'["a", "b"]\'')
        arguments[name] = _read_value(value, None if schema is None else _type_of(name, schema))
    return arguments


def _type_of(name: str, schema: Mapping[str, object]) -> str | None:
    """The type of an input; ``None`` if it may be any, text for one that the schema does not have."""
    properties = schema.get("properties")
    known = properties.get(name) if isinstance(properties, dict) else None
    if not isinstance(known, dict):
        return "string"
    return str(known["type"]) if "type" in known else None


def _read_value(value: str, kind: str | None) -> object:
    if value.startswith("@@"):
        return value[1:]
    if value.startswith("@"):
        return _file(value[1:])
    if kind == "string":
        return value
    with suppress(ValueError):
        return json.loads(value.lower() if kind == "boolean" else value)
    return value


def _file(path: str) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise ConfigurationError(f"There is no file {path}", cure="For a text that begins with @, write @@")
    return file
