"""What keeps a value from being JSON: the key and the reason; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite

from coze_client.errors import ConfigurationError

_DEEPEST = 100


def not_json(body: Mapping[str, object], error: Exception) -> ConfigurationError:
    """The error for a body that `error` kept from being JSON; it names the key."""
    problem = next((problem for name, value in body.items() for problem in find_problems(value, name)), str(error))
    return ConfigurationError(
        f"The request cannot be converted to JSON: {problem}", cure="Give text, numbers, booleans, lists and objects"
    )


def find_problems(value: object, location: str, depth: int = 0) -> Iterator[str]:
    """What is no JSON in a value, each with its key, like ``parameters.items[0].when is a datetime``."""
    if depth > _DEEPEST:
        yield f"{location} is nested too deeply, or contains itself"
    elif isinstance(value, dict):
        for name, member in value.items():
            if not isinstance(name, (str, int, float, bool)) and name is not None:
                yield f"{location} has a key that is no text: {name!r:.40}"
            yield from find_problems(member, f"{location}.{name}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            yield from find_problems(member, f"{location}[{index}]", depth + 1)
    elif isinstance(value, float) and not isfinite(value):
        yield f"{location} is {value}, which JSON does not have"
    elif isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield f"{location} is text with half a character (a surrogate)"
    elif value is not None and not isinstance(value, (int, float)):
        kind = type(value)
        yield f"{location} is a {kind.__name__}" + ("" if kind.__module__ == "builtins" else f" of {kind.__module__}")
