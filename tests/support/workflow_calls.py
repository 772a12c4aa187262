"""Workflows by hand: the calls, and their streams as lists."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.support.api_calls import Json, Wire

Told = list[tuple[str, Any]]


def stream(wire: Wire, workflow_id: str, parameters: Json | None = None, **more: Any) -> httpx.Response:
    body = {"workflow_id": workflow_id, "parameters": parameters or {}, **more}
    return wire.post("/v1/workflow/stream_run", json=body)


def run(wire: Wire, workflow_id: str, parameters: Json | None = None, **more: Any) -> Json:
    body = {"workflow_id": workflow_id, "parameters": parameters or {}, **more}
    return dict(wire.post("/v1/workflow/run", json=body).json())


def told(response: httpx.Response) -> Told:
    """Names and data of a stream, whose numbers start at 0 and lack none."""
    assert response.headers["content-type"] == "text/event-stream", response.text
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in response.text.split("\n\n")[:-1]]
    assert [block["id"] for block in blocks] == [str(number) for number in range(len(blocks))]
    return [(block["event"], json.loads(block["data"] or "null")) for block in blocks]


def names(response: httpx.Response) -> list[str]:
    return [name for name, _ in told(response)]


def interrupt(response: httpx.Response) -> Json:
    """What a stream ends with, if it stops to ask."""
    name, data = told(response)[-1]
    assert name == "Interrupt", response.text
    return dict(data["interrupt_data"])


def answer_to(asked: Json, workflow_id: str, text: str) -> Json:
    """The body of a resume."""
    return {
        "workflow_id": workflow_id,
        "event_id": asked["event_id"],
        "interrupt_type": asked["type"],
        "resume_data": text,
    }


def resume(wire: Wire, workflow_id: str, asked: Json, text: str) -> httpx.Response:
    return wire.post("/v1/workflow/stream_resume", json=answer_to(asked, workflow_id, text))


def output(response: httpx.Response) -> Any:
    """The end node's, decoded as far as it is JSON."""
    found = told(response)
    assert found[-1][0] == "Done", response.text
    content = found[-2][1]["content"]
    return json.loads(content) if content.startswith("{") else content


def history(wire: Wire, workflow_id: str, execute_id: str) -> Json:
    found = wire.get(f"/v1/workflows/{workflow_id}/run_histories/{execute_id}").json()
    assert found["code"] == 0, found
    [item] = found["data"]
    return dict(item)
