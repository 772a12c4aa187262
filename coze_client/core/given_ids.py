"""The ids that a caller gives to a method: spaces around them are dropped, and an empty one is refused; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from coze_client.errors import ConfigurationError

_NO_IDS_OF_COZE = frozenset({"user_id"})  # the caller's own name for a user, sent as it is
_ENDINGS = ("_id", "_ids")
_MAY_BE_EMPTY = frozenset({"conversation_id", "before_id", "after_id"})  # empty means none, if it is optional


def checked_ids(arguments: Mapping[str, Any], optional: Collection[str] = ()) -> dict[str, Any]:
    """A copy of a method's keyword arguments with its ids (``…_id``, ``…_ids``) stripped; any form of id is taken.

    `optional`: the arguments that may be left out. Raises ConfigurationError, with the name of the argument, for an id
    that is empty.
    """
    return {
        name: _checked(name, value, optional) if name.endswith(_ENDINGS) else value for name, value in arguments.items()
    }


def _checked(name: str, value: object, optional: Collection[str]) -> object:
    if name in _NO_IDS_OF_COZE:
        return value
    if isinstance(value, str):
        means_none = value == "" and name in _MAY_BE_EMPTY and name in optional
        return None if means_none else _checked_id(name, value)
    if name.endswith("_ids") and isinstance(value, (list, tuple)):
        return [_checked_id(f"{name}[{index}]", each) for index, each in enumerate(value)]
    return value


def _checked_id(name: str, given: object) -> object:
    if not isinstance(given, str):
        return given
    identifier = given.strip()
    if not identifier:
        raise ConfigurationError(f"{name} is empty", cure="Give the id as Coze shows it, or leave the argument out")
    return identifier
