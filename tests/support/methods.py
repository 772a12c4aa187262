"""Every method of the API with arguments that it accepts, found by its signature."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from coze_client import CozeClient, CozeError, RowCondition
from coze_client.core.request import Request
from coze_client.core.resource import Resource
from coze_client.core.stream import Events

_VALUES: dict[str, object] = {
    "additional_messages": [],
    "app_type": "connector",
    "arguments": {},
    "collaboration_mode": "single",
    "configs": [],
    "content": "text",
    "contents": [],
    "document_bases": [],
    "document_ids": ["1"],
    "event_types": ["1"],
    "file": b"text",
    "fields": [],
    "files": [],
    "insert_rows": [{"name": "n"}],
    "interrupt_type": 2,
    "parameters": {},
    "plugin_ids": ["1"],
    "role": "user",
    "tool_outputs": [],
    "update_rule": None,
    "update_fields": {"name": "n"},
    "user": "u",
    "where": RowCondition("name", "is_null"),
}


def _resources(owner: object, path: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in dir(type(owner)):
        if name.startswith("_") or name in ("aio", "options", "request", "with_response"):
            continue
        value = getattr(owner, name)
        if isinstance(value, Resource):
            found[f"{path}{name}"] = value
            found |= _resources(value, f"{path}{name}.")
    return found


def _methods() -> dict[str, tuple[type, Callable[..., Any]]]:
    client = CozeClient("t", base_url="http://coze")
    return {
        f"{path}.{name}": (type(resource), getattr(resource, name))
        for path, resource in _resources(client, "").items()
        for name in dir(type(resource))
        if not name.startswith("_")
        and callable(getattr(resource, name))
        and not isinstance(getattr(resource, name), Resource)
    }


_FOUND = _methods()
OWNERS = {name: owner for name, (owner, _) in _FOUND.items()}
"""The class of each method, by the same path."""
METHODS: dict[str, Callable[..., Any]] = {name: method for name, (_, method) in _FOUND.items()}
"""The methods of all resources, by their path from the client, like ``conversations.messages.list``."""


def described_by(name: str, arguments: dict[str, Any]) -> object:
    """What a method describes with these arguments: a request, a listing or a stream; ``None`` for flows."""
    described = getattr(OWNERS[name], name.rpartition(".")[2])
    return described(**arguments) if isinstance(described, functools.partial) else None


def request_sent_by(name: str) -> Request[Any] | None:
    """The request of a method that sends exactly one; ``None`` for flows and listings."""
    with suppress(CozeError):
        value = described_by(name, arguments_of(METHODS[name]))
        return value.request if isinstance(value, Events) else value if isinstance(value, Request) else None
    return None


def arguments_of(method: Callable[..., Any]) -> dict[str, Any]:
    """Values for the arguments that a method needs."""
    return {
        name: _VALUES.get(name, "1")
        for name, parameter in inspect.signature(method).parameters.items()
        if name != "self"
        and parameter.default is inspect.Parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
