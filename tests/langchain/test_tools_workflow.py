"""Workflows as LangChain tools, over the emulator, blocking and on asyncio."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import ToolException
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from coze_client import (
    AuthenticationError,
    CozeClient,
    NotFound,
    ProtocolError,
    TransportError,
    WorkflowFailed,
    WorkflowInterrupted,
)
from coze_client.api.workflows.result import WorkflowResult
from coze_client.emulator import Emulator, faults
from coze_client.emulator.workflows import Image, Output, Steps, WorkflowError, ask
from langchain_coze import CozeWorkflowTool

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
Invoke = Callable[[CozeWorkflowTool, dict[str, Any]], ToolMessage]


def called(tool: CozeWorkflowTool, arguments: dict[str, Any]) -> dict[str, Any]:
    """A tool call of a language model."""
    return {"type": "tool_call", "id": "call_1", "name": tool.name, "args": arguments}


def invoke(tool: CozeWorkflowTool, arguments: dict[str, Any]) -> ToolMessage:
    message: ToolMessage = tool.invoke(called(tool, arguments))
    return message


def ainvoke(tool: CozeWorkflowTool, arguments: dict[str, Any]) -> ToolMessage:
    message: ToolMessage = asyncio.run(tool.ainvoke(called(tool, arguments)))
    return message


@pytest.fixture(params=[invoke, ainvoke], ids=lambda way: way.__name__)
def run(request: pytest.FixtureRequest) -> Invoke:
    """One of the ways to call a tool; all must give the same result."""
    way: Invoke = request.param
    return way


@pytest.fixture
def make(emulator: Emulator) -> Callable[..., CozeWorkflowTool]:
    """A tool of a function, which becomes a workflow of the emulator."""

    def from_function(function: Callable[..., object], **options: Any) -> CozeWorkflowTool:
        workflow = emulator.workflow(title=function.__name__.replace("_", " "))(function)
        options.setdefault("client", CozeClient(emulator.token, base_url=emulator.url))
        return CozeWorkflowTool.from_workflow(workflow.id, **options)

    return from_function


def add(first: int, second: int = 2) -> dict[str, int]:
    """Adds two numbers."""
    return {"sum": first + second}


def sent(emulator: Emulator) -> Any:
    return emulator.calls_to("/v1/workflow/stream_run")[-1].body


def test_a_workflow_is_described_as_a_function(make: Any) -> None:
    function = convert_to_openai_tool(make(add))["function"]
    assert function == {
        "name": "add",
        "description": "add: Adds two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"first": {"type": "integer"}, "second": {"type": "integer", "default": 2}},
            "required": ["first"],
        },
    }


def test_content_is_compact_json_and_the_artifact_has_the_run(make: Any, run: Invoke) -> None:
    tool = make(add)
    message = run(tool, {"first": 1})
    assert message.content == '{"sum":3}'
    result = message.artifact
    assert isinstance(result, WorkflowResult)
    assert result.output == {"sum": 3}
    assert result.debug_url.startswith("https://")
    assert result.usage is not None
    assert result.usage.known
    assert CozeWorkflowTool.result_of(message) is result
    restored = ToolMessage.model_validate_json(message.model_dump_json())
    assert CozeWorkflowTool.result_of(restored) == result
    assert tool.invoke({"first": 1}) == '{"sum":3}'


def test_a_text_stays_text(make: Any, run: Invoke) -> None:
    def greet(name: str) -> str:
        return f"Grüße, {name}"

    assert run(make(greet), {"name": "Ann"}).content == "Grüße, Ann"


def test_arguments_are_checked_before_anything_is_sent(emulator: Emulator, make: Any, run: Invoke) -> None:
    message = run(make(add), {"first": "one"})
    assert message.status == "error"
    assert message.content == "first is not of type integer"
    assert emulator.runs_started == 0


def test_inputs_may_be_called_like_what_langchain_keeps(emulator: Emulator, make: Any, run: Invoke) -> None:
    def echo(config: str, run_manager: str, runtime: str, args: str, kwargs: str, input: str) -> str:  # noqa: A002
        return f"{config}{run_manager}{runtime}{args}{kwargs}{input}"

    tool = make(echo)
    assert list(tool.args) == ["config_", "run_manager_", "runtime_", "args", "kwargs", "input"]
    assert run(tool, dict(zip(tool.args, "abcdef", strict=True))).content == "abcdef"
    assert sent(emulator)["parameters"]["run_manager"] == "b"
    names = [name.rstrip("_") for name in tool.args]
    assert run(tool, dict(zip(names, "ghijkl", strict=True))).content == "ghijkl"
    assert sent(emulator)["parameters"]["run_manager"] == "h"


def test_an_input_called_self_arrives(emulator: Emulator, run: Invoke) -> None:
    workflow = emulator.workflow(title="echo")(add)
    schema = {"properties": {"self": {"type": "integer"}, "first": {"type": "integer"}}}
    client = CozeClient(emulator.token, base_url=emulator.url)
    tool = CozeWorkflowTool.from_workflow(workflow.id, client=client, signature=schema)
    run(tool, {"self_": 1, "first": 2})
    assert sent(emulator)["parameters"] == {"self": 1, "first": 2}


def test_a_failed_workflow_is_reported_to_the_model(make: Any, run: Invoke) -> None:
    def fail() -> None:
        raise WorkflowError(5000123, "the kitchen is closed", node="Kitchen")

    tool = make(fail)
    message = run(tool, {})
    assert message.status == "error"
    assert "Kitchen" in str(message.content)
    assert "the kitchen is closed" in str(message.content)
    assert "5000123" in str(message.content)


def test_reporting_failures_to_the_model_can_be_switched_off(make: Any, run: Invoke) -> None:
    def fail() -> None:
        raise WorkflowError(5000123, "the kitchen is closed")

    with pytest.raises(ToolException, match="closed") as caught:
        run(make(fail, handle_tool_error=False), {})
    assert isinstance(caught.value.__cause__, WorkflowFailed)


def test_what_cannot_work_is_raised(emulator: Emulator, make: Any, run: Invoke) -> None:
    tool = make(add)
    unpublished = emulator.workflow(title="draft", published=False)(add)
    with pytest.raises(NotFound):
        run(tool.model_copy(update={"workflow_id": unpublished.id}), {"first": 1})
    with pytest.raises(AuthenticationError):
        run(tool.model_copy(update={"client": CozeClient("pat_wrong", base_url=emulator.url)}), {"first": 1})
    nobody = CozeClient("pat_test", base_url="http://127.0.0.1:9", retry=None)
    with pytest.raises(TransportError):
        run(tool.model_copy(update={"client": nobody}), {"first": 1})
    assert emulator.runs_started == 0


def test_an_unknown_workflow_is_no_tool(emulator: Emulator) -> None:
    client = CozeClient(emulator.token, base_url=emulator.url)
    with pytest.raises(NotFound):
        CozeWorkflowTool.from_workflow("1", client=client)


def test_outside_a_graph_a_question_is_raised_and_can_be_answered(emulator: Emulator, make: Any) -> None:
    def book() -> Steps[str]:
        time = yield ask("Which time?", options=["18:00", "19:00"])
        return f"Booked for {time}"

    tool = make(book)
    with pytest.raises(WorkflowInterrupted) as caught:
        tool.invoke({})
    assert caught.value.options == ("18:00", "19:00")
    assert caught.value.resume("18:00").text == "Booked for 18:00"
    with pytest.raises(WorkflowInterrupted) as later:
        asyncio.run(tool.ainvoke({}))
    assert later.value.question == "Which time?"
    assert emulator.runs_started == 2


def test_with_a_signature_nothing_is_asked_for(emulator: Emulator, run: Invoke) -> None:
    class Sum(BaseModel):
        first: int
        second: int = 40

    workflow = emulator.workflow(title="add")(add)
    client = CozeClient(emulator.token, base_url=emulator.url)
    tool = CozeWorkflowTool.from_workflow(workflow.id, client=client, signature=Sum, description="Adds.")
    assert (tool.name, tool.description) == ("sum", "Adds.")
    assert run(tool, {"first": 2}).content == '{"sum":42}'
    assert [call.path for call in emulator.calls] == ["/v1/workflow/stream_run"]
    assert CozeWorkflowTool.from_workflow("7", client=client, signature=add).name == "add"


async def test_a_tool_can_be_made_on_asyncio(emulator: Emulator) -> None:
    workflow = emulator.workflow(title="add")(add)
    client = CozeClient(emulator.token, base_url=emulator.url)
    tool = await CozeWorkflowTool.afrom_workflow(workflow.id, client=client, name="plus", mode="sync")
    assert tool.name == "plus"
    assert await tool.ainvoke({"first": 1}) == '{"sum":3}'
    assert emulator.calls[-1].path == "/v1/workflow/run"
    await client.aio.close()


def test_files_of_python_are_uploaded_once(emulator: Emulator, make: Any, run: Invoke, tmp_path: Path) -> None:
    def look(photos: list[Image]) -> str:
        return f"saw {len(photos)}"

    path = tmp_path / "photo.png"
    path.write_bytes(PNG)
    tool = make(look)
    arguments = {"photos": [PNG, path, "https://example.com/a.png"]}
    assert run(tool, arguments).content == "saw 3"
    assert run(tool, arguments).content == "saw 3"
    uploads = emulator.calls_to("/v1/files/upload")
    assert len(uploads) == 1
    first, second, third = sent(emulator)["parameters"]["photos"]
    assert json.loads(first) == json.loads(second)
    assert json.loads(first)["file_id"].isdecimal()
    assert third == "https://example.com/a.png"


@pytest.mark.parametrize("named", ["/etc/passwd", "file:///etc/passwd"])
def test_no_model_reads_the_files_of_the_machine(
    emulator: Emulator, make: Any, run: Invoke, tmp_path: Path, named: str
) -> None:
    def look(photo: Image) -> str:
        return "seen"

    for roots in ((), (tmp_path,)):
        message = run(make(look, file_roots=roots), {"photo": named})
        assert message.status == "error"
        assert "photo names no file that may be read" in str(message.content)
    assert not emulator.calls_to("/v1/files/upload")
    assert emulator.runs_started == 0


def test_a_model_may_name_files_below_the_roots(make: Any, run: Invoke, tmp_path: Path) -> None:
    def look(photo: Image) -> str:
        return "seen"

    (tmp_path / "a.png").write_bytes(PNG)
    assert run(make(look, file_roots=(tmp_path,)), {"photo": "a.png"}).content == "seen"


def look_on(place: str) -> Steps[str]:
    yield Output("Progress", "", pieces=("Looking ", "for tables"))
    return f"Found in {place}"


async def test_messages_of_nodes_are_custom_events_while_the_tool_runs(make: Any) -> None:
    tool = make(look_on)
    messages = [
        event["data"]
        async for event in tool.astream_events({"place": "Rome"}, version="v2")
        if event["event"] == "on_custom_event" and event["name"] == "coze_workflow_message"
    ]
    assert [each["content"] for each in messages if each["node_title"] == "Progress"] == ["Looking ", "for tables"]
    assert {each["tool_name"] for each in messages} == {"look_on"}


def test_a_tool_survives_copies_and_pickles(make: Any) -> None:
    tool = make(add)
    for copied in (copy.deepcopy(tool), pickle.loads(pickle.dumps(tool))):
        assert copied.args == tool.args
        assert copied.invoke({"first": 1}) == '{"sum":3}'


def test_no_token_is_shown(emulator: Emulator, make: Any) -> None:
    tool = make(add)
    assert emulator.token not in repr(tool) + str(tool) + str(tool.model_dump(exclude={"signature"}))


def test_a_title_without_ascii_becomes_the_id_and_stays_in_the_description(emulator: Emulator) -> None:
    workflow = emulator.workflow(title="预订餐桌")(add)
    client = CozeClient(emulator.token, base_url=emulator.url)
    tool = CozeWorkflowTool.from_workflow(workflow.id, client=client)
    assert tool.name == f"workflow_{workflow.id}"
    assert tool.description.startswith("预订餐桌: ")


def test_a_broken_stream_is_reported_and_not_started_again(emulator: Emulator, make: Any, run: Invoke) -> None:
    tool = make(look_on)
    emulator.inject(faults.CutAfterEvents(1), "/v1/workflow/stream_run")
    message = run(tool, {"place": "Rome"})
    assert message.status == "error"
    assert "not started again" in str(message.content)
    assert emulator.runs_started == 1


def test_messages_other_than_of_this_tool_have_no_result() -> None:
    with pytest.raises(ProtocolError):
        CozeWorkflowTool.result_of(ToolMessage("x", tool_call_id="1"))
