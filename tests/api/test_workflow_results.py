"""The result of a run: what of several outputs, ends and usages counts, and what only looks like Coze's own forms."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from coze_client import CozeError, NotFound, ProtocolError, WorkflowFailed, WorkflowInterrupted
from coze_client.api.chats.values import Usage
from coze_client.api.workflows.events import WorkflowReading, read_question
from coze_client.api.workflows.history import RunHistory
from coze_client.api.workflows.result import decode_output, join_messages, result_of_record
from coze_client.api.workflows.values import Interrupt, WorkflowMessage
from tests.support.clients import Driver
from tests.support.scripted_coze import Event, ScriptedCoze, as_json, as_stream, scripted

RECORD, STUDIO_RECORD = "/v1/workflows/5/run_histories/6", "/v1/workflow/get_run_history"
UNWRAPPED = [
    ({"type_for_model": 2, "data": "Bern"}, ("Bern", "Bern")),
    ({"type_for_model": 2, "data": '{"city": "Bern"}'}, ({"city": "Bern"}, '{"city": "Bern"}')),
]
LEFT_ALONE: list[Any] = [
    {"data": "Bern", "city": "Bern"},
    {"data": "Bern"},
    {"type_for_model": 2, "data": {"city": "Bern"}},
    {"type_for_model": 2},
    ["type_for_model", "data"],
    7,
    None,
]


def said(text: str, node: str = "", title: str = "", *, last: bool = True) -> WorkflowMessage:
    return WorkflowMessage(content=text, node_id=node, node_title=title, node_is_finish=last)


def node(text: str, title: str, tokens: int) -> Event:
    usage = {"token_count": tokens, "input_count": tokens - 1, "output_count": 1}
    return "Message", {"content": text, "node_title": title, "node_is_finish": True, "usage": usage}


@pytest.mark.parametrize(("output", "decoded"), UNWRAPPED)
def test_a_text_in_cozes_wrapper_is_unwrapped(output: object, decoded: tuple[object, str]) -> None:
    assert decode_output(json.dumps(output)) == decoded


@pytest.mark.parametrize("output", LEFT_ALONE, ids=repr)
def test_an_output_that_only_looks_like_the_wrapper_is_left_alone(output: object) -> None:
    text = json.dumps(output)
    assert decode_output(text) == (output, text)


def test_of_several_ends_and_usages_the_last_counts(driver: Driver) -> None:
    events = [node("Half", "End", 10), node("Looking", "Search", 20), node("Bern", "End", 30), ("Done", {})]
    coze = ScriptedCoze({"/v1/workflow/stream_run": as_stream(events)})
    result = driver.run(scripted(driver, coze).workflows.execute(workflow_id="5"))
    assert result.text == "Bern"
    assert result.usage == Usage(token_count=30, input_count=29, output_count=1)
    assert [message.content for message in result.messages] == ["Half", "Looking"]


def test_the_parts_of_an_output_are_joined_and_outputs_of_one_node_or_of_one_title_stay_apart() -> None:
    messages = [
        said("Lo", "1", "Loop", last=False),
        said("Ot", "2", "Loop", last=False),
        said("ok", "1", "Loop"),
        said("her", "2", "Loop"),
        said("again", "1", "Loop"),
        said("no ", "", "Title", last=False),
        said("id", "", "Title"),
    ]
    assert [message.content for message in join_messages(messages)] == ["Look", "Other", "again", "no id"]


def numbered(number: str, event: str = "Message", **data: Any) -> bytes:
    return f"id: {number}\nevent: {event}\ndata: {json.dumps(data)}\n\n".encode()


def gaps_of(*pieces: bytes) -> list[str]:
    reading = WorkflowReading(1 << 20)
    reading.feed(b"".join(pieces))
    return reading.gaps


def test_a_heartbeat_without_or_with_an_older_number_makes_no_gap() -> None:
    assert gaps_of(*(numbered(n) for n in "01"), b"event: PING\ndata:\n\n", numbered("2")) == []
    assert gaps_of(*(numbered(n) for n in "012"), numbered("1", "PING"), numbered("3")) == []
    assert gaps_of(numbered("0"), numbered("1", "PING"), numbered("3")) == ["id 2"]


def test_the_messages_of_each_node_are_counted_by_its_id_and_without_one_by_its_title() -> None:
    def part(node_id: str, title: str, number: int) -> bytes:
        return numbered("", node_id=node_id, node_title=title, node_seq_id=str(number))

    assert gaps_of(part("1", "Loop", 0), part("2", "Loop", 0), part("1", "Loop", 1), part("2", "Loop", 1)) == []
    assert gaps_of(part("", "A", 0), part("", "B", 0), part("1", "A", 0)) == []
    assert gaps_of(part("1", "Loop", 0), part("2", "Loop", 1)) == ["2 0"]


@pytest.mark.parametrize(("digits", "counted"), [(18, True), (19, False), (5000, False)])
def test_a_number_that_no_server_counts_to_is_none(digits: int, *, counted: bool) -> None:
    assert bool(gaps_of(numbered("9" * digits))) is counted


def test_a_failure_names_the_node_that_spoke_last_and_keeps_what_was_said_in_order(driver: Driver) -> None:
    asks = ("Interrupt", {"interrupt_data": {"event_id": "1/2", "type": 2, "data": "Where?"}, "node_title": "Ask"})
    begin = as_stream([node("one", "First", 1), node("two", "Second", 2), asks])
    failed: Event = ("Error", {"error_code": 4200, "error_message": "broke"})
    rest = as_stream([node("three", "Third", 3), node("four", "Fourth", 4), failed])
    coze = ScriptedCoze({"/v1/workflow/stream_run": begin, "/v1/workflow/stream_resume": rest})
    client = scripted(driver, coze)
    with pytest.raises(WorkflowInterrupted) as interrupted:
        driver.run(client.workflows.execute(workflow_id="5"))
    with pytest.raises(WorkflowFailed) as caught:
        driver.run(interrupted.value.resume("Rome"))
    assert caught.value.node_title == "Fourth"
    assert [message.content for message in caught.value.messages] == ["one", "two", "three", "four"]


def test_without_a_question_of_its_own_an_interrupt_asks_what_was_said_last(driver: Driver) -> None:
    asks = ("Interrupt", {"interrupt_data": {"event_id": "1/2", "type": 2, "data": ""}})
    coze = ScriptedCoze({"/v1/workflow/stream_run": as_stream([node("Hello", "A", 1), node("Where?", "B", 2), asks])})
    with pytest.raises(WorkflowInterrupted) as caught:
        driver.run(scripted(driver, coze).workflows.execute(workflow_id="5"))
    assert caught.value.question == "Where?"


def test_of_several_messages_in_an_interrupt_the_last_is_the_question() -> None:
    data = json.dumps({"messages": [{"content": "Hello"}, {"content": "Where?"}]})
    assert read_question(Interrupt(data=data), "") == ("Where?", ())


def test_the_pauses_between_polls_of_a_run_grow_up_to_five_seconds(driver: Driver, sleeps: list[float]) -> None:
    records = iter([as_json([{"execute_status": "Running"}])] * 7 + [as_json([{"execute_status": "Success"}])])
    client = scripted(driver, ScriptedCoze({RECORD: lambda: next(records)}))
    driver.run(client.workflows.result(workflow_id="5", execute_id="6"))
    assert sleeps == [1.0, 1.5, 2.25, 3.375, 5.0, 5.0, 5.0]


@pytest.mark.parametrize("data", [[], {}, None])
def test_a_record_of_nothing_is_an_error(driver: Driver, data: object) -> None:
    client = scripted(driver, ScriptedCoze({RECORD: as_json(data)}))
    with pytest.raises(ProtocolError, match="no record"):
        driver.run(client.workflows.result(workflow_id="5", execute_id="6"))


def test_an_asynchronous_run_that_cannot_be_followed_names_its_id_and_how_to_go_on(driver: Driver) -> None:
    refused = httpx.Response(403, json={"code": 4101, "msg": "no"})
    coze = ScriptedCoze({"/v1/workflow/run": as_json(None, execute_id="6"), RECORD: refused})
    with pytest.raises(CozeError) as caught:
        driver.run(scripted(driver, coze).workflows.execute(workflow_id="5", mode="async"))
    assert caught.value.execute_id == "6"
    assert "execute_id='6'" in caught.value.cure


EMPTY_INTERRUPTS: list[Any] = [None, {}, {"event_id": "", "type": 0, "data": ""}]


@pytest.mark.parametrize("interrupt", EMPTY_INTERRUPTS, ids=repr)
def test_an_empty_interrupt_beside_the_output_of_a_run_asks_nothing(driver: Driver, interrupt: object) -> None:
    ran = as_json('{"city": "Bern"}', interrupt_data=interrupt)
    coze = ScriptedCoze({"/v1/workflow/run": ran, "/v1/workflow/stream_run": ran})
    client = scripted(driver, coze)
    for mode in ("sync", "stream"):
        assert driver.run(client.workflows.execute(workflow_id="5", mode=mode)).output == {"city": "Bern"}


def test_a_question_of_a_run_is_one_in_every_mode(driver: Driver) -> None:
    asks = as_json("", interrupt_data={"event_id": "1/2", "type": 2, "data": "Where?"})
    coze = ScriptedCoze({"/v1/workflow/run": asks, "/v1/workflow/stream_run": asks})
    client = scripted(driver, coze)
    for mode, streamed in (("sync", False), ("stream", True)):
        with pytest.raises(WorkflowInterrupted) as caught:
            driver.run(client.workflows.execute(workflow_id="5", mode=mode))
        assert (caught.value.question, caught.value.streamed) == ("Where?", streamed)


def test_a_failed_record_keeps_the_code_and_the_text_of_the_failure(driver: Driver) -> None:
    failed = {"execute_status": "Fail", "error_code": "4200", "error_message": "no such node", "logid": "log2"}
    client = scripted(driver, ScriptedCoze({RECORD: as_json([failed])}))
    with pytest.raises(WorkflowFailed) as caught:
        driver.run(client.workflows.result(workflow_id="5", execute_id="6"))
    error = caught.value
    assert (error.code, error.server_text, error.execute_id, error.logid) == (4200, "no such node", "6", "log2")


def test_of_a_run_that_neither_route_knows_the_refusal_of_the_clouds_route_is_told(driver: Driver) -> None:
    coze = ScriptedCoze(
        {
            RECORD: httpx.Response(404, json={"code": 4200, "msg": "no workflow"}),
            STUDIO_RECORD: httpx.Response(404, text="404 page not found"),
        }
    )
    with pytest.raises(NotFound) as caught:
        driver.run(scripted(driver, coze).workflows.result(workflow_id="5", execute_id="6"))
    assert caught.value.code == 4200
    assert coze.paths == [RECORD, STUDIO_RECORD]


OUTPUTS = {"Output": '{"city": "Bern"}', "Search": "Looking", "node_status": "{}"}


@pytest.mark.parametrize(
    ("statuses", "told"), [(None, ["Search"]), ({"Output": {}, "Search": {}}, ["Output", "Search"])]
)
def test_a_record_tells_the_output_of_the_end_and_the_messages_of_output_nodes(
    statuses: dict[str, Any] | None, told: list[str]
) -> None:
    record = RunHistory.model_validate({"output": json.dumps(OUTPUTS), "node_execute_status": statuses})
    result = result_of_record(record)
    assert result.output == {"city": "Bern"}
    assert [message.node_title for message in result.messages] == told


def test_the_output_of_a_studios_record_is_the_output_itself() -> None:
    record = RunHistory(output='{"city": "Bern", "guests": 2}')
    assert result_of_record(record).output == {"city": "Bern", "guests": 2}
    assert result_of_record(record).messages == ()
