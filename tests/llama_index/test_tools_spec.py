"""Many workflows as LlamaIndex tools at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.core.tools.tool_spec.base import BaseToolSpec

from coze_client import ConfigurationError, CozeClient
from coze_client.api.workflows.values import WorkflowInfo
from coze_client.emulator import Emulator
from llama_index_coze import CozeToolSpec

Load = Callable[..., list[FunctionTool]]


def to_tool_list(spec: CozeToolSpec, **given: Any) -> list[FunctionTool]:
    return spec.to_tool_list(**given)


def to_tool_list_async(spec: CozeToolSpec, **given: Any) -> list[FunctionTool]:
    return asyncio.run(spec.to_tool_list_async(**given))


@pytest.fixture(params=[to_tool_list, to_tool_list_async], ids=lambda way: way.__name__)
def load(request: pytest.FixtureRequest) -> Load:
    """Both ways of loading, one after the other."""
    way: Load = request.param
    return way


@pytest.fixture
def client(emulator: Emulator) -> CozeClient:
    return CozeClient(emulator.token, base_url=emulator.url)


def greet(name: str) -> str:
    """Greets."""
    return f"Hello {name}"


def test_named_workflows_become_tools_in_order(emulator: Emulator, client: CozeClient, load: Load) -> None:
    ids = [emulator.workflow()(greet).id, emulator.workflows["book_table"]]
    spec = CozeToolSpec(client, workflow_ids=ids, name_prefix="coze_")
    assert isinstance(spec, BaseToolSpec)
    tools = load(spec)
    assert [tool.metadata.name for tool in tools] == ["coze_greet", "coze_book_table"]
    assert tools[0](name="Ada").content == "Hello Ada"


def test_a_workspaces_published_workflows_become_tools(emulator: Emulator, client: CozeClient, load: Load) -> None:
    emulator.workflow(workspace_id="7")(greet)
    emulator.workflow(workspace_id="7", title="Draft", published=False)(greet)
    assert [tool.metadata.name for tool in load(CozeToolSpec(client, workspace_id="7"))] == ["greet"]


def test_equal_and_foreign_titles_get_names_that_do_not_depend_on_order(
    emulator: Emulator, client: CozeClient, load: Load
) -> None:
    titles = ("Greet", "Greet", "\u5de5\u4f5c\u6d41")
    ids = [emulator.workflow(title=title)(greet).id for title in titles]
    expected = [f"greet_{ids[0]}", f"greet_{ids[1]}", f"workflow_{ids[2]}"]
    assert [tool.metadata.name for tool in load(CozeToolSpec(client, workflow_ids=ids))] == expected
    backwards = load(CozeToolSpec(client, workflow_ids=ids[::-1]))
    assert [tool.metadata.name for tool in backwards] == expected[::-1]
    assert titles[2] in backwards[0].metadata.description


def test_schemas_are_asked_for_once(emulator: Emulator, client: CozeClient, load: Load) -> None:
    cache: dict[str, WorkflowInfo] = {}
    spec = CozeToolSpec(client, workflow_ids=[emulator.workflows["book_table"]], cache=cache)
    load(spec)
    load(spec)
    load(CozeToolSpec(client, workflow_ids=list(cache), cache=cache))
    assert len(emulator.calls) == 1


def test_tools_can_be_chosen_and_described_by_name(emulator: Emulator, client: CozeClient, load: Load) -> None:
    ids = [emulator.workflow()(greet).id, emulator.workflows["book_table"]]
    metadata = ToolMetadata(name="greet", description="Says hello.")
    [tool] = load(
        CozeToolSpec(client, workflow_ids=ids), spec_functions=["greet"], func_to_metadata_mapping={"greet": metadata}
    )
    assert tool.metadata.description == "Says hello."
    with pytest.raises(ConfigurationError, match="No tools called dance; there are greet, book_table"):
        load(CozeToolSpec(client, workflow_ids=ids), spec_functions=["dance"])


def test_options_are_those_of_every_tool(emulator: Emulator, client: CozeClient, load: Load) -> None:
    [tool] = load(CozeToolSpec(client, workflow_ids=[emulator.workflow()(greet).id], mode="sync", return_direct=True))
    assert tool.metadata.return_direct
    tool(name="Ada")
    assert len(emulator.calls_to("/v1/workflow/run")) == 1


def test_nothing_to_load_is_an_error_at_once(client: CozeClient) -> None:
    with pytest.raises(ConfigurationError, match="workflow_ids or a workspace_id"):
        CozeToolSpec(client)
