"""Plugins of the store, read and called by both clients on the emulator."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from typing_extensions import TypedDict

from coze_client import APIError, ConfigurationError, NotFound, PermissionDenied, Plugin, PluginCategory, PluginEntry
from coze_client.emulator import Emulator, faults
from tests.support.clients import ConnectedClient, Driver


class Weather(TypedDict):
    city: str
    degrees: float


def forecast(city: str, days: int = 1) -> Weather:
    """The weather to come."""
    if city == "Atlantis":
        raise LookupError("it sank")
    return {"city": city, "degrees": 20.0 + days}


def shout(text: str) -> str:
    """The text in capital letters."""
    return text.upper()


def report(text: str) -> str:
    """A result that is JSON in a string."""
    return '{"report": "' + text + '"}'


@pytest.fixture
def weather(emulator: Emulator) -> str:
    return emulator.plugin("Weather", [forecast, shout, report], "Tells the weather.")


def test_a_plugin_is_retrieved_with_the_schemas_of_its_tools(coze: ConnectedClient, weather: str) -> None:
    plugin = coze.run(coze.client.plugins.retrieve(plugin_id=weather))
    assert isinstance(plugin, Plugin)
    assert (plugin.plugin_id, plugin.name, plugin.is_call_available) == (weather, "Weather", True)
    first, *_ = plugin.tools
    assert (first.name, first.description) == ("forecast", "The weather to come.")
    assert first.input_schema == {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    }
    assert first.output_schema is not None
    assert first.output_schema["properties"].keys() == {"city", "degrees"}


def test_the_configuration_of_a_plugin_is_not_printed() -> None:
    assert "secret" not in repr(Plugin(mcp_json='{"token": "secret"}'))


def test_a_plugin_that_does_not_exist_is_not_found(coze: ConnectedClient, weather: str) -> None:
    with pytest.raises(NotFound, match="entity id"):
        coze.run(coze.client.plugins.retrieve(plugin_id="7"))


def test_several_plugins_are_retrieved_in_the_order_of_their_ids(coze: ConnectedClient, weather: str) -> None:
    other = coze.emulator.plugin("Other", [shout])
    plugins = coze.run(coze.client.plugins.batch_retrieve(plugin_ids=[other, weather]))
    assert [plugin.name for plugin in plugins] == ["Other", "Weather"]
    assert coze.emulator.calls[-1].query == {"ids": f"{other},{weather}"}


def test_twenty_plugins_are_retrieved_at_once(coze: ConnectedClient, weather: str) -> None:
    assert len(coze.run(coze.client.plugins.batch_retrieve(plugin_ids=[weather] * 20))) == 20


@pytest.mark.parametrize("wrap", [lambda plugins: plugins, lambda plugins: {"tools": plugins}], ids=["list", "tools"])
def test_the_plugins_of_a_batch_may_come_in_other_shapes(driver: Driver, wrap: Callable[[object], object]) -> None:
    data = wrap([{"plugin_id": "1", "name": "Weather", "tools": None}])
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"code": 0, "data": data}))
    client = driver.client("t", base_url="http://coze", transport=transport)
    (plugin,) = driver.run(client.plugins.batch_retrieve(plugin_ids=["1"]))
    assert (plugin.plugin_id, plugin.name, plugin.tools) == ("1", "Weather", ())


@pytest.mark.parametrize("count", [0, 21])
def test_1_to_20_plugins_are_retrieved_at_once(coze: ConnectedClient, weather: str, count: int) -> None:
    with pytest.raises(ConfigurationError, match=f"1 to 20 ids, not {count}"):
        coze.run(coze.client.plugins.batch_retrieve(plugin_ids=[weather] * count))
    assert not coze.emulator.calls


@pytest.mark.parametrize(
    ("tool", "arguments", "result"),
    [
        ("forecast", {"city": "Bern", "days": 3}, {"city": "Bern", "degrees": 23.0}),
        ("shout", {"text": "hey"}, "HEY"),
        ("report", {"text": "sun"}, {"report": "sun"}),
    ],
)
def test_a_call_returns_the_result_of_the_tool(
    coze: ConnectedClient, weather: str, tool: str, arguments: dict[str, object], result: object
) -> None:
    call = coze.client.plugins.call(plugin_id=weather, tool_name=tool, arguments=arguments)
    assert coze.run(call) == result
    assert coze.emulator.plugin_calls == 1


def test_a_tool_that_needs_arguments_must_get_them(coze: ConnectedClient, weather: str) -> None:
    with pytest.raises(APIError, match="city is required"):
        coze.run(coze.client.plugins.call(plugin_id=weather, tool_name="forecast"))
    assert coze.emulator.calls[-1].body == {"tool_name": "forecast", "arguments": {}}


def test_a_call_that_may_have_arrived_is_not_sent_again(coze: ConnectedClient, weather: str) -> None:
    coze.emulator.inject(faults.AfterStart(faults.HttpStatus(502)), "/v1/plugins/*")
    with pytest.raises(APIError):
        coze.run(coze.client.plugins.call(plugin_id=weather, tool_name="shout", arguments={"text": "hey"}))
    assert coze.emulator.plugin_calls == 1


def test_a_plan_without_calls_is_a_permission_error(driver: Driver) -> None:
    with Emulator(plan="free") as emulator:
        coze = ConnectedClient(driver, emulator)
        plugin = emulator.plugin("Weather", [shout])
        with pytest.raises(PermissionDenied, match="paid"):
            coze.run(coze.client.plugins.call(plugin_id=plugin, tool_name="shout", arguments={"text": "hey"}))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
def test_every_plugin_of_the_store_is_listed_once_whatever_the_page_size(coze: ConnectedClient, size: int) -> None:
    ids = [coze.emulator.plugin(f"Plugin {n}", [shout, forecast]) for n in range(3)]
    found = coze.collect(coze.client.plugins.list(page_size=size))
    assert [entry.entity_id for entry in found] == ids
    assert {field: getattr(found[0], field) for field in PluginEntry.model_fields} == {
        "entity_id": ids[0],
        "product_id": found[0].product_id,
        "name": "Plugin 0",
        "description": "",
        "paid_type": "paid",
        "is_official": True,
        "total_tools_count": 2,
        "is_call_available": True,
    }
    assert found[0].product_id not in ("", ids[0])


def test_the_store_is_filtered(coze: ConnectedClient, weather: str) -> None:
    coze.emulator.plugin("Trains", [shout])
    found = coze.collect(
        coze.client.plugins.list(keyword="weather", is_official=True, category_ids=["1", "2"], sort_type="relative")
    )
    assert [entry.name for entry in found] == ["Weather"]
    assert coze.emulator.calls[-1].query == {
        "keyword": "weather",
        "is_official": "true",
        "category_ids": "1,2",
        "sort_type": "relative",
        "page_size": "100",
        "page_num": "1",
    }
    assert coze.collect(coze.client.plugins.list(is_official=False)) == []


def test_the_order_by_relevance_needs_a_keyword(coze: ConnectedClient) -> None:
    with pytest.raises(APIError, match="needs a keyword"):
        coze.collect(coze.client.plugins.list(sort_type="relative"))


@pytest.mark.parametrize("size", [1, 100])
def test_every_category_is_listed_once(coze: ConnectedClient, size: int) -> None:
    found = coze.collect(coze.client.plugins.categories(page_size=size))
    assert found == [
        PluginCategory(id="7327137275714732069", name="Tools"),
        PluginCategory(id="7327137275714764837", name="Travel"),
    ]
    assert {call.query["entity_type"] for call in coze.emulator.calls} == {"plugin"}


@pytest.mark.parametrize("size", [0, 101])
@pytest.mark.parametrize("listing", ["list", "categories"])
def test_a_page_holds_1_to_100(coze: ConnectedClient, listing: str, size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"1 to 100, not {size}"):
        coze.collect(getattr(coze.client.plugins, listing)(page_size=size))
    assert not coze.emulator.calls
