"""Plugins: functions as tools, called without a bot, and their entries in the store."""

from __future__ import annotations

from typing import Annotated

import pytest
from typing_extensions import TypedDict

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, Json, code, data


class Weather(TypedDict):
    city: str
    degrees: float


def forecast(city: Annotated[str, "where"], days: int = 1) -> Weather:
    """The weather to come.

    More about it.
    """
    if city == "Atlantis":
        raise LookupError("it sank")
    return {"city": city, "degrees": 20.0 + days}


def shout(text: str) -> str:
    return text.upper()


@pytest.fixture
def weather(emulator: Emulator) -> str:
    return emulator.plugin("Weather", [forecast, shout], "Tells the weather.")


def call(api: ApiClient, plugin: str, tool: str, **arguments: object) -> Json:
    body = {"tool_name": tool, "arguments": arguments}
    return dict(api.post(f"/v1/plugins/{plugin}/tools/call", json=body).json())


def test_a_plugin_tells_its_tools_with_json_schemas(api: ApiClient, emulator: Emulator, weather: str) -> None:
    plugin = data(api.get(f"/v1/plugins/{weather}"))
    assert (plugin["plugin_id"], plugin["name"], plugin["is_call_available"]) == (weather, "Weather", True)
    first, second = plugin["tools"]
    assert (first["name"], first["description"], second["name"]) == ("forecast", "The weather to come.", "shout")
    assert first["inputSchema"] == {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "where"}, "days": {"type": "integer"}},
        "required": ["city"],
    }
    assert first["outputSchema"]["properties"]["degrees"]["type"] == "number"
    assert emulator.plugins == {"Weather": weather}


def test_several_plugins_come_at_once_and_at_most_twenty(api: ApiClient, emulator: Emulator, weather: str) -> None:
    other = emulator.plugin("Other", [shout])
    items = data(api.get("/v1/plugins/mget", params={"ids": f"{other},{weather}"}))["items"]
    assert [item["name"] for item in items] == ["Other", "Weather"]
    assert code(api.get("/v1/plugins/mget", params={"ids": ",".join([weather] * 21)})) == 4000
    assert code(api.get("/v1/plugins/mget")) == 4000


def test_the_stores_number_of_a_plugin_is_not_its_id(api: ApiClient, weather: str) -> None:
    [item] = data(api.get("/v1/stores/plugins"))["items"]
    assert item["metainfo"]["entity_id"] == weather
    assert item["plugin_info"]["total_tools_count"] == 2
    product = item["metainfo"]["product_id"]
    assert code(api.get(f"/v1/plugins/{product}")) == 4200
    assert call(api, product, "shout", text="a")["code"] == 4200


def test_a_tool_is_called_with_its_arguments(api: ApiClient, emulator: Emulator, weather: str) -> None:
    assert call(api, weather, "forecast", city="Bern", days=3)["data"] == {"result": {"city": "Bern", "degrees": 23.0}}
    assert call(api, weather, "shout", text="hey")["data"] == {"result": "HEY"}
    assert emulator.plugin_calls == 2


@pytest.mark.parametrize(
    ("tool", "arguments", "expected", "named"),
    [
        ("forecast", {}, 4000, "city is required"),
        ("forecast", {"city": 3}, 4000, "city"),
        ("rain", {}, 4200, "rain"),
        ("forecast", {"city": "Atlantis"}, 5000, "it sank"),
    ],
)
def test_a_call_that_goes_wrong_says_what(
    api: ApiClient, weather: str, tool: str, arguments: Json, expected: int, named: str
) -> None:
    refused = call(api, weather, tool, **arguments)
    assert (refused["code"], named in refused["msg"]) == (expected, True)


def test_only_paid_plans_call_and_only_paid_plugins(api: ApiClient, emulator: Emulator) -> None:
    free = emulator.plugin("Free", [shout], paid=False)
    assert call(api, free, "shout", text="a")["code"] == 4101
    with Emulator(plan="free") as poor, ApiClient(poor) as api:
        assert call(api, poor.plugin("Weather", [shout]), "shout", text="a")["code"] == 4101
        assert poor.plugin_calls == 0


def test_the_store_is_searched_page_by_page(api: ApiClient, emulator: Emulator) -> None:
    for n in range(3):
        emulator.plugin(f"Weather {n}", [shout])
    emulator.plugin("Trains", [shout])
    first = data(api.get("/v1/stores/plugins", params={"keyword": "weather", "page_size": 2}))
    assert ([item["metainfo"]["name"] for item in first["items"]], first["has_more"]) == (
        ["Weather 0", "Weather 1"],
        True,
    )
    last = data(api.get("/v1/stores/plugins", params={"keyword": "weather", "page_size": 2, "page_num": 2}))
    assert ([item["metainfo"]["name"] for item in last["items"]], last["has_more"]) == (["Weather 2"], False)
    assert code(api.get("/v1/stores/plugins", params={"sort_type": "relative"})) == 4000
    assert code(api.get("/v1/stores/plugins", params={"page_size": 101})) == 4000


def test_the_stores_categories_are_those_of_plugins(api: ApiClient) -> None:
    categories = data(api.get("/v1/stores/categories", params={"entity_type": "plugin"}))
    assert [(category["id"], category["name"]) for category in categories["items"]] == [
        ("7327137275714732069", "Tools"),
        ("7327137275714764837", "Travel"),
    ]
    assert code(api.get("/v1/stores/categories", params={"entity_type": "bot"})) == 4000
    assert code(api.get("/v1/stores/categories")) == 4000
