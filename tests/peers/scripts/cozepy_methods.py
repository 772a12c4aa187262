"""The methods of a client of cozepy, found by reflection, and their arguments, converted by their annotations."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from typing import Any, get_type_hints

import cozepy
from pydantic import TypeAdapter


def methods(client: object, path: str = "") -> Iterator[str]:
    """Yield the path of each public method of the client's resources."""
    for name in dir(type(client)):
        found = inspect.getattr_static(type(client), name)
        if name.startswith("_"):
            continue
        if isinstance(found, property | cached_property):
            yield from methods(getattr(client, name), f"{path}{name}.")
        elif callable(found):
            yield f"{path}{name}"


def typed_arguments(method: Any, wire: dict[str, Any]) -> dict[str, Any]:
    """Convert the parameters that the method takes, by its annotations; drop the others."""
    hints = get_type_hints(method)
    return {name: typed(value, hints[name]) for name, value in wire.items() if name in hints}


def typed(value: Any, hint: Any) -> Any:
    if isinstance(value, dict) and "base64" in value:
        return (value["name"], base64.b64decode(value["base64"]))
    return TypeAdapter(hint).validate_python(value)


def names() -> list[str]:
    """Return the public names of cozepy, except enumerations, answers, and what WebSockets need."""
    return [name for name in cozepy.__all__ if not is_apart(name, getattr(cozepy, name))]


def is_apart(name: str, value: Any) -> bool:
    enumeration = isinstance(value, type) and issubclass(value, Enum)
    return enumeration or name.endswith("Resp") or ".websockets" in getattr(value, "__module__", "")
