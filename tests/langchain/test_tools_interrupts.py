"""Workflows that ask, in LangGraph: a human answers, the same run continues, and each run is started once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import ToolException
from langchain_core.tools import tool as plain_tool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, RetryPolicy

from coze_client import ConfigurationError, CozeClient, CozeError, WorkflowResult
from coze_client.core.concurrency import Blocking
from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import Hold
from coze_client.emulator.workflows import Image, Output, Steps, ask, ask_for
from langchain_coze import CozeBotTool, CozeWorkflowTool
from langchain_coze.langgraph_interrupts import NodeRun
from tests.support.forked_programs import output_of

PNG = "iVBORw0KGgoAAAAAAAAAAAAAAAAAAAAA"
Go = Callable[..., Any]


class Model(GenericFakeChatModel):
    """Returns the given messages, and can be bound to tools."""

    def bind_tools(self, tools: Sequence[Any], **options: Any) -> Any:
        return self


def calls(tool: Any, *arguments: dict[str, Any]) -> AIMessage:
    asked = [ToolCall(name=tool.name, args=each, id=f"call_{number}") for number, each in enumerate(arguments)]
    return AIMessage("", tool_calls=asked)


def agent(*messages: AIMessage, tools: Sequence[Any], checkpointer: Any = None) -> Any:
    """An agent whose model returns `messages`, then ``done``."""
    model = Model(messages=iter([*messages, AIMessage("done")]))
    return create_agent(model, tools, checkpointer=checkpointer or InMemorySaver())


def tool_node(tool: Any) -> Any:
    """A graph of one node, in which LangGraph runs parallel calls of tools together."""
    graph = StateGraph(MessagesState).add_node("tools", ToolNode([tool]))
    return graph.add_edge(START, "tools").add_edge("tools", END).compile(checkpointer=InMemorySaver())


def invoke(graph: Any, given: Any, thread: str = "1") -> Any:
    return graph.invoke(given, {"configurable": {"thread_id": thread}})


def ainvoke(graph: Any, given: Any, thread: str = "1") -> Any:
    return asyncio.run(graph.ainvoke(given, {"configurable": {"thread_id": thread}}))


@pytest.fixture(params=[invoke, ainvoke], ids=lambda way: way.__name__)
def go(request: pytest.FixtureRequest) -> Go:
    """One of the ways to run a graph; all must give the same result."""
    way: Go = request.param
    return way


def book(city: str) -> Steps[str]:
    yield Output("Progress", "", pieces=("Looking ", "around"))
    time = yield ask(f"Which time in {city}?", options=["18:00", "19:00"])
    guests = yield ask(f"How many in {city}?")
    return f"{city} at {time} for {guests}"


def made(emulator: Emulator, function: Callable[..., object] = book, **options: Any) -> CozeWorkflowTool:
    workflow = emulator.workflow(title=function.__name__)(function)
    client = CozeClient(emulator.token, base_url=emulator.url)
    return CozeWorkflowTool.from_workflow(workflow.id, client=client, **options)


def answered(result: Any) -> dict[str, str]:
    """An answer to every question, by the interrupt's id."""
    return {
        each.id: "18:00" if each.value["options"] else f"four ({each.value['question']})"
        for each in result["__interrupt__"]
    }


def tool_texts(result: Any) -> list[str]:
    return [text for _, text in texts_of_calls(result)]


def texts_of_calls(result: Any) -> list[tuple[str, str]]:
    """The ids of the calls of tools, each with its result."""
    messages: list[AnyMessage] = result["messages"]
    return [(each.tool_call_id, str(each.content)) for each in messages if isinstance(each, ToolMessage)]


def booked(*cities: str) -> list[tuple[str, str]]:
    return [(f"call_{n}", f"{city} at 18:00 for four (How many in {city}?)") for n, city in enumerate(cities)]


def test_an_answer_goes_on_with_the_same_run(emulator: Emulator, go: Go) -> None:
    tool = made(emulator)
    graph = agent(calls(tool, {"city": "Rome"}), tools=[tool])
    first = go(graph, {"messages": [HumanMessage("Book")]})
    [asked] = first["__interrupt__"]
    assert asked.value["question"] == "Which time in Rome?"
    assert asked.value["options"] == ["18:00", "19:00"]
    assert asked.value["tool_name"] == "book"
    assert asked.value["workflow_id"] == tool.workflow_id
    second = go(graph, Command(resume="19:00"))
    assert second["__interrupt__"][0].value["question"] == "How many in Rome?"
    last = go(graph, Command(resume={"resume_data": "4"}))
    assert tool_texts(last) == ["Rome at 19:00 for 4"]
    assert CozeWorkflowTool.result_of(last["messages"][-2]).output == "Rome at 19:00 for 4"
    assert emulator.runs_started == 1
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2


@contextmanager
def in_memory(_: Path) -> Iterator[BaseCheckpointSaver[Any]]:
    yield InMemorySaver()


@contextmanager
def in_sqlite(folder: Path) -> Iterator[BaseCheckpointSaver[Any]]:
    with SqliteSaver.from_conn_string(str(folder / "graph.sqlite")) as saver:
        yield saver


@pytest.mark.parametrize("kept", [in_memory, in_sqlite])
def test_the_result_is_found_again_in_a_checkpoint(emulator: Emulator, kept: Any, tmp_path: Path) -> None:
    tool = made(emulator)
    config: RunnableConfig = {"configurable": {"thread_id": "1"}}
    with kept(tmp_path) as saver:
        graph = agent(calls(tool, {"city": "Rome"}), tools=[tool], checkpointer=saver)
        invoke(graph, {"messages": [HumanMessage("Book")]})
        invoke(graph, Command(resume="18:00"))
        live = invoke(graph, Command(resume="4"))["messages"][-2]
        stored = graph.get_state(config).values["messages"][-2]
    assert isinstance(live.artifact, WorkflowResult)
    assert live.artifact.debug_url.startswith("https://")
    assert CozeWorkflowTool.result_of(stored) == CozeWorkflowTool.result_of(live) == live.artifact


def test_a_run_of_one_client_is_continued_by_the_other(emulator: Emulator) -> None:
    tool = made(emulator)
    graph = agent(calls(tool, {"city": "Rome"}), tools=[tool])
    invoke(graph, {"messages": [HumanMessage("Book")]})
    ainvoke(graph, Command(resume="18:00"))
    assert tool_texts(invoke(graph, Command(resume="4"))) == ["Rome at 18:00 for 4"]
    assert emulator.runs_started == 1
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2


def test_the_result_has_the_messages_before_every_question(emulator: Emulator, go: Go) -> None:
    tool = made(emulator)
    graph = agent(calls(tool, {"city": "Rome"}), tools=[tool])
    go(graph, {"messages": [HumanMessage("Book")]})
    go(graph, Command(resume="18:00"))
    result = go(graph, Command(resume="4"))["messages"][-2].artifact
    contents = [message.content for message in result.messages]
    assert contents == ["Looking around", "Which time in Rome?", "How many in Rome?"]


def test_a_form_lists_its_required_parameters_and_takes_json(emulator: Emulator, go: Go) -> None:
    def order() -> Steps[str]:
        form = yield ask_for(guests=int, name=str)
        return f"{form['name']} with {form['guests']}"

    tool = made(emulator, order)
    graph = agent(calls(tool, {}), tools=[tool])
    [asked] = go(graph, {"messages": [HumanMessage("Order")]})["__interrupt__"]
    assert asked.value["required_parameters"]["guests"]["type"] == "integer"
    assert tool_texts(go(graph, Command(resume={"guests": 2, "name": "Ann"}))) == ["Ann with 2"]
    assert emulator.runs_started == 1


def test_parallel_calls_of_an_agent_are_asked_side_by_side(emulator: Emulator, go: Go) -> None:
    tool = made(emulator)
    graph = agent(calls(tool, {"city": "Rome"}, {"city": "Oslo"}), tools=[tool])
    result = go(graph, {"messages": [HumanMessage("Book both")]})
    assert len(result["__interrupt__"]) == 2
    while "__interrupt__" in result:
        result = go(graph, Command(resume=answered(result)))
    assert texts_of_calls(result) == booked("Rome", "Oslo")
    assert emulator.runs_started == 2


class FirstCall(BaseCallbackHandler):
    """Makes the call for one city come to its node before the others, which wait until it is done or waits itself."""

    city = ""

    def __init__(self) -> None:
        self.passed = threading.Event()

    def on_tool_start(self, *_: object, inputs: dict[str, Any] | None = None, **__: object) -> None:
        if self.city and (inputs or {})["city"] != self.city:
            self.passed.wait(10)

    def on_tool_end(self, *_: object, **__: object) -> None:
        self.passed.set()

    def on_tool_error(self, *_: object, **__: object) -> None:
        self.passed.set()


def test_parallel_calls_in_one_node_are_asked_one_after_the_other_and_take_no_step_of_another(
    emulator: Emulator, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_call, wait = FirstCall(), NodeRun._wait_for_owner

    async def wait_for_owner(node: NodeRun, call_id: str) -> None:
        first_call.passed.set()
        await wait(node, call_id)

    monkeypatch.setattr(NodeRun, "_wait_for_owner", wait_for_owner)
    tool = made(emulator, callbacks=[first_call])
    graph = tool_node(tool)
    cities = ["Rome", "Oslo", "Kyiv"]
    asked = 0
    result = go(graph, {"messages": [calls(tool, *({"city": city} for city in cities))]})
    while "__interrupt__" in result:
        [question] = result["__interrupt__"]
        first_call.city = [city for city in cities if city not in question.value["question"]][-1]
        first_call.passed.clear()
        asked += 1
        result = go(graph, Command(resume=answered(result)))
    assert texts_of_calls(result) == booked(*cities)
    assert asked == 6
    assert emulator.runs_started == 3


def test_a_call_beside_one_that_asks_is_not_repeated(emulator: Emulator, go: Go) -> None:
    tool = made(emulator)
    bot = CozeBotTool(
        bot_id=emulator.bots["echo"], name="echo", description="Echoes.", token=emulator.token, base_url=emulator.url
    )
    both = AIMessage(
        "",
        tool_calls=[
            ToolCall(name="echo", args={"question": "hello"}, id="a"),
            ToolCall(name="book", args={"city": "Rome"}, id="b"),
        ],
    )
    node = StateGraph(MessagesState).add_node("tools", ToolNode([tool, bot]))
    graph = node.add_edge(START, "tools").add_edge("tools", END).compile(checkpointer=InMemorySaver())
    result = go(graph, {"messages": [both]})
    while "__interrupt__" in result:
        result = go(graph, Command(resume=answered(result)))
    assert tool_texts(result) == ["hello", "Rome at 18:00 for four (How many in Rome?)"]
    assert emulator.runs_started == 1
    assert emulator.chats_started == 1


def test_a_failure_beside_a_question_is_not_repeated(emulator: Emulator, go: Go) -> None:
    def choose(city: str) -> Steps[str]:
        if city == "Nowhere":
            raise ValueError("no such city")
        time = yield ask("Which time?")
        return f"{city} at {time}"

    tool = made(emulator, choose)
    graph = tool_node(tool)
    result = go(graph, {"messages": [calls(tool, {"city": "Nowhere"}, {"city": "Rome"})]})
    result = go(graph, Command(resume="18:00"))
    failed, good = tool_texts(result)
    assert "no such city" in failed
    assert good == "Rome at 18:00"
    assert emulator.runs_started == 2


def test_a_tool_called_by_a_node_of_the_user_s_asks_too(emulator: Emulator, go: Go) -> None:
    tool = made(emulator)

    def node(state: MessagesState, config: RunnableConfig) -> Any:
        return {"messages": [AIMessage(tool.invoke({"city": "Rome"}, config))]}

    graph = StateGraph(MessagesState).add_node("book", node).add_edge(START, "book").add_edge("book", END)
    compiled = graph.compile(checkpointer=InMemorySaver())
    result = go(compiled, {"messages": []})
    while "__interrupt__" in result:
        result = go(compiled, Command(resume=answered(result)))
    assert result["messages"][-1].content == "Rome at 18:00 for four (How many in Rome?)"
    assert emulator.runs_started == 1


def test_messages_of_nodes_are_in_the_graph_s_custom_stream(emulator: Emulator) -> None:
    tool = made(emulator)
    graph = agent(calls(tool, {"city": "Rome"}), tools=[tool])
    config = {"configurable": {"thread_id": "1"}}
    events = list(graph.stream({"messages": [HumanMessage("Book")]}, config, stream_mode="custom"))
    assert [each["content"] for each in events if each["node_title"] == "Progress"] == ["Looking ", "around"]
    assert {each["type"] for each in events} == {"coze_workflow_message"}


def test_a_model_names_what_is_attached_to_the_messages(emulator: Emulator, go: Go) -> None:
    def look(photo: Image) -> str:
        return "seen"

    tool = made(emulator, look)
    graph = agent(calls(tool, {"photo": "attachment:1"}), tools=[tool])
    question = HumanMessage([{"type": "image", "base64": PNG, "mime_type": "image/png"}])
    assert tool_texts(go(graph, {"messages": [question]})) == ["seen"]
    assert len(emulator.calls_to("/v1/files/upload")) == 1


def limited(way: Go) -> Go:
    """Run a graph with max_concurrency=2, which counts nodes and their tasks."""

    def go(graph: Any, given: Any) -> Any:
        config = {"configurable": {"thread_id": "1"}, "max_concurrency": 2}
        return graph.invoke(given, config) if way is invoke else asyncio.run(graph.ainvoke(given, config))

    return go


@pytest.mark.filterwarnings("ignore:coroutine .arun_with_retry. was never awaited:RuntimeWarning")
def test_a_graph_without_places_for_tasks_is_an_error_and_no_hang(
    emulator: Emulator, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = made(emulator)
    monkeypatch.setattr("langchain_coze.langgraph_interrupts._START_TIMEOUT", 0.1)
    graph = agent(calls(tool, {"city": "Rome"}, {"city": "Oslo"}), tools=[tool])
    with pytest.raises(ConfigurationError, match="max_concurrency"):
        limited(go)(graph, {"messages": [HumanMessage("Book both")]})
    assert emulator.runs_started < 2  # the other call may take the place that this one leaves


def test_a_task_that_was_given_up_runs_no_step_when_it_gets_its_place_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[Callable[[], Any]] = []

    def task(function: Callable[[], Any]) -> Callable[[], Future[Any]]:
        waiting.append(function)
        return Future

    begun: list[str] = []

    async def step() -> dict[str, Any]:
        begun.append("step")
        return {}

    monkeypatch.setattr("langgraph.func.task", task)
    monkeypatch.setattr("langchain_coze.langgraph_interrupts._START_TIMEOUT", 0.01)
    with pytest.raises(ConfigurationError, match="max_concurrency"):
        Blocking.run(NodeRun(Blocking(), limited=True)._next_result(step))
    for late in waiting:
        with pytest.raises(ConfigurationError, match="max_concurrency"):
            late()
    assert (len(waiting), begun) == (1, [])


def test_one_call_at_a_time_needs_few_places(emulator: Emulator, go: Go) -> None:
    tool = made(emulator)
    graph = agent(calls(tool, {"city": "Rome"}), tools=[tool])
    result = limited(go)(graph, {"messages": [HumanMessage("Book")]})
    while "__interrupt__" in result:
        result = limited(go)(graph, Command(resume=answered(result)))
    assert tool_texts(result) == ["Rome at 18:00 for four (How many in Rome?)"]
    assert emulator.runs_started == 1


def booking_node(tool: Any, *, fails: int = 0, policy: RetryPolicy | None = None) -> Any:
    """A graph of a node of the user's that calls the tool, and then fails `fails` times."""
    failures = iter(range(fails))

    def node(state: MessagesState, config: RunnableConfig) -> Any:
        text = tool.invoke({"city": "Rome"}, config)
        if next(failures, None) is not None:
            raise ConnectionError("what comes after the tool")
        return {"messages": [AIMessage(text)]}

    graph = StateGraph(MessagesState).add_node("book", node, retry_policy=policy)
    return graph.add_edge(START, "book").add_edge("book", END).compile(checkpointer=InMemorySaver())


AT_ONCE = RetryPolicy(max_attempts=3, initial_interval=0, jitter=False)


def test_a_node_that_langgraph_tries_again_starts_nothing_twice(emulator: Emulator, go: Go) -> None:
    graph = booking_node(made(emulator), fails=2, policy=AT_ONCE)
    result = go(graph, {"messages": []})
    while "__interrupt__" in result:
        result = go(graph, Command(resume=answered(result)))
    assert result["messages"][-1].content == "Rome at 18:00 for four (How many in Rome?)"
    assert emulator.runs_started == 1
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2


LOST = [faults.DropConnection(), faults.HttpStatus(502), faults.NoEvents()]


@pytest.mark.parametrize("fault", LOST, ids=repr)
def test_a_question_of_a_bot_tool_whose_reply_was_lost_is_not_asked_again(
    emulator: Emulator, go: Go, fault: Any
) -> None:
    options: Any = {"token": emulator.token, "base_url": emulator.url, "handle_tool_error": False}
    bot = CozeBotTool(emulator.bots["echo"], "echo", "Echoes.", **options)

    def node(state: MessagesState, config: RunnableConfig) -> Any:
        return {"messages": [AIMessage(bot.invoke({"question": "hello"}, config))]}

    policy = RetryPolicy(max_attempts=3, initial_interval=0, retry_on=Exception)
    graph: Any = StateGraph(MessagesState).add_node("ask", node, retry_policy=policy)
    graph = graph.add_edge(START, "ask").compile(checkpointer=InMemorySaver())
    emulator.inject(faults.AfterStart(fault), path="/v3/chat", times=1)
    with pytest.raises((ToolException, CozeError)):
        go(graph, {"messages": []})
    assert emulator.chats_started == 1


def test_parallel_calls_beside_one_that_is_tried_again_start_nothing_twice(emulator: Emulator, go: Go) -> None:
    tool, failures = made(emulator), iter([ConnectionError("at first")])

    @plain_tool
    def flaky() -> str:
        """Fails at first."""
        for failure in failures:
            raise failure
        return "at last"

    node = ToolNode([tool, flaky], handle_tool_errors=False)
    graph = StateGraph(MessagesState).add_node("tools", node, retry_policy=AT_ONCE).add_edge(START, "tools")
    compiled = graph.add_edge("tools", END).compile(checkpointer=InMemorySaver())
    asked = [ToolCall(name="book", args={"city": city}, id=city) for city in ("Rome", "Oslo")]
    question = AIMessage("", tool_calls=[*asked, ToolCall(name="flaky", args={}, id="flaky")])
    result = go(compiled, {"messages": [question]})
    while "__interrupt__" in result:
        result = go(compiled, Command(resume=answered(result)))
    booked = [f"{city} at 18:00 for four (How many in {city}?)" for city in ("Rome", "Oslo")]
    assert tool_texts(result) == [*booked, "at last"]
    assert emulator.runs_started == 2


def test_a_tool_in_a_subgraph_asks_through_it(emulator: Emulator, go: Go) -> None:
    tool = made(emulator)
    inner = StateGraph(MessagesState).add_node("tools", ToolNode([tool])).add_edge(START, "tools").compile()
    graph = StateGraph(MessagesState).add_node("inner", inner).add_edge(START, "inner")
    compiled = graph.compile(checkpointer=InMemorySaver())
    result = go(compiled, {"messages": [calls(tool, {"city": "Rome"}, {"city": "Oslo"})]})
    while "__interrupt__" in result:
        result = go(compiled, Command(resume=answered(result)))
    assert texts_of_calls(result) == booked("Rome", "Oslo")
    assert emulator.runs_started == 2


def test_a_node_that_is_resumed_after_its_failure_starts_nothing_twice(emulator: Emulator, go: Go) -> None:
    def plain(city: str) -> str:
        return city

    graph = booking_node(made(emulator, plain), fails=1)
    with pytest.raises(ConnectionError):
        go(graph, {"messages": []})
    assert go(graph, None)["messages"][-1].content == "Rome"
    assert emulator.runs_started == 1


def test_a_start_that_failed_before_the_run_is_no_step_of_it(emulator: Emulator, go: Go) -> None:
    graph = booking_node(made(emulator), policy=RetryPolicy(max_attempts=2, initial_interval=0, retry_on=CozeError))
    emulator.inject(faults.Coded(4101), path="/v1/workflow/stream_run", times=1)
    result = go(graph, {"messages": []})
    while "__interrupt__" in result:
        result = go(graph, Command(resume=answered(result)))
    assert result["messages"][-1].content == "Rome at 18:00 for four (How many in Rome?)"
    assert emulator.runs_started == 1


def test_a_question_takes_no_answer_from_before_it_was_asked(emulator: Emulator, go: Go) -> None:
    """An answer that is sent again after the failure of another call does not answer that call's new question."""
    token, paused, first_time = ["wrong"], threading.Semaphore(0), cycle([True, False])

    class Pauses(BaseCallbackHandler):
        """Signals that the first tool asked a question, or is done."""

        def on_tool_error(self, *_: object, **__: object) -> None:
            paused.release()

        def on_tool_end(self, *_: object, **__: object) -> None:
            paused.release()

    def wrong_until_the_end() -> str:
        # Were the other call cancelled halfway, what it came to would be unknown. Refused, one is asked again.
        if token[0] == "wrong" and next(first_time):
            paused.acquire(timeout=30)
        return token[0]

    first = made(emulator, callbacks=[Pauses()])
    client = CozeClient(wrong_until_the_end, base_url=emulator.url)
    late = CozeWorkflowTool.from_workflow(first.workflow_id, client=client, signature=first.signature, name="late_book")
    both = AIMessage(
        "", tool_calls=[*calls(first, {"city": "Rome"}).tool_calls, *calls(late, {"city": "Oslo"}).tool_calls]
    )
    both.tool_calls[1]["id"] = "call_late"
    graph = agent(both, tools=[first, late])
    with pytest.raises(CozeError):
        go(graph, {"messages": [HumanMessage("Book")]})
    for answer in ("18:00", "4"):
        with pytest.raises(CozeError):
            go(graph, Command(resume=answer))
    token[0] = emulator.token
    result = go(graph, Command(resume="4"))
    assert [each.value["question"] for each in result["__interrupt__"]] == ["Which time in Oslo?"]
    while "__interrupt__" in result:
        result = go(graph, Command(resume=answered(result)))
    assert tool_texts(result) == ["Rome at 18:00 for 4", "Oslo at 18:00 for four (How many in Oslo?)"]
    assert emulator.runs_started == 2


def test_an_answer_that_a_thread_has_left_behind_is_none_to_a_new_run(emulator: Emulator, go: Go) -> None:
    tool = made(emulator)
    graph = agent(calls(tool, {"city": "Rome"}), tools=[tool])
    go(graph, {"messages": [HumanMessage("Book")]})
    asked_at = graph.get_state({"configurable": {"thread_id": "1"}}).config
    go(graph, Command(resume="18:00"))
    go(graph, Command(resume="4"))
    resume = graph.invoke if go is invoke else lambda *given: asyncio.run(graph.ainvoke(*given))
    with pytest.raises(ConfigurationError, match="checkpoint"):
        resume(Command(resume="19:00"), asked_at)
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2


def slow_tool(emulator: Emulator) -> CozeWorkflowTool:
    """A tool whose run sends ``working`` and never ends."""

    def slow() -> Steps[str]:
        yield "working"
        yield Hold(lambda: False)
        return "done"

    return made(emulator, slow)


def test_a_run_that_was_cancelled_halfway_is_not_started_again(emulator: Emulator) -> None:
    tool = slow_tool(emulator)
    graph = agent(calls(tool, {}), tools=[tool])
    config: RunnableConfig = {"configurable": {"thread_id": "1"}}

    async def cancelled() -> None:
        events = graph.astream({"messages": [HumanMessage("Go")]}, config, stream_mode="custom")
        async for each in events:
            assert each["content"] == "working"
            break
        await events.aclose()

    asyncio.run(cancelled())
    [failure] = tool_texts(ainvoke(graph, None))
    assert "was started before" in failure
    assert emulator.runs_started == 1


def test_a_run_whose_process_was_killed_is_not_started_again(emulator: Emulator, tmp_path: Path) -> None:
    tool = slow_tool(emulator)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "graph.sqlite"), emulator.url, emulator.token]
    with subprocess.Popen([*command, tool.workflow_id], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "working"
        process.kill()
    with SqliteSaver.from_conn_string(str(tmp_path / "graph.sqlite")) as saver:
        graph = agent(tools=[tool], checkpointer=saver)
        [failure] = tool_texts(invoke(graph, None))
    assert "was started before" in failure
    assert emulator.runs_started == 1


KILLED = """
import sys
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolCall
from langgraph.checkpoint.sqlite import SqliteSaver
from coze_client import CozeClient
from langchain_coze import CozeWorkflowTool

class Model(GenericFakeChatModel):
    def bind_tools(self, tools, **options):
        return self

database, url, token, workflow_id = sys.argv[1:]
tool = CozeWorkflowTool.from_workflow(workflow_id, client=CozeClient(token, base_url=url))
model = Model(messages=iter([AIMessage("", tool_calls=[ToolCall(name="slow", args={}, id="1")])]))
with SqliteSaver.from_conn_string(database) as saver:
    agent = create_agent(model, [tool], checkpointer=saver)
    config = {"configurable": {"thread_id": "1"}}
    for event in agent.stream({"messages": [HumanMessage("Go")]}, config, stream_mode="custom"):
        print(event["content"], flush=True)
"""

SCRIPT = """
import asyncio, sqlite3, sys
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolCall
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command
from coze_client import CozeClient
from langchain_coze import CozeWorkflowTool

class Model(GenericFakeChatModel):
    def bind_tools(self, tools, **options):
        return self

way, database, url, token, workflow_id, answer = sys.argv[1:]
tool = CozeWorkflowTool.from_workflow(workflow_id, client=CozeClient(token, base_url=url))
asked = AIMessage("", tool_calls=[ToolCall(name="book", args={"city": "Rome"}, id="1")])
messages = [AIMessage("done")] if answer else [asked, AIMessage("done")]
given = Command(resume=answer) if answer else {"messages": [HumanMessage("Book")]}
config = {"configurable": {"thread_id": "1"}}

def agent(saver):
    return create_agent(Model(messages=iter(messages)), [tool], checkpointer=saver)

async def arun():
    async with AsyncSqliteSaver.from_conn_string(database) as saver:
        return await agent(saver).ainvoke(given, config)

def run():
    with SqliteSaver.from_conn_string(database) as saver:
        return agent(saver).invoke(given, config)

result = run() if way == "sync" else asyncio.run(arun())
for interrupt in result.get("__interrupt__", ()):
    print(interrupt.value["question"])
if "__interrupt__" not in result:
    print(result["messages"][-2].content)
"""


@pytest.mark.parametrize("way", ["sync", "async"])
def test_the_process_may_end_between_question_and_answer(emulator: Emulator, tmp_path: Path, way: str) -> None:
    tool = made(emulator)

    def process(answer: str) -> str:
        arguments = [way, str(tmp_path / "graph.sqlite"), emulator.url, emulator.token, tool.workflow_id, answer]
        return output_of(SCRIPT, *arguments, cwd=tmp_path)

    assert process("") == "Which time in Rome?"
    assert process("18:00") == "How many in Rome?"
    assert process("4") == "Rome at 18:00 for 4"
    assert emulator.runs_started == 1


@pytest.mark.parametrize("bad", ["", "  ", {"name": "Ann"}, {"guests": "many", "name": "Ann"}, "two, Ann", [1]])
def test_an_answer_that_coze_cannot_take_leaves_the_question_open(emulator: Emulator, go: Go, bad: Any) -> None:
    def order() -> Steps[str]:
        form = yield ask_for(guests=int, name=str)
        time = yield ask("When?")
        return f"{form['name']} with {form['guests']} at {time}"

    tool = made(emulator, order)
    graph = agent(calls(tool, {}), tools=[tool])
    [asked] = go(graph, {"messages": [HumanMessage("Order")]})["__interrupt__"]
    assert "problem" not in asked.value
    for _ in range(4):  # more often than Coze takes answers
        [again] = go(graph, Command(resume=bad))["__interrupt__"]
        assert again.value["problem"]
        assert {**again.value, "problem": ""} == {**asked.value, "problem": ""}
    [second] = go(graph, Command(resume={"guests": 2, "name": "Ann"}))["__interrupt__"]
    assert second.value["question"] == "When?"
    [second] = go(graph, Command(resume=""))["__interrupt__"]
    assert second.value["problem"] == "The answer is empty"
    assert tool_texts(go(graph, Command(resume="18:00"))) == ["Ann with 2 at 18:00"]
    assert emulator.runs_started == 1
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2


def test_parallel_calls_keep_their_own_refused_answers(emulator: Emulator, go: Go) -> None:
    tool = made(emulator)
    graph = tool_node(tool)
    result = go(graph, {"messages": [calls(tool, {"city": "Rome"}, {"city": "Oslo"})]})
    refuse = True
    while "__interrupt__" in result:
        result = go(graph, Command(resume="" if refuse else answered(result)))
        refuse = not refuse
    assert texts_of_calls(result) == booked("Rome", "Oslo")
    assert emulator.runs_started == 2
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 4
