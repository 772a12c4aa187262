"""Many tools at once, plugins and bots as tools, over the emulator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import BaseTool
from pydantic import ValidationError

from coze_client import ConfigurationError, CozeClient, InvalidArguments, NotFound
from coze_client.api.workflows.values import WorkflowInfo
from coze_client.emulator import Emulator
from langchain_coze import CozeBotTool, CozeToolkit, CozeWorkflowTool, aload_coze_tools, load_coze_tools

Load = Callable[..., list[BaseTool]]


def aload(*given: Any, **options: Any) -> list[BaseTool]:
    return asyncio.run(aload_coze_tools(*given, **options))


@pytest.fixture(params=[load_coze_tools, aload], ids=["blocking", "asyncio"])
def load(request: pytest.FixtureRequest) -> Load:
    """One of the ways to load; all must give the same result."""
    way: Load = request.param
    return way


@pytest.fixture
def client(emulator: Emulator) -> CozeClient:
    return CozeClient(emulator.token, base_url=emulator.url)


def add(first: int, second: int = 2) -> dict[str, int]:
    """Adds two numbers."""
    return {"sum": first + second}


def call(tool: BaseTool, **arguments: Any) -> ToolMessage:
    message: ToolMessage = tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments})
    return message


def test_workflows_are_loaded_in_order_each_by_one_request(emulator: Emulator, client: CozeClient, load: Load) -> None:
    ids = [emulator.workflow(title=f"Add {number}")(add).id for number in range(25)]
    tools = load(client, workflow_ids=[*ids, ids[0]], name_prefix="coze_")
    assert [tool.name for tool in tools] == [f"coze_add_{number}" for number in range(25)]
    assert len(emulator.calls) == 25
    assert tools[3].invoke({"first": 1}) == '{"sum":3}'


def test_of_a_workspace_every_published_workflow_is_a_tool(emulator: Emulator, client: CozeClient, load: Load) -> None:
    for number in range(35):
        emulator.workflow(title=f"Add {number}", workspace_id="71")(add)
    emulator.workflow(title="draft", workspace_id="71", published=False)(add)
    emulator.workflow(title="elsewhere", workspace_id="72")(add)
    tools = load(client, workspace_id="71")
    assert sorted(tool.name for tool in tools) == sorted(f"add_{number}" for number in range(35))


def test_equal_titles_take_their_ids_into_the_names(emulator: Emulator, client: CozeClient, load: Load) -> None:
    ids = [emulator.workflow(title=title)(add).id for title in ("Add", "add!", "加")]
    names = {tool.name for tool in load(client, workflow_ids=ids)}
    assert names == {f"add_{ids[0]}", f"add_{ids[1]}", f"workflow_{ids[2]}"}
    assert {tool.name for tool in load(client, workflow_ids=ids[::-1])} == names


def test_what_is_in_the_cache_is_not_asked_for(emulator: Emulator, client: CozeClient, load: Load) -> None:
    ids = [emulator.workflow(title=f"Add {number}")(add).id for number in range(2)]
    cache: dict[str, WorkflowInfo] = {}
    first = load(client, workflow_ids=ids, cache=cache)
    stored = {key: WorkflowInfo.model_validate_json(info.model_dump_json()) for key, info in cache.items()}
    asked = len(emulator.calls)
    again = load(client, workflow_ids=ids, cache=stored)
    assert [tool.args for tool in again] == [tool.args for tool in first]
    assert len(emulator.calls) == asked


def test_nothing_to_load_is_an_error(client: CozeClient, load: Load) -> None:
    with pytest.raises(ConfigurationError, match="workflow_ids"):
        load(client)


def test_a_toolkit_asks_for_its_schemas_once(emulator: Emulator, client: CozeClient) -> None:
    workflow = emulator.workflow(title="Add")(add)
    toolkit = CozeToolkit(client=client, workflow_ids=(workflow.id,), name_prefix="my_")
    assert [tool.name for tool in toolkit.get_tools()] == ["my_add"]
    assert [tool.name for tool in asyncio.run(toolkit.aget_tools())] == ["my_add"]
    assert len(emulator.calls) == 1
    assert emulator.token not in repr(toolkit) + toolkit.model_dump_json()


def test_an_unknown_option_is_an_error(emulator: Emulator, client: CozeClient, load: Load) -> None:
    workflow = emulator.workflow(title="Add")(add)
    with pytest.raises(ValidationError, match="file_root"):
        load(client, workflow_ids=[workflow.id], file_root="/tmp")
    with pytest.raises(ValidationError, match="workflow_versoin"):
        CozeWorkflowTool.from_workflow(workflow.id, client=client, workflow_versoin="v0.0.1")


def test_a_toolkit_hands_options_on_to_its_tools(emulator: Emulator, client: CozeClient) -> None:
    workflow = emulator.workflow(title="Add")(add)
    toolkit = CozeToolkit(client=client, workflow_ids=(workflow.id,), options={"file_roots": ["/tmp"], "mode": "sync"})
    [tool] = toolkit.get_tools()
    with pytest.raises(ValidationError, match="file_roots"):
        CozeToolkit.model_validate({"workflow_ids": (workflow.id,), "file_roots": ["/tmp"]})
    assert isinstance(tool, CozeWorkflowTool)
    assert (tool.file_roots, tool.mode) == (("/tmp",), "sync")


@pytest.mark.parametrize("given", [{"workflow_ids": "7420000000000000001"}, {"plugin_ids": "7560000000000000001"}])
def test_one_id_is_no_list_of_ids(client: CozeClient, load: Load, given: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="a list of ids"):
        load(client, **given)


def test_a_studio_that_sends_no_inputs_needs_a_signature(load: Load) -> None:
    with Emulator(dialect="studio") as studio:
        workflow = studio.workflow(title="Add")(add)
        client = CozeClient(studio.token, base_url=studio.url)
        with pytest.raises(NotFound, match="signature"):
            load(client, workflow_ids=[workflow.id])
        tool = CozeWorkflowTool.from_workflow(workflow.id, client=client, signature=add)
        assert tool.invoke({"first": 1}) == '{"sum":3}'


def test_a_prefix_that_no_name_may_begin_with_is_refused(emulator: Emulator, client: CozeClient, load: Load) -> None:
    workflow = emulator.workflow(title="Add")(add)
    with pytest.raises(ConfigurationError, match="my tools/"):
        load(client, workflow_ids=[workflow.id], name_prefix="my tools/")
    assert load(client, workflow_ids=[workflow.id], name_prefix="Team-A_")[0].name == "Team-A_add"


def test_every_tool_of_a_plugin_is_one(emulator: Emulator, client: CozeClient, load: Load) -> None:
    def subtract(first: int, second: int) -> dict[str, int]:
        """Subtracts."""
        return {"difference": first - second}

    plugin = emulator.plugin("Sums", [add, subtract])
    tools = load(client, plugin_ids=[plugin])
    assert [tool.name for tool in tools] == ["add", "subtract"]
    assert tools[1].args["second"]["type"] == "integer"
    message = call(tools[1], first=3, second=1)
    assert message.content == '{"difference":2}'
    assert message.artifact == {"result": {"difference": 2}}
    refused = call(tools[1], first=3)
    assert (refused.status, refused.content) == ("error", "second is missing")
    assert emulator.plugin_calls == 1


def test_a_bot_answers_a_question(emulator: Emulator) -> None:
    tool = CozeBotTool(
        emulator.bots["echo"], "echo", "Says it again.", token=emulator.token, base_url=emulator.url, tags=["mine"]
    )
    message = call(tool, question="hello there")
    assert message.content == "hello there"
    assert isinstance(message.artifact, AIMessage)
    assert message.artifact.usage_metadata is not None
    assert asyncio.run(tool.ainvoke({"question": "again"})) == "again"
    assert tool.tags == ["mine"]
    assert call(tool).content == "question is missing"


def test_the_arguments_of_a_direct_call_are_checked_too(client: CozeClient, emulator: Emulator) -> None:
    [tool] = load_coze_tools(client, workflow_ids=[emulator.workflow(title="Add")(add).id])
    assert tool.invoke({}) == "first is missing"
    tool.handle_tool_error = False
    with pytest.raises(Exception, match="first is missing") as caught:
        tool.invoke({})
    assert isinstance(caught.value.__cause__, InvalidArguments)
