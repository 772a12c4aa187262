"""JSON text that anybody may have written: how deeply it may be nested, and how it is read and written."""

from __future__ import annotations

import json

from coze_client.errors import ConfigurationError

_DEEPEST = 200  # the limit of pydantic's parser, too; code that walks a value is then safe from RecursionError


def load_json(text: str | bytes) -> object:
    """Parse JSON text; raises ValueError if it is malformed, or nested more than 200 levels deep."""
    if isinstance(text, bytes):
        text = text.decode()
    try:
        value: object = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    return checked_depth(value) if text.count("[") + text.count("{") > _DEEPEST else value


def checked_depth(value: object) -> object:
    """Return a JSON value; raises ValueError if it is nested more than 200 levels deep."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [child for each in level for child in _children(each)]
        if not level:
            return value
    raise _too_deep()


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else []


def _too_deep() -> ValueError:
    return ValueError(f"the JSON is nested more than {_DEEPEST} levels deep")


def dump_json(value: object) -> str:
    """Write a caller's value as JSON text; raises ConfigurationError if that is impossible."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"The value cannot be converted to JSON: {error}") from error
