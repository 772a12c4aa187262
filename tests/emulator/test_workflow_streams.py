"""Streamed runs: node outputs, interrupts, resumes and failures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import httpx
import pytest

from coze_client.emulator import Emulator, faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.protocol.stream import Event
from coze_client.emulator.scripts import Hold, Pause
from coze_client.emulator.workflows import Image, Output, Steps, WorkflowError, ask, ask_for
from tests.support.api_calls import ApiClient, code
from tests.support.workflow_calls import (
    interrupt,
    output,
    resume,
    resume_body,
    stream,
    workflow_event_names,
    workflow_events,
)


def countdown(start: int = 2) -> Steps[dict[str, int]]:
    yield Output("Steps", "3 2 1", pieces=("3 ", "2 ", "1"))
    yield "go"
    return {"start": start}


def greet(name: str) -> Steps[str]:
    polite = yield ask("Formal?", title="Tone")
    return f"{polite}: {name}"


def test_pieces_are_numbered_within_their_node_and_events_within_the_stream(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(countdown)
    found = workflow_events(stream(api, workflow.id))
    assert [name for name, _ in found] == ["Message"] * 5 + ["Done"]
    pieces = [
        (data["node_title"], data["content"], data["node_seq_id"], data["node_is_finish"]) for _, data in found[:5]
    ]
    assert pieces == [
        ("Steps", "3 ", "0", False),
        ("Steps", "2 ", "1", False),
        ("Steps", "1", "2", True),
        ("Message", "go", "0", True),
        ("", '{"start":2}', "0", True),
    ]
    assert [("usage" in data) for _, data in found] == [False, False, False, False, True, False]
    assert workflow.id in found[-1][1]["debug_url"]


def test_a_plain_function_is_a_workflow_too(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def add(a: float, b: float) -> float:
        return a + b

    assert output(stream(api, add.id, {"a": 1, "b": 2.5})) == {"output": 3.5}


def test_a_question_stops_the_stream_and_its_answer_goes_on_with_the_same_run(
    api: ApiClient, emulator: Emulator
) -> None:
    workflow = emulator.workflow()(greet)
    asking = stream(api, workflow.id, {"name": "Ada"})
    (_, question), (_, stopped) = workflow_events(asking)
    assert (question["content"], question["node_title"]) == ("Formal?", "Tone")
    assert (stopped["node_title"], interrupt(asking)["data"], interrupt(asking)["type"]) == ("Tone", "", 2)
    assert output(resume(api, workflow.id, interrupt(asking), "Dear")) == "Dear: Ada"
    assert emulator.runs_started == 1


def test_an_answer_that_is_no_option_is_asked_again_and_the_third_fails(api: ApiClient, emulator: Emulator) -> None:
    booking = emulator.workflows["book_table"]
    asked = interrupt(stream(api, booking, {"city": "Bern"}))
    assert json.loads(asked["data"])["options"] == ["18:00", "19:00", "20:00"]
    again = interrupt(resume(api, booking, asked, "noon"))
    assert again["event_id"] != asked["event_id"]
    again = interrupt(resume(api, booking, again, "midnight"))
    [(name, failed)] = workflow_events(resume(api, booking, again, "never"))
    assert (name, failed["error_code"]) == ("Error", 720701013)
    assert "Time" in failed["error_message"]


def test_a_fourth_answer_to_a_streamed_run_fails_it(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def curious() -> Steps[None]:
        while True:
            yield ask("Why?")

    asked = interrupt(stream(api, curious.id))
    for _ in range(3):
        asked = interrupt(resume(api, curious.id, asked, "because"))
    assert workflow_event_names(resume(api, curious.id, asked, "because")) == ["Error"]
    assert code(resume(api, curious.id, asked, "because")) == 4315


def test_a_finished_run_cannot_be_resumed(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(greet)
    asked = interrupt(stream(api, workflow.id, {"name": "Ada"}))
    resume(api, workflow.id, asked, "Dear")
    assert code(resume(api, workflow.id, asked, "Dear")) == 4315
    assert emulator.runs_started == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"interrupt_type": 5}, 4000),
        ({"interrupt_type": None}, 4000),
        ({"resume_data": None}, 4000),
        ({"resume_data": 18}, 4000),
        ({"event_id": None}, 4000),
        ({"event_id": "1/2"}, 4314),
        ({"workflow_id": "7"}, 4314),
    ],
)
def test_a_resume_must_name_what_the_run_waits_for(
    api: ApiClient, emulator: Emulator, change: dict[str, object], expected: int
) -> None:
    workflow = emulator.workflow()(greet)
    asked = interrupt(stream(api, workflow.id, {"name": "Ada"}))
    body = {
        "workflow_id": workflow.id,
        "event_id": asked["event_id"],
        "interrupt_type": asked["type"],
        "resume_data": "Dear",
    }
    assert code(api.post("/v1/workflow/stream_resume", json={**body, **change})) == expected
    assert output(api.post("/v1/workflow/stream_resume", json=body)) == "Dear: Ada"


def test_an_earlier_question_is_not_what_the_run_waits_for(api: ApiClient, emulator: Emulator) -> None:
    booking = emulator.workflows["book_table"]
    asked = interrupt(stream(api, booking, {"city": "Bern"}))
    resume(api, booking, asked, "noon")
    assert code(resume(api, booking, asked, "18:00")) == 4000


def test_a_streamed_run_is_not_resumed_by_the_plain_call(api: ApiClient, emulator: Emulator) -> None:
    booking = emulator.workflows["book_table"]
    asked = interrupt(stream(api, booking, {"city": "Bern"}))
    body = {"workflow_id": booking, "event_id": asked["event_id"], "interrupt_type": 2, "resume_data": "18:00"}
    assert code(api.post("/v1/workflows/resume", json=body)) == 4000


def test_nobody_else_can_answer(api: ApiClient, emulator: Emulator) -> None:
    booking = emulator.workflows["book_table"]
    asked = interrupt(stream(api, booking, {"city": "Bern"}))
    with ApiClient(emulator, emulator.issue_token(account="2478774393250009999")) as stranger:
        assert code(resume(stranger, booking, asked, "18:00")) == 4314


def test_a_form_names_its_fields_and_reads_them_in_either_spelling(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def register() -> Steps[dict[str, object]]:
        form = yield ask_for("Form", photo=Image, guests=int, when=datetime | None)
        return dict(form)

    asked = interrupt(stream(api, register.id))
    assert asked["type"] == 5
    assert asked["required_parameters"] == {
        "photo": {"type": "image", "required": True},
        "guests": {"type": "integer", "required": True},
        "when": {"type": "time", "required": False},
    }
    assert json.loads(json.loads(asked["data"])["content"]) == [
        {"type": "string", "name": "photo", "required": True, "assistType": 2},
        {"type": "integer", "name": "guests", "required": True},
        {"type": "string", "name": "when", "required": False, "assistType": 10000},
    ]
    again = interrupt(resume(api, register.id, asked, '{"guests": 2}'))
    file = json.dumps({"file_id": api.upload("me.png")["id"]})
    filled = output(resume(api, register.id, again, json.dumps({"photo": file, "guests": 2})))
    assert filled == {"photo": "me.png", "guests": 2}
    asked = interrupt(stream(api, register.id))
    lines = "photo: https://example.com/a.png\nguests: 3\nwhen: 2026-05-01T18:00:00"
    assert output(resume(api, register.id, asked, lines))["guests"] == 3


def test_any_other_interrupt_carries_its_number_and_its_text(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def signs_in() -> Steps[str]:
        done: str = yield ask("https://example.com/consent", type=7)
        return done

    response = stream(api, signs_in.id)
    assert workflow_event_names(response) == ["Interrupt"]
    asked = interrupt(response)
    assert (asked["type"], asked["data"]) == (7, "https://example.com/consent")
    assert output(resume(api, signs_in.id, asked, "done")) == "done"


def test_a_failing_node_ends_the_stream_with_its_code_and_title(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def fails(own_code: bool) -> Steps[None]:
        yield "so far so good"
        if own_code:
            raise WorkflowError(6006, "took too long", node="Slow code")
        raise KeyError("city")

    (first, _), (name, failed) = workflow_events(stream(api, fails.id, {"own_code": True}))
    assert (first, name) == ("Message", "Error")
    assert failed == {"error_code": 6006, "error_message": 'Workflow node "Slow code" failed: took too long'}
    failed = workflow_events(stream(api, fails.id, {"own_code": False}))[-1][1]
    assert failed["error_code"] == 720701013
    assert failed["error_message"] == "Workflow node \"Code\" failed: KeyError: 'city'"


def test_what_a_workflow_cannot_yield_fails_it(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def odd():  # type: ignore[no-untyped-def]  # as a user might write it
        yield 7

    assert workflow_events(stream(api, odd.id))[-1][0] == "Error"


def test_a_run_goes_on_when_its_reader_has_left(api: ApiClient, emulator: Emulator) -> None:
    left, done = [False], [False]

    @emulator.workflow()
    def patient() -> Steps[None]:
        yield "started"
        yield Hold(lambda: left[0])
        done[0] = True

    with api.stream("POST", "/v1/workflow/stream_run", json={"workflow_id": patient.id}) as response:
        next(response.iter_lines())
    emulator.wait_until(lambda: emulator.open_streams == 0)
    left[0] = True
    emulator.wait_until(lambda: done[0])


def test_a_silent_run_says_ping_in_the_numbering() -> None:
    with Emulator(ping_after=0.001) as emulator, ApiClient(emulator) as api:

        @emulator.workflow()
        def slow() -> Steps[str]:
            yield Hold(lambda: emulator.runs_started == 2)
            return "done"

        @emulator.workflow()
        def quick() -> str:
            return "done"

        with api.stream("POST", "/v1/workflow/stream_run", json={"workflow_id": slow.id}) as response:
            lines = response.iter_lines()
            first = [next(lines) for _ in range(3)]
            stream(api, quick.id)
            rest = list(lines)
    assert first == ["id: 0", "event: PING", "data: "]
    numbers = [line for line in [*first, *rest] if line.startswith("id")]
    assert numbers == [f"id: {number}" for number in range(len(numbers))]
    assert "event: Done" in rest


def test_nothing_is_waited_for_but_what_a_pause_says(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def pauses() -> Steps[str]:
        yield Pause(0)
        return "done"

    assert output(stream(api, pauses.id)) == "done"


# --- refusals and faults ---


def test_an_unknown_or_unpublished_workflow_is_refused_as_json(api: ApiClient, emulator: Emulator) -> None:
    draft = emulator.workflow(published=False)(greet)
    assert [code(stream(api, workflow)) for workflow in (draft.id, "7420000000000009999")] == [4200, 4200]
    assert emulator.runs_started == 0


def test_ping_takes_a_number_and_a_gap_leaves_one_out(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(countdown)
    emulator.inject(faults.Ping(every_events=2), "/v1/workflow/stream_run")
    assert workflow_event_names(stream(api, workflow.id)).count("PING") == 3
    emulator.inject(faults.Gap(2, count=2), "/v1/workflow/stream_run")
    numbers = [line for line in stream(api, workflow.id).text.split("\n") if line.startswith("id")]
    assert numbers == ["id: 0", "id: 3", "id: 4", "id: 5"]


def test_a_cut_stream_lacks_its_end(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(countdown)
    emulator.inject(faults.CutAfterEvents(3, clean=True), "/v1/workflow/stream_run")
    assert workflow_event_names(stream(api, workflow.id)) == ["Message"] * 3
    emulator.inject(faults.DropTerminal(), "/v1/workflow/stream_run")
    assert "Done" not in workflow_event_names(stream(api, workflow.id))


@dataclass
class HeldAfterTheQuestion(Fault):
    """Keeps a stream open after its interrupt, as a pause between events does, until `released`."""

    released: bool = False

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield event
            while event.name == "Interrupt" and not self.released:
                await asyncio.sleep(0.001)


@pytest.mark.parametrize("dialect", ["cloud", "studio"])
@pytest.mark.parametrize("questions", [1, 2, 3])
def test_a_run_is_resumed_while_the_stream_with_its_question_is_still_open(
    dialect: Literal["cloud", "studio"], questions: int
) -> None:
    def asks() -> Steps[str]:
        answers: list[str] = []
        for _ in range(questions):
            answers = [*answers, (yield ask("And?"))]
        return " ".join(answers)

    def answer_within_the_loop(response: httpx.Response, number: int = 0) -> None:
        for line in response.iter_lines():
            item = json.loads(line.removeprefix("data: ")) if line.startswith("data: {") else {}
            contents.extend([(number, item["content"])] if "content" in item else [])
            if "interrupt_data" in item:
                body = resume_body(item["interrupt_data"], workflow.id, f"a{number}")
                with api.stream("POST", "/v1/workflow/stream_resume", json=body) as more:
                    answer_within_the_loop(more, number + 1)
        held.released = True

    contents: list[tuple[int, str]] = []
    held = HeldAfterTheQuestion()
    with Emulator(dialect) as emulator, ApiClient(emulator) as api:
        workflow = emulator.workflow()(asks)
        emulator.inject(held, "/v1/workflow/stream_*", times=questions + 1)
        body = {"workflow_id": workflow.id, "parameters": {}}
        with api.stream("POST", "/v1/workflow/stream_run", json=body) as first:
            answer_within_the_loop(first)
    last = " ".join(f"a{n}" for n in range(questions))
    assert contents == [*((number, "And?") for number in range(questions)), (questions, last)]
