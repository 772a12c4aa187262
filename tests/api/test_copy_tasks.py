"""Copies of bots, apps and workflows: started once, and followed to their end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from coze_client import ProtocolError, TimedOut
from tests.support.clients import Driver


def client_of(driver: Driver, *answers: Mapping[str, object]) -> tuple[Any, list[httpx.Request]]:
    """A client whose requests get these answers in turn, the last one for ever; and the requests."""
    left = list(answers)
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"code": 0, "data": left.pop(0) if len(left) > 1 else left[0]})

    return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond)), requests


BUSY = {"task_id": "7", "task_status": "in_progress"}


@pytest.mark.parametrize("end", ["successful", "failed", "cancelled_by_somebody"])
def test_a_copy_is_polled_until_it_ends_in_any_way(driver: Driver, sleeps: list[float], end: str) -> None:
    failures = [{"entity_id": "3", "entity_name": "n", "entity_type": "knowledge", "failed_reason": "gone"}]
    ended = {**BUSY, "task_status": end, "failed_reasons": failures}
    client, requests = client_of(driver, BUSY, BUSY, ended)
    task = driver.run(client.copy_tasks.wait(task_id="7"))
    assert (task.task_status, task.failed_reasons[0].failed_reason) == (end, "gone")
    assert task.failed == (end == "failed")
    assert [request.url.path for request in requests] == ["/v1/entities/copy_tasks/7"] * 3
    assert sleeps == [1.0, 1.5]


def test_waiting_ends_with_an_error_that_says_that_the_copy_goes_on(driver: Driver, sleeps: list[float]) -> None:
    client, _ = client_of(driver, BUSY)
    with pytest.raises(TimedOut, match=r"0\.5 s.*The copy goes on"):
        driver.run(client.copy_tasks.wait(task_id="7", timeout=0.5))
    assert sleeps == []


def test_a_copy_is_ready_at_once_or_has_a_task(driver: Driver) -> None:
    client, _ = client_of(driver, {"copied_entity_id": "9"}, {"task_id": 8}, {})
    start = client.copy_tasks.create
    assert driver.run(start(entity_type="bot", entity_id="1")).copied_entity_id == "9"
    assert driver.run(start(entity_type="app", entity_id="1", to_workspace_id="2")).task_id == "8"
    with pytest.raises(ProtocolError, match=r"sent no task_id.*a second call makes a second copy"):
        driver.run(start(entity_type="app", entity_id="1"))
