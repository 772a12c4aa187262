"""A workflow as a LlamaIndex tool: its description, its outputs and its errors."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, ReActAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.core.tools.calling import acall_tool, call_tool

from coze_client import AsyncCozeClient, AuthenticationError, CozeClient, NotFound, WorkflowInterrupted
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Turn
from coze_client.emulator.workflows import Image, Output, Steps
from llama_index_coze import CozeLLM, CozeMessageEvent, CozeWorkflowTool
from tests.support.llama_index_agents import calling_agent, calling_llm, run_agent, tool_of

Call = Callable[..., ToolOutput]


def called(tool: CozeWorkflowTool, **arguments: Any) -> ToolOutput:
    return tool(**arguments)


def acalled(tool: CozeWorkflowTool, **arguments: Any) -> ToolOutput:
    return asyncio.run(tool.acall(**arguments))


@pytest.fixture(params=[called, acalled], ids=lambda way: way.__name__)
def call(request: pytest.FixtureRequest) -> Call:
    """Both ways of calling a tool, one after the other."""
    way: Call = request.param
    return way


def add(a: int, b: int = 1) -> dict[str, int]:
    """Adds.

    Args:
        a: the first number
    """
    return {"sum": a + b}


def broken(name: str) -> str:
    raise ValueError(f"nobody is called {name}")


def test_name_description_and_arguments_are_the_workflows(emulator: Emulator) -> None:
    tool = tool_of(emulator, emulator.workflow(title="Add up")(add).id, name_prefix="coze_")
    assert isinstance(tool, FunctionTool)
    assert tool.metadata.to_openai_tool()["function"] == {
        "name": "coze_add_up",
        "description": "Add up: Adds.",
        "parameters": {
            "type": "object",
            "properties": {
                "a": {"type": "integer", "description": "the first number"},
                "b": {"type": "integer", "default": 1},
            },
            "required": ["a"],
        },
    }


def test_a_long_description_is_cut_to_what_the_apis_of_models_take(emulator: Emulator) -> None:
    for length, end in ((1024 - len("Add: "), "x"), (1025 - len("Add: "), "…"), (5000, "…")):
        tool = tool_of(emulator, emulator.workflow(title="Add", description="x" * length)(add).id)
        description = tool.metadata.to_openai_tool()["function"]["description"]
        assert (len(description), description[-1]) == (1024, end)


def test_an_output_has_compact_json_and_the_whole_result(emulator: Emulator, call: Call) -> None:
    output = call(tool_of(emulator, emulator.workflow()(add).id), a=2)
    assert (output.content, output.is_error, output.raw_input) == ('{"sum":3}', False, {"a": 2})
    assert output.raw_output.output == {"sum": 3}
    assert output.raw_output.debug_url


def test_positional_arguments_are_taken_in_the_workflows_order(emulator: Emulator) -> None:
    tool = tool_of(emulator, emulator.workflow()(add).id)
    assert tool(2, 3).content == '{"sum":5}'
    assert tool.fn(2, b=4) == '{"sum":6}'
    with pytest.raises(Exception, match="takes 2 arguments, not 3"):
        tool(1, 2, 3)


def test_a_single_argument_workflow_that_fails_is_run_once(emulator: Emulator) -> None:
    tool = tool_of(emulator, emulator.workflow()(broken).id)
    outputs = [call_tool(tool, {"name": "Ann"}), asyncio.run(acall_tool(tool, {"name": "Ann"}))]
    assert emulator.runs_started == 2
    for output in outputs:
        assert output.is_error
        assert output.exception is not None
        assert "nobody is called Ann" in output.content
        assert "720701013" in output.content


def test_invalid_arguments_are_reported_and_nothing_is_sent(emulator: Emulator, call: Call) -> None:
    output = call(tool_of(emulator, emulator.workflow()(add).id), a="many")
    assert output.is_error
    assert "a is not of type integer" in output.content
    assert emulator.runs_started == 0


def test_a_setup_that_cannot_work_raises(emulator: Emulator, call: Call) -> None:
    with pytest.raises(NotFound):
        call(CozeWorkflowTool("404", add, client=CozeClient(emulator.token, base_url=emulator.url)), a=1)
    with pytest.raises(AuthenticationError):
        call(CozeWorkflowTool("404", add, client=CozeClient("pat_wrong", base_url=emulator.url)), a=1)


def test_a_given_signature_needs_no_request(emulator: Emulator, call: Call) -> None:
    workflow = emulator.workflow()(add)
    tool = CozeWorkflowTool(workflow.id, add, client=CozeClient(emulator.token, base_url=emulator.url))
    assert emulator.calls == []
    assert tool.metadata.name == "add"
    assert call(tool, a=1).content == '{"sum":2}'


def test_either_client_serves_blocking_and_asyncio_calls(emulator: Emulator, call: Call) -> None:
    workflow = emulator.workflow()(add)

    async def find() -> CozeWorkflowTool:
        client = AsyncCozeClient(emulator.token, base_url=emulator.url)
        return await CozeWorkflowTool.afrom_workflow(workflow.id, client=client)

    assert call(asyncio.run(find()), a=1).content == '{"sum":2}'


def test_outside_an_agent_a_question_is_raised_and_can_be_answered(emulator: Emulator, call: Call) -> None:
    with pytest.raises(WorkflowInterrupted, match="Which time") as asked:
        call(tool_of(emulator), city="Rome")
    client = CozeClient(emulator.token, base_url=emulator.url)
    interrupt = asked.value.interrupt
    assert interrupt is not None
    result = client.workflows.answer(workflow_id=asked.value.workflow_id, interrupt=interrupt, answer="18:00")
    assert result.output == {"table": 7, "city": "Rome", "guests": 2, "time": "18:00"}
    assert emulator.runs_started == 1


def test_arguments_that_frameworks_keep_for_themselves_are_renamed(emulator: Emulator) -> None:
    def odd(ctx: str, self: str) -> str:
        return f"{ctx} {self}"

    tool = tool_of(emulator, emulator.workflow()(odd).id)
    assert list(tool.metadata.get_parameters_dict()["properties"]) == ["ctx_", "self_"]
    llm = calling_llm(emulator, ("odd", {"ctx_": "some", "self_": "where"}))
    assert str(asyncio.run(_run(calling_agent(tool, llm)))) == "some where"


def test_models_may_name_files_only_below_the_given_folders(emulator: Emulator, tmp_path: Path, call: Call) -> None:
    def show(photo: Image) -> str:
        return photo

    workflow = emulator.workflow()(show)
    (tmp_path / "cat.png").write_bytes(b"\x89PNG cat")
    tool = tool_of(emulator, workflow.id, file_roots=[tmp_path])
    assert "cat.png" in call(tool, photo="cat.png").content
    for path in ("/etc/passwd", "file:///etc/passwd", "../../etc/passwd"):
        output = call(tool, photo=path)
        assert output.is_error
        assert "names no file that may be read" in output.content
    assert emulator.runs_started == 1


def test_a_file_attached_to_the_agents_messages_reaches_the_workflow(emulator: Emulator) -> None:
    def show(photo: Image) -> str:
        return photo

    tool = tool_of(emulator, emulator.workflow()(show).id)
    llm = calling_llm(emulator, ("show", {"photo": "attachment:1"}))
    image = ImageBlock(image=base64.b64encode(b"\x89PNG cat"), image_mimetype="image/png")
    question = ChatMessage(role="user", blocks=[TextBlock(text="Show it"), image])

    async def run() -> str:
        return str(await calling_agent(tool, llm).run(question))

    assert "image.png" in asyncio.run(run())


def test_a_function_agent_hears_what_the_nodes_say_meanwhile(emulator: Emulator) -> None:
    def count() -> Steps[str]:
        yield Output("Steps", "3 2 1", pieces=("3 ", "2 ", "1"))
        return "go"

    tool = tool_of(emulator, emulator.workflow()(count).id)
    events: list[Any] = []
    output = asyncio.run(_run(calling_agent(tool, calling_llm(emulator, ("count", {}))), events.append))
    messages = [(event.node_title, event.content) for event in events if isinstance(event, CozeMessageEvent)]
    assert messages[:3] == [("Steps", "3 "), ("Steps", "2 "), ("Steps", "1")]
    assert str(output) == "go"


def test_an_agent_goes_on_when_a_workflow_fails(emulator: Emulator) -> None:
    tool = tool_of(emulator, emulator.workflow()(broken).id)
    events: list[Any] = []
    output = asyncio.run(_run(calling_agent(tool, calling_llm(emulator, ("broken", {"name": "Ann"}))), events.append))
    [result] = [event for event in events if isinstance(event, ToolCallResult)]
    assert result.tool_output.is_error
    assert "nobody is called Ann" in str(output)
    assert emulator.runs_started == 1


def test_equal_calls_at_once_are_runs_of_their_own_and_so_are_those_of_the_next_question(emulator: Emulator) -> None:
    tool = tool_of(emulator, emulator.workflow()(add).id)
    agent = calling_agent(tool, calling_llm(emulator, ("add", {"a": 1}), ("add", {"a": 1})))

    async def run() -> str:
        handler = agent.run("Go")
        await handler
        return str(await agent.run("Again", ctx=handler.ctx))

    assert asyncio.run(run()) == '{"sum":2} & {"sum":2}'
    assert emulator.runs_started == 4


def test_an_agent_workflow_takes_the_tool(emulator: Emulator) -> None:
    tool = tool_of(emulator, emulator.workflow()(add).id)
    agents = AgentWorkflow.from_tools_or_functions([tool], llm=calling_llm(emulator, ("add", {"a": 1})))
    assert str(asyncio.run(_run(agents))) == '{"sum":2}'


def test_a_react_agent_takes_the_tool(emulator: Emulator) -> None:
    def reacting(turn: Turn) -> Iterator[Answer]:
        if 'Observation: {"sum":3}' in turn.question:
            yield Answer("Thought: I can answer without using any more tools.\nAnswer: It is three.")
        else:
            yield Answer('Thought: I need a tool.\nAction: add\nAction Input: {"a": 2}')

    client = CozeClient(emulator.token, base_url=emulator.url)
    llm = CozeLLM(bot_id=emulator.add_bot("reacting", reacting), client=client, user_id="u1")
    tool = tool_of(emulator, emulator.workflow()(add).id)
    assert str(asyncio.run(_run(ReActAgent(tools=[tool], llm=llm)))) == "It is three."
    assert emulator.runs_started == 1


async def _run(agent: Any, on_event: Callable[[Any], None] = lambda _: None) -> Any:
    return await run_agent(agent.run("Go"), on_event)
