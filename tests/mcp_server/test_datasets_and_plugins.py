"""Datasets and plugins as tools."""

from __future__ import annotations

import pytest

from coze_client import AsyncCozeClient
from coze_client.api.recall.values import Recall, Slice
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from coze_client.errors import ConfigurationError, NotFound
from coze_client.mcp_server.search_tool import recall_reply
from tests.support.mcp_clients import Connect

PETS = "The cat sleeps on the warm stove.\n---\nA dog guards the house at night."


@pytest.fixture
def dataset(emulator: Emulator) -> str:
    """The id of a dataset about pets."""
    return emulator.add_dataset("Pets", {"pets.txt": PETS}, separator="---")


@pytest.mark.parametrize("way", ["workflow_id", "bot_id"])
async def test_a_search_returns_passages_with_their_sources(
    connect: Connect, emulator: Emulator, dataset: str, way: str
) -> None:
    other = emulator.add_dataset("Cooking", {"fish.txt": "A cat likes fish."})
    by_workflow = way == "workflow_id"
    searcher = (
        emulator.add_knowledge_workflow([dataset, other])
        if by_workflow
        else emulator.add_bot("x", dataset_ids=[dataset])
    )
    async with connect(datasets=[{"id": dataset, way: searcher}], workspace_id=WORKSPACE) as client:
        tool = (await client.tools())["search_pets"]
        found = await client.call("search_pets", {"query": "Where does the cat sleep?"})
    assert tool["annotations"]["readOnlyHint"] is True
    passages = found.facts["passages"]
    assert passages[0]["text"] == "The cat sleeps on the warm stove."
    assert {each["document_name"] for each in passages} == {"pets.txt"}
    assert found.text.startswith("[1] pets.txt")
    assert passages[0]["text"] in found.text


async def test_a_search_returns_no_more_passages_than_the_limit(
    connect: Connect, emulator: Emulator, dataset: str
) -> None:
    searcher = emulator.add_knowledge_workflow([dataset])
    chosen = {"id": dataset, "workflow_id": searcher, "limit": 1, "name": "pets"}
    async with connect(datasets=[chosen | {"description": "Cats and dogs."}]) as client:
        tool = (await client.tools())["pets"]
        found = await client.call("pets", {"query": "cat or dog in the house"})
    assert tool["description"] == "Searches the knowledge base Pets: Cats and dogs."
    assert len(found.facts["passages"]) == 1


async def test_the_bot_of_setup_searches_where_nothing_else_is_named(
    connect: Connect, coze_client: AsyncCozeClient, dataset: str
) -> None:
    chosen = {"datasets": [dataset]}
    with pytest.raises(ConfigurationError, match="no bot that searches it"):
        async with connect(**chosen):
            pass
    await coze_client.recall.setup(dataset, WORKSPACE)
    async with connect(**chosen) as client:
        found = await client.call("search_pets", {"query": "cat"})
    assert found.facts["passages"][0]["text"] == "The cat sleeps on the warm stove."


async def test_a_server_creates_nothing_in_coze(connect: Connect, emulator: Emulator, dataset: str) -> None:
    with pytest.raises(ConfigurationError):
        async with connect(datasets=[dataset], workspace_id=WORKSPACE):
            pass
    assert {call.method for call in emulator.calls} == {"GET"}


@pytest.mark.parametrize("place", [{}, {"workspace_id": WORKSPACE}])
async def test_a_dataset_that_is_nowhere_is_told(connect: Connect, dataset: str, place: dict[str, str]) -> None:
    with pytest.raises(NotFound, match="no dataset 7449999999999999999 among the 1 that"):
        async with connect(datasets=["7449999999999999999"], **place):
            pass


async def test_every_tool_of_a_plugin_is_a_tool(connect: Connect, emulator: Emulator) -> None:
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"sunny in {city}"

    def get_time(city: str) -> dict[str, str]:
        """Tell the time of a city."""
        raise ValueError("the clock stands still")

    plugin_id = emulator.plugin("World", [get_weather, get_time])
    async with connect(plugins=[plugin_id]) as client:
        tools = await client.tools()
        done = await client.call("get_weather", {"city": "Rome"})
        failed = await client.call("get_time", {"city": "Rome"})
        wrong = await client.call("get_weather", {"town": "Rome"})
    assert tools["get_weather"]["description"] == "World get_weather: Tell the weather of a city."
    assert done.text == done.facts["output"] == "sunny in Rome"
    assert failed.is_error
    assert wrong.is_error
    assert "town" in wrong.text
    assert emulator.plugin_calls == 2


@pytest.mark.parametrize(
    ("slice_", "source"),
    [
        (
            Slice("t", title="Owls", url="https://example.com/owls", document_name="a.txt"),
            "Owls https://example.com/owls",
        ),
        (Slice("t", document_id="7", dataset_id="1", document_name="a.txt"), "a.txt coze://datasets/1/documents/7"),
        (Slice("t", document_id="7"), "coze://documents/7"),
        (Slice("t"), "coze://workflows/9"),
    ],
)
def test_a_source_is_the_name_of_the_document_and_where_it_is(slice_: Slice, source: str) -> None:
    reply = recall_reply(Recall("?", (slice_,), workflow_id="9"))
    assert reply.content == [{"type": "text", "text": f"[1] {source}\nt"}]


def test_an_empty_recall_is_told() -> None:
    assert recall_reply(Recall("?")).content == [{"type": "text", "text": "Nothing was found."}]
