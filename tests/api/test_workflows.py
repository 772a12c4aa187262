"""Workflows against the emulator: runs of every mode, answered questions, and no run started twice."""

from __future__ import annotations

import pickle
from pathlib import Path

import httpx
import pytest

from coze_client import CozeClient, StreamInterrupted, WorkflowFailed, WorkflowInterrupted
from coze_client.api.workflows.events import WorkflowReading, read_question
from coze_client.api.workflows.resource import Workflows
from coze_client.api.workflows.stream import WorkflowStream
from coze_client.api.workflows.values import Interrupt
from coze_client.emulator import Emulator, faults
from coze_client.emulator.workflows import Steps, ask
from coze_client.errors import ConfigurationError, NotFound
from tests.support.clients import ConnectedClient, Driver

STREAMS = Path(__file__).parent.parent / "data" / "streams"


@pytest.fixture
def book(emulator: Emulator) -> str:
    """A workflow that sends a message, asks a question, and returns the answer."""

    @emulator.workflow(title="Book a table")
    def book_a_table(city: str, guests: int = 2) -> Steps[dict[str, object]]:
        yield f"Looking in {city}"
        when = yield ask("Which time?", options=["18:00", "19:00"])
        return {"city": city, "guests": guests, "when": when}

    return str(emulator.workflow_id("Book a table"))


@pytest.fixture
def echo(emulator: Emulator) -> str:
    """A workflow that returns at once."""

    @emulator.workflow(title="Echo")
    def echo_it(text: str) -> dict[str, str]:
        return {"output": text}

    return str(emulator.workflow_id("Echo"))


def test_a_run_comes_to_its_output(coze: ConnectedClient, echo: str) -> None:
    result = coze.run(coze.client.workflows.execute(workflow_id=echo, parameters={"text": "hi"}))
    assert result.output == {"output": "hi"}
    assert result.gaps == ()
    assert coze.emulator.runs_started == 1


@pytest.mark.parametrize("mode", ["stream", "sync", "async"])
def test_every_mode_comes_to_the_same_output(coze: ConnectedClient, echo: str, mode: str) -> None:
    result = coze.run(coze.client.workflows.execute(workflow_id=echo, parameters={"text": "hi"}, mode=mode))
    assert result.output == {"output": "hi"}
    assert coze.emulator.runs_started == 1


def test_an_asynchronous_run_is_found_again_by_another_client(coze: ConnectedClient, echo: str) -> None:
    run = coze.run(coze.client.workflows.run_async(workflow_id=echo, parameters={"text": "later"}))
    assert run.execute_id
    elsewhere = CozeClient(coze.emulator.token, base_url=coze.emulator.url)
    assert elsewhere.workflows.result(workflow_id=echo, execute_id=run.execute_id).output == {"output": "later"}


def test_a_question_is_answered_in_the_same_run(coze: ConnectedClient, book: str) -> None:
    with pytest.raises(WorkflowInterrupted, match="Which time") as caught:
        coze.run(coze.client.workflows.execute(workflow_id=book, parameters={"city": "Bern"}))
    asked = caught.value
    assert asked.question == "Which time?"
    assert asked.interrupt is not None
    assert asked.interrupt.event_id
    result = coze.run(asked.resume("19:00"))
    assert result.output == {"city": "Bern", "guests": 2, "when": "19:00"}
    assert coze.emulator.runs_started == 1


def test_a_question_survives_a_pickle_and_is_answered_by_another_client(coze: ConnectedClient, book: str) -> None:
    with pytest.raises(WorkflowInterrupted) as caught:
        coze.run(coze.client.workflows.execute(workflow_id=book, parameters={"city": "Bern"}))
    asked = pickle.loads(pickle.dumps(caught.value))
    with pytest.raises(ConfigurationError, match="unpickled"):
        asked.resume("19:00")
    elsewhere = CozeClient(coze.emulator.token, base_url=coze.emulator.url)
    result = elsewhere.workflows.answer(workflow_id=asked.workflow_id, interrupt=asked.interrupt, answer="18:00")
    assert result.output == {"city": "Bern", "guests": 2, "when": "18:00"}
    assert coze.emulator.runs_started == 1


def test_a_result_holds_what_was_said_before_every_question(coze: ConnectedClient) -> None:
    @coze.emulator.workflow(title="Three steps")
    def three_steps() -> Steps[str]:
        yield "one"
        first = yield ask("First?")
        yield "two"
        second = yield ask("Second?")
        yield "three"
        return f"{first}{second}"

    workflow_id = coze.emulator.workflow_id("Three steps")
    with pytest.raises(WorkflowInterrupted) as first:
        coze.run(coze.client.workflows.execute(workflow_id=workflow_id))
    with pytest.raises(WorkflowInterrupted) as second:
        coze.run(first.value.resume("a"))
    result = coze.run(second.value.resume("b"))
    assert result.output == "ab"
    assert [message.content for message in second.value.messages] == ["one", "First?", "two", "Second?"]
    assert [message.content for message in result.messages] == ["one", "First?", "two", "Second?", "three"]


def test_a_failure_after_a_question_holds_what_was_said_before_it(coze: ConnectedClient) -> None:
    @coze.emulator.workflow(title="Picky")
    def picky() -> Steps[str]:
        yield "one"
        answer = yield ask("First?")
        raise ValueError(f"not {answer}")

    with pytest.raises(WorkflowInterrupted) as asked:
        coze.run(coze.client.workflows.execute(workflow_id=coze.emulator.workflow_id("Picky")))
    with pytest.raises(WorkflowFailed, match="not that") as failed:
        coze.run(asked.value.resume("that"))
    assert [message.content for message in failed.value.messages] == ["one", "First?"]


def test_numbers_that_were_missing_before_a_question_stay_in_the_result() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        end = b'event: Message\ndata: {"content":"ok","node_title":"End","node_seq_id":"0"}\n\n'
        asks = b'id: 3\nevent: Interrupt\ndata: {"interrupt_data":{"event_id":"1/2","type":2,"data":"Which?"}}\n\n'
        body = b"id: 0\n" + end + b"id: 1\nevent: Done\ndata: {}\n\n" if b"resume" in request.url.raw_path else asks
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    client = CozeClient("t", base_url="http://coze", transport=httpx.MockTransport(answer))
    with pytest.raises(WorkflowInterrupted) as asked:
        client.workflows.execute(workflow_id="1")
    assert asked.value.gaps == ("id 0 to 2",)
    assert asked.value.resume("that").gaps == ("id 0 to 2",)


def test_events_arrive_while_the_run_goes_on(coze: ConnectedClient, book: str) -> None:
    types: list[str] = []
    with pytest.raises(WorkflowInterrupted) as caught:
        coze.run(
            coze.client.workflows.execute(
                workflow_id=book, parameters={"city": "Bern"}, on_event=lambda event: types.append(event.type)
            )
        )
    assert types[0] == "message"
    assert types[-1] == "interrupt"
    coze.run(caught.value.resume("18:00"))
    assert types[-1] == "done"


def test_a_cut_run_is_reported_and_never_started_again(coze: ConnectedClient, book: str) -> None:
    coze.emulator.inject(faults.CutAfterBytes(30), path="/v1/workflow/stream_run")
    with pytest.raises(StreamInterrupted, match="not started again"):
        coze.run(coze.client.workflows.execute(workflow_id=book, parameters={"city": "Bern"}))
    assert coze.emulator.runs_started == 1


def test_a_failing_workflow_tells_what_failed(coze: ConnectedClient) -> None:
    @coze.emulator.workflow(title="Broken")
    def broken() -> None:
        raise ValueError("no such table")

    with pytest.raises(WorkflowFailed, match="no such table") as caught:
        coze.run(coze.client.workflows.execute(workflow_id=coze.emulator.workflow_id("Broken")))
    assert caught.value.code


def test_an_unpublished_workflow_is_not_found(coze: ConnectedClient) -> None:
    with pytest.raises(NotFound, match="4200"):
        coze.run(coze.client.workflows.execute(workflow_id="7490000000000009999"))


def test_bot_and_app_are_refused_together_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        Workflows.run(workflow_id="1", bot_id="2", app_id="3")
    with pytest.raises(ConfigurationError, match="exactly one"):
        Workflows.chat(workflow_id="1", additional_messages=[])


def test_missing_numbers_are_reported_and_heartbeats_are_none() -> None:
    def message(number: int, text: str) -> bytes:
        data = f'{{"content":"{text}","node_title":"Message","node_seq_id":"{number}"}}'
        return f"id: {number}\nevent: Message\ndata: {data}\n\n".encode()

    reading = WorkflowReading(1 << 20)
    reading.feed(message(0, "a") + b"id: 1\nevent: PING\ndata:\n\n" + message(4, "b"))
    assert reading.gaps == ["id 2 to 3", "Message 1 to 3"]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("workflow_messages_done", {"output": "Why not?"}),
        ("workflow_done_empty", "x"),
        ("workflow_ping_unknown", ""),
    ],
)
def test_recorded_streams_come_to_their_output(name: str, outcome: object) -> None:
    body = (STREAMS / f"{name}.sse").read_bytes()
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    client = CozeClient("t", base_url="http://coze", transport=httpx.MockTransport(lambda _: answer))
    result = client.workflows.execute(workflow_id="1")
    assert result.output == outcome
    assert result.gaps == ()


@pytest.mark.parametrize(
    ("data", "last_message", "question", "options"),
    [
        ("", "Which city?", "Which city?", ()),
        ("Which city?", "", "Which city?", ()),
        ('{"content_type":"text","content":"Which city?"}', "", "Which city?", ()),
        ('{"content_type":"option","content":"Which?","options":["a","b"]}', "", "Which?", ("a", "b")),
        ('{"messages":[{"content_type":"text","content":"Which?","id":"1"}]}', "", "Which?", ()),
        (
            '{"messages":[{"content_type":"option","content":"{\\"question\\":\\"Which?\\",\\"options\\":[{\\"name\\":\\"a\\"}]}"}]}',
            "",
            "Which?",
            ("a",),
        ),
        ("[1]", "", "[1]", ()),
        ('{"messages":[]}', "Said before", "Said before", ()),
    ],
)
def test_questions_are_read_as_cloud_and_studio_tell_them(
    data: str, last_message: str, question: str, options: tuple[str, ...]
) -> None:
    assert read_question(Interrupt(event_id="1/2", type=2, data=data), last_message) == (question, options)


def test_an_asynchronous_run_that_asks_on_a_studio_is_reported_and_not_waited_for(driver: Driver) -> None:
    with Emulator(dialect="studio") as emulator:
        client = driver.client(emulator.token, base_url=emulator.url)
        workflow = emulator.workflows["book_table"]
        with pytest.raises(WorkflowFailed, match="mode='stream'"):
            driver.run(client.workflows.execute(workflow_id=workflow, parameters={"city": "Bern"}, mode="async"))


@pytest.mark.parametrize("pace", [0.0, 0.03], ids=["unpaced", "paced"])
def test_a_run_is_resumed_inside_the_loop_over_its_stream(pace: float) -> None:
    seen: list[str] = []
    with Emulator(pace=pace) as emulator, CozeClient(emulator.token, base_url=emulator.url) as client:
        workflow_id = emulator.workflows["book_table"]

        def handle(stream: WorkflowStream) -> None:
            with stream:
                for event in stream:
                    seen.append(event.type)
                    if event.interrupt is not None:
                        handle(answer(event.interrupt))

        def answer(asked: Interrupt) -> WorkflowStream:
            ids = {"workflow_id": workflow_id, "event_id": asked.event_id}
            return client.workflows.stream_resume(**ids, interrupt_type=asked.type, resume_data="19:00")

        handle(client.workflows.stream(workflow_id=workflow_id, parameters={"city": "Rome", "guests": 4}))
    assert seen[-3:] == ["interrupt", "message", "done"]
