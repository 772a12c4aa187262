"""Ids that a caller gives: stripped, opaque, and never empty, in every method of the API."""

from __future__ import annotations

import inspect
from contextlib import suppress
from typing import Any

import httpx
import pytest

from coze_client import ConfigurationError, CozeError
from coze_client.core.given_ids import checked_ids
from tests.support.clients import Driver
from tests.support.methods import METHODS, arguments_of

ID_ARGUMENTS = [
    (name, parameter.name)
    for name, method in METHODS.items()
    for parameter in inspect.signature(method).parameters.values()
    if parameter.name.endswith(("_id", "_ids")) and parameter.name != "user_id" and not name.startswith("oauth.")
]


def test_many_methods_take_ids() -> None:
    assert len(ID_ARGUMENTS) > 100


def client_of(driver: Driver, seen: list[str]) -> Any:
    """A client that is always answered "not found"; `seen` gets what was sent."""

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url} {request.read().decode('utf-8', 'replace')}")
        return httpx.Response(404)

    return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond), retry=None)


def call_with(driver: Driver, client: Any, name: str, **given: object) -> None:
    """Call a method with valid arguments, of which `given` replace some."""
    resource, _, method = name.rpartition(".")
    owner = client
    for part in resource.split("."):
        owner = getattr(owner, part)
    result = getattr(owner, method)(**{**arguments_of(METHODS[name]), **given})
    if hasattr(result, "__iter__") or hasattr(result, "__aiter__"):
        driver.collect(result, 1)
    else:
        driver.run(result)


@pytest.mark.parametrize("blank", ["", "  ", "\n"], ids=["nothing", "spaces", "line end"])
def test_an_empty_id_is_refused_by_name_before_anything_is_sent(driver: Driver, blank: str) -> None:
    seen: list[str] = []
    client = client_of(driver, seen)
    for name, argument in ID_ARGUMENTS:
        if blank == "" and argument in ("conversation_id", "before_id", "after_id") and is_optional(name, argument):
            continue  # an empty id means none here
        with pytest.raises(ConfigurationError, match=argument):
            call_with(driver, client, name, **{argument: [blank] if argument.endswith("_ids") else blank})
        assert seen == [], (name, argument)


def is_optional(name: str, argument: str) -> bool:
    return inspect.signature(METHODS[name]).parameters[argument].default is not inspect.Parameter.empty


@pytest.mark.parametrize("form", ["7420", "file_ab-12", "tos-cn/x.y", "身份"])
def test_an_id_is_stripped_and_otherwise_sent_as_it_is(form: str) -> None:
    given = {"bot_id": f" {form}\n", "document_ids": (f"\t{form}", form), "user_id": " me ", "name": " a "}
    assert checked_ids(given, ()) == {"bot_id": form, "document_ids": [form, form], "user_id": " me ", "name": " a "}


def test_spaces_around_an_id_do_not_reach_the_server(driver: Driver) -> None:
    seen: list[str] = []
    client = client_of(driver, seen)
    for name, argument in ID_ARGUMENTS:
        given = [" 4711 "] if argument.endswith("_ids") else "\t4711\n"
        with suppress(CozeError, AttributeError):  # only what was sent matters
            call_with(driver, client, name, **{argument: given})
    assert sum("4711" in each for each in seen) > 80
    assert not [each for each in seen if "%204711" in each or "+4711" in each or " 4711" in each or "4711%0A" in each]
