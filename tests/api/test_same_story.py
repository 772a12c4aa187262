"""A workflow run tells the same whichever way it is read: streamed, waited for, polled, or from its record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from coze_client import CozeError, WorkflowFailed
from coze_client.core.error_codes import cure_for
from coze_client.emulator.workflows import Steps
from tests.support.clients import ConnectedClient, Driver

MODES = ("stream", "sync", "async")


def history_of(driver: Driver, record: Mapping[str, object]) -> Any:
    body = {"code": 0, "msg": "", "data": [{"execute_id": "6", "execute_status": "Success", **record}]}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body, headers={"x-tt-logid": "log1"}))
    client = driver.client("t", base_url="http://coze", transport=transport)
    return driver.run(client.workflows.result(workflow_id="5", execute_id="6"))


def test_a_failure_has_the_same_code_and_cure_in_every_mode(coze: ConnectedClient, sleeps: list[float]) -> None:
    @coze.emulator.workflow(title="Broken")
    def broken() -> None:
        raise ValueError("no such table")

    found = {}
    for mode in MODES:
        with pytest.raises(CozeError, match="no such table") as caught:
            coze.run(coze.client.workflows.execute(workflow_id=coze.emulator.workflow_id("Broken"), mode=mode))
        found[mode] = (type(caught.value.code), caught.value.code, caught.value.cure)
    assert len(set(found.values())) == 1
    assert found["stream"][0] is int


@pytest.mark.parametrize("code", [4000, 5000, 4200, 720702004])
def test_the_code_of_a_record_is_a_number_with_its_cure(driver: Driver, code: int) -> None:
    failed: dict[str, object] = {"execute_status": "Fail", "error_code": str(code), "error_message": "no"}
    with pytest.raises(WorkflowFailed) as caught:
        history_of(driver, failed)
    assert (caught.value.code, caught.value.cure) == (code, cure_for(code))


def test_the_messages_are_the_same_in_every_mode(coze: ConnectedClient, sleeps: list[float]) -> None:
    @coze.emulator.workflow(title="Wordy")
    def wordy() -> Steps[dict[str, str]]:
        yield "one"
        yield "two"
        return {"city": "Bern"}

    results = [
        coze.run(coze.client.workflows.execute(workflow_id=coze.emulator.workflow_id("Wordy"), mode=mode))
        for mode in ("stream", "async")
    ]
    assert [result.output for result in results] == [{"city": "Bern"}] * 2
    assert [[message.content for message in result.messages] for result in results] == [["one", "two"]] * 2


NODES = {"Say": {"node_id": "1", "is_finish": True}}


@pytest.mark.parametrize("nodes", [None, {}, NODES])
def test_the_bookkeeping_of_a_record_is_no_message(driver: Driver, nodes: object) -> None:
    output = {"Output": '{"city": "Bern"}', "Say": "one", "node_status": "{}"}
    result = history_of(driver, {"output": json.dumps(output), "node_execute_status": nodes})
    assert result.output == {"city": "Bern"}
    assert [message.content for message in result.messages] == ["one"]


def test_an_output_node_that_is_named_like_bookkeeping_is_a_message(driver: Driver) -> None:
    output = {"Output": "x", "node_status": "said"}
    record = {"output": json.dumps(output), "node_execute_status": {"node_status": {"node_id": "1"}}}
    assert [message.content for message in history_of(driver, record).messages] == ["said"]


def test_a_message_that_is_json_is_given_as_json_text(driver: Driver) -> None:
    output = {"Output": "x", "Say": {"city": "Bern"}}
    result = history_of(driver, {"output": json.dumps(output)})
    assert json.loads(result.messages[0].content) == {"city": "Bern"}


@pytest.mark.parametrize("trimmed", [True, False])
def test_what_the_server_trimmed_says_so(driver: Driver, trimmed: bool) -> None:
    record = {"output": json.dumps({"Output": "x"}), "is_output_trimmed": trimmed, "node_execute_status": NODES}
    assert history_of(driver, record).is_trimmed is trimmed


def test_a_long_run_of_the_emulator_is_trimmed_and_says_so(coze: ConnectedClient, sleeps: list[float]) -> None:
    @coze.emulator.workflow(title="Long")
    def long() -> Steps[str]:
        yield "x" * 1_100_000
        return "end"

    ask = {"workflow_id": coze.emulator.workflow_id("Long")}
    assert not coze.run(coze.client.workflows.execute(**ask)).is_trimmed
    polled = coze.run(coze.client.workflows.execute(**ask, mode="async"))
    assert (polled.is_trimmed, polled.text, polled.messages) == (True, "end", ())
