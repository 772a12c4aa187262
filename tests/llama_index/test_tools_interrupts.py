"""A workflow that asks, in an agent's run: a human answers, and the same workflow run continues."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentOutput, FunctionAgent, ToolCallResult
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.workflow import Context, HumanResponseEvent, InputRequiredEvent, JsonSerializer

from coze_client import ConfigurationError, WorkflowResult
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Hold
from coze_client.emulator.workflows import Steps, ask, ask_for
from llama_index_coze import CozeHumanResponseEvent, CozeInputRequiredEvent
from tests.support.forked_programs import output_of
from tests.support.llama_index_agents import calling_agent, calling_bot, calling_llm, run_agent, tool_of

BOOKED = '{"table":7,"city":"Rome","guests":2,"time":"18:00"}'
ROME = ("book_table", {"city": "Rome"})


def two_questions(name: str) -> Steps[str]:
    title = yield ask("Which title?")
    formal = yield ask("Formal?", options=["yes", "no"])
    return f"{title} {name}, {formal}"


def answering(handler: Any, *answers: object) -> Any:
    """Answers the questions of a run in turn."""
    waiting = iter(answers)

    def on_event(event: Any) -> None:
        if isinstance(event, CozeInputRequiredEvent):
            handler.ctx.send_event(event.answer(next(waiting)))

    return on_event


async def booked(agent: FunctionAgent, *answers: object) -> str:
    handler = agent.run("Book")
    return str(await run_agent(handler, answering(handler, *answers)))


@dataclass(frozen=True)
class Stopped:
    """A run that asked and was cancelled: what it asked, its context as text, and its memory, which the user keeps."""

    questions: list[CozeInputRequiredEvent]
    context: str
    memory: ChatMemoryBuffer


async def stopped(agent: FunctionAgent, questions: int = 1, *answers: object) -> Stopped:
    """A run after that many questions, all but the last few answered, cancelled."""
    memory, waiting = ChatMemoryBuffer.from_defaults(), iter(answers)
    handler = agent.run("Book", memory=memory)
    asked: list[CozeInputRequiredEvent] = []
    async for event in handler.stream_events():
        if isinstance(event, CozeInputRequiredEvent):
            asked.append(event)
            if len(asked) == questions:
                break
            if (answer := next(waiting, None)) is not None:
                handler.ctx.send_event(event.answer(answer))
    context = json.dumps(handler.ctx.to_dict(serializer=JsonSerializer()))
    await handler.cancel_run()
    return Stopped(asked, context, memory)


async def continued(agent: FunctionAgent, at: Stopped, *answers: CozeHumanResponseEvent) -> tuple[str, list[Any]]:
    """Continue a stopped run with another agent; return the output, and the results of the tools."""
    context = Context.from_dict(agent, json.loads(at.context), serializer=JsonSerializer())
    handler = agent.run(ctx=context)
    await context.store.set("memory", at.memory)
    for answer in answers:
        handler.ctx.send_event(answer)
    events: list[Any] = []
    output = await run_agent(handler, events.append)
    return str(output), [event for event in events if isinstance(event, ToolCallResult)]


def agents(emulator: Emulator, *calls: tuple[str, Any], workflow: str = "book_table") -> Iterator[FunctionAgent]:
    """The same agent in one process after another."""
    bot = calling_bot(emulator, calls)
    while True:
        yield calling_agent(tool_of(emulator, workflow), calling_llm(emulator, bot=bot))


def test_a_question_is_asked_and_its_answer_goes_on_with_the_same_run(emulator: Emulator) -> None:
    agent = calling_agent(tool_of(emulator), calling_llm(emulator, ROME))

    async def run() -> tuple[str, CozeInputRequiredEvent]:
        asked: list[CozeInputRequiredEvent] = []
        handler = agent.run("Book")
        answer = answering(handler, "18:00")

        def on_event(event: Any) -> None:
            if isinstance(event, InputRequiredEvent):
                assert isinstance(event, CozeInputRequiredEvent)
                asked.append(event)
            answer(event)

        return str(await run_agent(handler, on_event)), asked[0]

    output, question = asyncio.run(run())
    assert output == BOOKED
    assert emulator.runs_started == 1
    assert (question.question, question.prefix) == ("Which time suits you?",) * 2
    assert question.options == ["18:00", "19:00", "20:00"]
    assert (question.tool_name, question.node_title, question.interrupt_type) == ("book_table", "Time", 2)
    assert question.workflow_id == emulator.workflows["book_table"]
    assert isinstance(question.answer("18:00"), HumanResponseEvent)


def test_one_question_after_the_other(emulator: Emulator) -> None:
    workflow = emulator.workflow()(two_questions)
    agent = calling_agent(tool_of(emulator, workflow.id), calling_llm(emulator, ("two_questions", {"name": "Ada"})))
    assert asyncio.run(booked(agent, "Dr", "no")) == "Dr Ada, no"
    assert emulator.runs_started == 1
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2


def test_the_result_has_the_messages_before_every_question(emulator: Emulator) -> None:
    workflow = emulator.workflow()(two_questions)
    lives = agents(emulator, ("two_questions", {"name": "Ada"}), workflow=workflow.id)
    at = asyncio.run(stopped(next(lives), 2, "Dr"))
    _, [call] = asyncio.run(continued(next(lives), at, at.questions[1].answer("no")))
    assert isinstance(call.tool_output.raw_output, WorkflowResult)
    assert [message.content for message in call.tool_output.raw_output.messages] == ["Which title?", "Formal?"]


def test_an_answer_that_is_none_of_the_options_is_asked_for_again(emulator: Emulator) -> None:
    agent = calling_agent(tool_of(emulator), calling_llm(emulator, ROME))
    assert asyncio.run(booked(agent, "noon", "18:00")) == BOOKED
    assert emulator.runs_started == 1


def test_an_input_node_is_answered_by_a_mapping(emulator: Emulator) -> None:
    def form() -> Steps[str]:
        given = yield ask_for(guests=int, name=str)
        return f"{given['name']} and {given['guests']}"

    workflow = emulator.workflow()(form)
    agent = calling_agent(tool_of(emulator, workflow.id), calling_llm(emulator, ("form", {})))
    assert asyncio.run(booked(agent, {"guests": 3, "name": "Ada"})) == "Ada and 3"


def test_a_workflow_that_fails_after_its_answer_is_reported_once(emulator: Emulator) -> None:
    def picky() -> Steps[str]:
        answer = yield ask("Which?")
        raise ValueError(f"not {answer}")

    workflow = emulator.workflow()(picky)
    agent = calling_agent(tool_of(emulator, workflow.id), calling_llm(emulator, ("picky", {})))
    assert "not that" in asyncio.run(booked(agent, "that"))
    assert emulator.runs_started == 1


@pytest.mark.parametrize("mode", ["stream", "sync", "async"])
def test_runs_of_every_mode_can_ask(emulator: Emulator, mode: str, sleeps: list[float]) -> None:
    def greet(name: str) -> Steps[str]:
        polite = yield ask("Formal?")
        return f"{polite} {name}"

    workflow = emulator.workflow()(greet)
    tool = tool_of(emulator, workflow.id, mode=mode)
    agent = calling_agent(tool, calling_llm(emulator, ("greet", {"name": "Ada"})))
    assert asyncio.run(booked(agent, "Dear")) == "Dear Ada"
    assert emulator.runs_started == 1


def test_equal_calls_at_once_are_asked_and_answered_each_for_itself(emulator: Emulator) -> None:
    agent = calling_agent(tool_of(emulator), calling_llm(emulator, ROME, ROME))
    output = asyncio.run(booked(agent, "18:00", "20:00"))
    assert sorted(output.split(" & ")) == [BOOKED, BOOKED.replace("18", "20")]
    assert emulator.runs_started == 2


def test_another_process_goes_on_with_the_stored_context(emulator: Emulator) -> None:
    lives = agents(emulator, ROME)
    at = asyncio.run(stopped(next(lives)))
    output, results = asyncio.run(continued(next(lives), at, at.questions[0].answer("18:00")))
    assert output == BOOKED
    assert len(results) == 1
    assert emulator.runs_started == 1
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 1


def test_another_process_goes_on_after_the_second_question(emulator: Emulator) -> None:
    workflow = emulator.workflow()(two_questions)
    lives = agents(emulator, ("two_questions", {"name": "Ada"}), workflow=workflow.id)
    at = asyncio.run(stopped(next(lives), 2, "Dr"))
    output, results = asyncio.run(continued(next(lives), at, at.questions[1].answer("no")))
    assert output == "Dr Ada, no"
    assert len(results) == 1
    assert emulator.runs_started == 1
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2


def test_another_process_gives_every_question_its_own_answer(emulator: Emulator) -> None:
    def visit(city: str) -> Steps[str]:
        day = yield ask(f"When to {city}?")
        return f"{city} on {day}"

    workflow = emulator.workflow()(visit)
    lives = agents(emulator, ("visit", {"city": "Rome"}), ("visit", {"city": "Bern"}), workflow=workflow.id)
    at = asyncio.run(stopped(next(lives), 2))
    days = {"When to Rome?": "Monday", "When to Bern?": "Friday"}
    answers = [question.answer(days[question.question]) for question in at.questions]
    output, results = asyncio.run(continued(next(lives), at, *answers))
    assert sorted(output.split(" & ")) == ["Bern on Friday", "Rome on Monday"]
    assert len(results) == 2
    assert emulator.runs_started == 2
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2


SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.workflow import Context, JsonSerializer
from coze_client import CozeClient
from llama_index_coze import CozeInputRequiredEvent, CozeLLM, CozeWorkflowTool

file, url, token, bot, workflow, answer = sys.argv[1:]
client = CozeClient(token, base_url=url)
tool = CozeWorkflowTool.from_workflow(workflow, client=client)
llm = CozeLLM(bot_id=bot, client=client, client_plugins=True, user_id="u1")
agent = FunctionAgent(tools=[tool], llm=llm)

async def first_run():
    memory = ChatMemoryBuffer.from_defaults()
    return agent.run("Book", memory=memory), memory

async def continued():
    stored = json.loads(Path(file).read_text())
    memory = ChatMemoryBuffer.from_defaults([ChatMessage.model_validate(each) for each in stored["memory"]])
    context = Context.from_dict(agent, stored["context"], serializer=JsonSerializer())
    handler = agent.run(ctx=context)
    await context.store.set("memory", memory)
    question = CozeInputRequiredEvent.model_validate(stored["question"])
    handler.ctx.send_event(question.answer(answer))
    return handler, memory

async def main():
    handler, memory = await (continued() if answer else first_run())
    async for event in handler.stream_events():
        if isinstance(event, CozeInputRequiredEvent):
            context = handler.ctx.to_dict(serializer=JsonSerializer())
            messages = [message.model_dump(mode="json") for message in memory.get_all()]
            stored = {"context": context, "memory": messages, "question": event.model_dump()}
            Path(file).write_text(json.dumps(stored))
            print(event.question, flush=True)
            await handler.cancel_run()
            return
    print(await handler, flush=True)

asyncio.run(main())
"""


def test_the_process_may_end_between_question_and_answer(emulator: Emulator, tmp_path: Path) -> None:
    workflow = emulator.workflow()(two_questions).id
    bot = calling_bot(emulator, (("two_questions", {"name": "Ada"}),))

    def process(answer: str) -> str:
        arguments = [str(tmp_path / "context.json"), emulator.url, emulator.token, bot, workflow, answer]
        return output_of(SCRIPT, *arguments, cwd=tmp_path)

    assert process("") == "Which title?"
    assert process("Dr") == "Formal?"
    assert process("no") == "Dr Ada, no"
    assert emulator.runs_started == 1
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2


def test_a_run_that_was_cancelled_halfway_is_not_started_again(emulator: Emulator) -> None:
    over: list[bool] = []

    def slow() -> Steps[str]:
        yield "working"
        yield Hold(lambda: bool(over))
        return "done"

    workflow = emulator.workflow()(slow)
    lives = agents(emulator, ("slow", {}), workflow=workflow.id)

    async def cut() -> Stopped:
        memory = ChatMemoryBuffer.from_defaults()
        handler = next(lives).run("Go", memory=memory)
        async for event in handler.stream_events():
            if getattr(event, "content", "") == "working":
                break
        context = json.dumps(handler.ctx.to_dict(serializer=JsonSerializer()))
        await handler.cancel_run()
        return Stopped([], context, memory)

    at = asyncio.run(cut())
    over.append(True)
    output, _ = asyncio.run(continued(next(lives), at))
    assert "was started before" in output
    assert emulator.runs_started == 1


def test_a_stored_context_holds_no_token(emulator: Emulator) -> None:
    at = asyncio.run(stopped(next(agents(emulator, ROME))))
    assert emulator.token not in at.context


def test_a_finished_call_leaves_nothing_behind_that_a_stored_context_would_start_again(emulator: Emulator) -> None:
    workflow = emulator.workflow()(two_questions)
    lives = agents(emulator, ("two_questions", {"name": "Ada"}), workflow=workflow.id)
    memory = ChatMemoryBuffer.from_defaults()

    async def first() -> str:
        handler = next(lives).run("Book", memory=memory)
        await run_agent(handler, answering(handler, "Dr", "no"))
        return json.dumps(handler.ctx.to_dict(serializer=JsonSerializer()))

    async def second(stored: str) -> str:
        agent = next(lives)
        context = Context.from_dict(agent, json.loads(stored), serializer=JsonSerializer())
        handler = agent.run("Again", ctx=context, memory=memory)
        return str(await run_agent(handler, answering(handler, "Prof", "yes")))

    assert asyncio.run(second(asyncio.run(first()))) == "Prof Ada, yes"
    assert emulator.runs_started == 2


def test_a_context_that_is_stored_after_a_call_has_no_answered_question(emulator: Emulator) -> None:
    workflow = emulator.workflow()(two_questions)
    agent = next(agents(emulator, ("two_questions", {"name": "Ada"}), workflow=workflow.id))
    contexts: list[str] = []

    async def run() -> None:
        handler = agent.run("Book")
        answer = answering(handler, "Dr", "no")

        def on_event(event: Any) -> None:
            answer(event)
            if isinstance(event, AgentOutput):
                contexts.append(json.dumps(handler.ctx.to_dict(serializer=JsonSerializer())))

        await run_agent(handler, on_event)

    asyncio.run(run())
    assert len(contexts) == 2
    assert "CozeHumanResponseEvent" not in contexts[1]


def test_a_context_from_outside_of_a_step_is_refused_before_anything_is_sent(emulator: Emulator) -> None:
    tool = tool_of(emulator)
    context = Context(calling_agent(tool, calling_llm(emulator, ROME)))
    with pytest.raises(ConfigurationError, match="outside of a LlamaIndex workflow's step"):
        asyncio.run(tool.acall(city="Rome", ctx=context))
    assert emulator.runs_started == 0


@pytest.mark.parametrize("bad", ["", "  ", None, {}, {"guests": "many", "name": "Ada"}, "three, Ada", [1]])
def test_an_answer_that_coze_cannot_take_leaves_the_question_open(emulator: Emulator, bad: Any) -> None:
    def form() -> Steps[str]:
        given = yield ask_for(guests=int, name=str)
        time = yield ask("When?")
        return f"{given['name']} and {given['guests']} at {time}"

    workflow = emulator.workflow()(form)
    agent = calling_agent(tool_of(emulator, workflow.id), calling_llm(emulator, ("form", {})))
    asked: list[CozeInputRequiredEvent] = []

    async def run() -> tuple[str, str]:
        handler = agent.run("Book")
        answer = answering(handler, *[bad] * 4, {"guests": 3, "name": "Ada"}, "", "18:00")

        def on_event(event: Any) -> None:
            if isinstance(event, CozeInputRequiredEvent):
                asked.append(event)
            answer(event)

        output = await run_agent(handler, on_event)
        return str(output), json.dumps(handler.ctx.to_dict(serializer=JsonSerializer()))

    output, context = asyncio.run(run())
    assert output == "Ada and 3 at 18:00"
    assert [bool(event.problem) for event in asked] == [False, True, True, True, True, False, True]
    assert [event.question for event in asked[5:]] == ["When?", "When?"]
    assert emulator.runs_started == 1
    assert len(emulator.calls_to("/v1/workflow/stream_resume")) == 2
    assert "CozeHumanResponseEvent" not in context  # no waiter is left, which a stored context would start again
