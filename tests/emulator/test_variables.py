"""Variables of end users: defaults, values, and what they belong to."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, code, data

DEFAULTS = {"city": "Bonn", "tone": ""}


@pytest.fixture
def bot_id(emulator: Emulator) -> str:
    bot_id = emulator.bots["echo"]
    emulator.add_variables(bot_id, DEFAULTS)
    return bot_id


def values(api: ApiClient, **asked: str) -> dict[str, str]:
    items = data(api.get("/v1/variables", params={"connector_uid": "ada", **asked}))["items"]
    return {item["keyword"]: item["value"] for item in items}


def put(api: ApiClient, given: dict[str, str], **place: Any) -> int:
    items = [{"keyword": keyword, "value": value} for keyword, value in given.items()]
    return code(api.put("/v1/variables", json={"connector_uid": "ada", "data": items, **place}))


def test_a_value_replaces_the_default_for_one_end_user(api: ApiClient, emulator: Emulator, bot_id: str) -> None:
    assert values(api, bot_id=bot_id) == DEFAULTS
    assert put(api, {"city": "Köln"}, bot_id=bot_id) == 0
    assert values(api, bot_id=bot_id) == {**DEFAULTS, "city": "Köln"}
    assert values(api, bot_id=bot_id, connector_uid="bob") == DEFAULTS
    with ApiClient(emulator, emulator.issue_token(account="7")) as other:
        assert values(other, bot_id=bot_id) == DEFAULTS
    asked = {"connector_uid": "ada", "bot_id": bot_id, "keywords": "city,nonsense"}
    [item] = data(api.get("/v1/variables", params=asked))["items"]
    assert (item["keyword"], item["create_time"] > 0) == ("city", True)


def test_an_app_has_variables_of_its_own(api: ApiClient, emulator: Emulator, bot_id: str) -> None:
    emulator.add_variables("77", {"city": "Rom"})
    assert put(api, {"city": "Ulm"}, app_id="77") == 0
    assert (values(api, app_id="77"), values(api, bot_id=bot_id)["city"]) == ({"city": "Ulm"}, "Bonn")


@pytest.mark.parametrize(
    ("given", "place", "expected"),
    [
        ({}, {}, 4000),
        ({"city": "x", "nonsense": "y"}, {}, 4000),
        ({"city": "x"}, {"app_id": "7"}, 4000),
        ({"city": "x"}, {"bot_id": None}, 4000),
        ({"city": "x"}, {"bot_id": "7"}, 4006),
        ({"city": "x"}, {"bot_id": None, "app_id": "7"}, 4200),
        ({"city": "x"}, {"connector_id": "999"}, 4015),
        ({"city": "x"}, {"connector_id": "1"}, 4000),
        ({"city": "x"}, {"connector_uid": ""}, 4000),
    ],
)
def test_a_refused_update_changes_nothing(
    api: ApiClient, bot_id: str, given: dict[str, str], place: dict[str, Any], expected: int
) -> None:
    assert put(api, given, **{"bot_id": bot_id, **place}) == expected
    assert values(api, bot_id=bot_id) == DEFAULTS
