"""What a user chooses, and what is told of a mistake in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coze_client.emulator import Emulator
from coze_client.errors import ConfigurationError
from coze_client.mcp_server.choice import Choice, Chosen
from tests.support.mcp_clients import Connect


def test_a_file_names_ids_alone_or_with_more(tmp_path: Path) -> None:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"bots": ["1", {"id": "2", "name": "law"}], "datasets": [{"id": "3", "limit": 9}]}))
    choice = Choice.read(path)
    assert choice.bots == (Chosen(id="1"), Chosen(id="2", name="law"))
    assert choice.datasets[0].limit == 9
    assert not choice.is_whole_workspace


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "nothing is chosen"),
        ({"bots": []}, "nothing is chosen"),
        ({"bots": [7350000000000000001]}, "bots.0: .*must stand in quotes"),
        ({"bots": [""]}, "bots.0.id"),
        ({"bots": ["1"], "workflows": ["1"]}, "chosen twice: id 1"),
        ({"bots": [{"id": "1", "name": "a"}, {"id": "2", "name": "a"}]}, "chosen twice: name a"),
        ({"bots": [{"id": "1", "name": "two words"}]}, "bots.0.name: .*ASCII"),
        ({"robots": ["1"]}, "robots: Extra"),
        ({"datasets": [{"id": "1", "limit": 0}]}, "datasets.0.limit"),
        ([], "dictionary"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, given: object, problem: str) -> None:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps(given))
    with pytest.raises(ConfigurationError, match=f"tools.json: .*{problem}"):
        Choice.read(path)


@pytest.mark.parametrize("text", ["{", "[1"])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tools.json"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Choice.read(path)
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Choice.read(path)


async def test_a_workspace_without_anything_published_is_refused(connect: Connect, emulator: Emulator) -> None:
    with pytest.raises(ConfigurationError, match="neither a bot nor a workflow"):
        async with connect(workspace_id="7340000000000000077"):
            pass


async def test_a_workflow_with_given_parameters_needs_no_schema_of_the_server(
    connect: Connect, emulator: Emulator
) -> None:
    workflow_id = emulator.workflows["book_table"]
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    async with connect(workflows=[{"id": workflow_id, "name": "book", "parameters": schema}]) as client:
        tool = (await client.tools())["book"]
        asked = await client.call("book", {"city": "Rome"})
    assert tool["inputSchema"]["properties"] == schema["properties"]
    assert asked.facts["status"] == "question"
    assert emulator.calls_to(f"/v1/workflows/{workflow_id}") == []
