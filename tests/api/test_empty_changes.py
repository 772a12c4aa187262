"""Updates that change nothing: each is an error before anything is sent."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import ConfigurationError
from tests.support.clients import Driver
from tests.support.methods import METHODS, arguments_of

OWNED = {"variables.update": {"bot_id": "1"}}
"""What an update needs beside its required arguments to say whose things it changes."""


def empty_arguments(method: Callable[..., Any]) -> dict[str, Any] | None:
    """What says which thing to change, and no change; ``None`` if a call without a change cannot be written."""
    needed = arguments_of(method)
    kinds = {name: str(inspect.signature(method).parameters[name].annotation) for name in needed}
    empty: dict[str, Any] = {name: {} for name, kind in kinds.items() if "Mapping" in kind}
    given = {name: value for name, value in needed.items() if name.endswith(("_id", "_uid")) or name == "where"}
    return {**given, **empty} if given.keys() | empty.keys() == needed.keys() else None


UPDATES = {name: empty_arguments(method) for name, method in METHODS.items() if name.endswith(".update")}
EMPTY = {name: given | OWNED.get(name, {}) for name, given in UPDATES.items() if given is not None}


def test_most_updates_can_be_written_without_a_change() -> None:
    assert len(EMPTY) > len(UPDATES) / 2 > 8


@pytest.mark.parametrize("name", EMPTY)
def test_an_update_without_a_change_is_not_sent(driver: Driver, name: str) -> None:
    transport = httpx.MockTransport(lambda _: pytest.fail("it was sent"))
    method: Any = driver.client("t", base_url="http://coze", transport=transport)
    for part in name.split("."):
        method = getattr(method, part)
    with pytest.raises(ConfigurationError, match=r"nothing to change|at least one variable"):
        driver.run(method(**EMPTY[name]))
