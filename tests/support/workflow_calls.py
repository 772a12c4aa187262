"""Workflow calls by plain httpx, and their event streams as lists."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.support.api_calls import ApiClient, Json

WorkflowEvents = list[tuple[str, Any]]


def stream(api: ApiClient, workflow_id: str, parameters: Json | None = None, **more: Any) -> httpx.Response:
    """Run a workflow as a stream."""
    body = {"workflow_id": workflow_id, "parameters": parameters or {}, **more}
    return api.post("/v1/workflow/stream_run", json=body)


def run(api: ApiClient, workflow_id: str, parameters: Json | None = None, **more: Any) -> Json:
    """Run a workflow without a stream."""
    body = {"workflow_id": workflow_id, "parameters": parameters or {}, **more}
    return dict(api.post("/v1/workflow/run", json=body).json())


def workflow_events(response: httpx.Response) -> WorkflowEvents:
    """Parse an event stream: each event's name and data; event ids must count from 0 without a gap."""
    assert response.headers["content-type"] == "text/event-stream", response.text
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in response.text.split("\n\n")[:-1]]
    assert [block["id"] for block in blocks] == [str(number) for number in range(len(blocks))]
    return [(block["event"], json.loads(block["data"] or "null")) for block in blocks]


def workflow_event_names(response: httpx.Response) -> list[str]:
    """Return the names of a stream's events."""
    return [name for name, _ in workflow_events(response)]


def interrupt(response: httpx.Response) -> Json:
    """Return the question with which a stream ended."""
    name, data = workflow_events(response)[-1]
    assert name == "Interrupt", response.text
    return dict(data["interrupt_data"])


def resume_body(interrupt: Json, workflow_id: str, text: str) -> Json:
    """Return the body that resumes a run with the answer `text`."""
    return {
        "workflow_id": workflow_id,
        "event_id": interrupt["event_id"],
        "interrupt_type": interrupt["type"],
        "resume_data": text,
    }


def resume(api: ApiClient, workflow_id: str, interrupt: Json, text: str) -> httpx.Response:
    """Resume a run as a stream."""
    return api.post("/v1/workflow/stream_resume", json=resume_body(interrupt, workflow_id, text))


def output(response: httpx.Response) -> Any:
    """Return the output of the end node; a JSON object is decoded."""
    events = workflow_events(response)
    assert events[-1][0] == "Done", response.text
    content = events[-2][1]["content"]
    return json.loads(content) if content.startswith("{") else content


def run_history(api: ApiClient, workflow_id: str, execute_id: str) -> Json:
    """Return the record of one run."""
    body = api.get(f"/v1/workflows/{workflow_id}/run_histories/{execute_id}").json()
    assert body["code"] == 0, body
    [item] = body["data"]
    return dict(item)
