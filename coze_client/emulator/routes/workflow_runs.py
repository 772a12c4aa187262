"""Routes of workflow runs: streamed, blocking or asynchronous runs, resumes, and the run history."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from functools import partial

from coze_client.emulator.engine.workflow_events import NodeOutput, QuestionAsked, RunEnded, RunEvent, RunFailed
from coze_client.emulator.engine.workflow_format import KEPT_NODES, workflow_format_of
from coze_client.emulator.engine.workflow_run import WorkflowRun
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import EventReply, JsonReply, RawReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.protocol.stream import Event, Framing, to_json
from coze_client.emulator.protocol.studio_workflow_refusals import (
    NOT_PUBLISHED,
    TWO_OWNERS,
    no_access,
    workflow_not_found,
)
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.scripting.parameters import read_values
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.execution_records import ASYNC, FIRST_EXECUTE_ID, STREAM, SYNC, StoredExecution
from coze_client.emulator.state.file_records import uploaded_file_name
from coze_client.emulator.workflows import QUESTION, Output, Workflow

SPACED = Framing(colon=": ")


async def stream_run(backend: Backend, request: IncomingRequest) -> Reply:
    return EventReply(_events(_start(backend, request, STREAM)), SPACED)


async def run_workflow(backend: Backend, request: IncomingRequest) -> Reply:
    if not request.body.flag("is_async", default=False):
        return await _wait(_start(backend, request, SYNC))
    if backend.settings.plan == "free":
        raise ApiError(6003)
    return workflow_format_of(backend).started(_start(backend, request, ASYNC).execution)


async def stream_resume(backend: Backend, request: IncomingRequest) -> Reply:
    return EventReply(_events(_resume(backend, request, (STREAM,))), SPACED)


async def resume(backend: Backend, request: IncomingRequest) -> Reply:
    """Resume a run; the reply waits if the run itself is blocking."""
    run = _resume(backend, request, (SYNC, ASYNC))
    if run.execution.mode == SYNC:
        return await _wait(run)
    return workflow_format_of(backend).started(run.execution)


def workflow_of(backend: Backend, workflow_id: str) -> Workflow:
    """Return the workflow; 4200 if there is none."""
    workflow = backend.workflows.get(workflow_id)
    if workflow is None:
        raise ApiError(4200, f"there is no workflow {workflow_id}", studio=workflow_not_found(workflow_id))
    return workflow


def published_workflow(backend: Backend, request: IncomingRequest) -> Workflow:
    """Return the workflow of the request; 4200 if it, or the requested version, is not published."""
    body = request.body
    workflow = workflow_of(backend, body.text("workflow_id"))
    if not workflow.published:
        raise ApiError(4200, f"workflow {workflow.id} is not published", studio=NOT_PUBLISHED)
    version = body.optional("workflow_version")
    if version and version not in workflow.versions and backend.dialect.workflow_versions:
        raise ApiError(4200, f"workflow {workflow.id} has no version {version}")
    if body.optional("bot_id") and body.optional("app_id"):
        raise ApiError(4000, "bot_id and app_id cannot be given together", studio=TWO_OWNERS)
    if extra := body.pairs("ext").keys() - {"latitude", "longitude", "user_id"}:
        raise ApiError(4000, f"ext has unknown fields: {', '.join(sorted(extra))}")
    return workflow


def read_parameters(body: Fields) -> dict[str, object]:
    """Read `parameters`, which is an object or the JSON text of one."""
    parameters = body.values.get("parameters")
    if not isinstance(parameters, str):
        return body.mapping("parameters")
    try:
        return Fields({"parameters": json.loads(parameters)}).mapping("parameters")
    except ValueError:
        raise ApiError(4000, "parameters must be an object, or the JSON text of one") from None


def arguments_of(backend: Backend, request: IncomingRequest, workflow: Workflow) -> dict[str, object]:
    """Validate the arguments of the function; 4000 lists all missing and invalid parameters."""
    file_name = partial(uploaded_file_name, backend.state, request.account)
    try:
        return read_values(workflow.signature.parameters, read_parameters(request.body), file_name)
    except ValueError as error:
        raise ApiError(4000, str(error)) from None


def new_execution(backend: Backend, request: IncomingRequest, workflow: Workflow, mode: int) -> StoredExecution:
    """Create and save the record of a run."""
    body, now = request.body, backend.now
    execution = StoredExecution(
        backend.state.new_id(StoredExecution, FIRST_EXECUTE_ID),
        request.account,
        workflow.id,
        mode,
        now,
        now,
        body.optional("bot_id") or "0",
        body.optional("connector_id") or "1024",
        body.pairs("ext").get("user_id", request.account),
        workflow.workspace_id,
        logid=backend.new_logid(),
        input=to_json(read_parameters(body)),
    )
    backend.state.save(execution)
    return execution


def _start(backend: Backend, request: IncomingRequest, mode: int) -> WorkflowRun:
    """Validate the request, then start a run."""
    workflow = published_workflow(backend, request)
    arguments = arguments_of(backend, request, workflow)
    if workflow.chatflow:
        raise ApiError(4000, "a chatflow is run by /v1/workflows/chat")
    run = WorkflowRun(backend, workflow, new_execution(backend, request, workflow, mode), arguments)
    run.start()
    return run


def _resume(backend: Backend, request: IncomingRequest, modes: tuple[int, ...]) -> WorkflowRun:
    """Resume the run that waits for this answer; 4315 if it has ended."""
    body = request.body
    event_id, answer = body.text("event_id"), body.text("resume_data")
    kind = body.number("interrupt_type", -1, 0, 2**31)
    execution = execution_of(backend, request, body.text("workflow_id"), event_id.partition("/")[0])
    if execution.status != "Running":
        raise ApiError(4315)
    if execution.mode not in modes:
        raise ApiError(4000, "resume a streamed run by stream_resume, and any other run by workflows/resume")
    run, interrupt = backend.runs.get(WorkflowRun, execution.id), execution.interrupt or {}
    if run is None:
        raise ApiError(5000, "the run started before the emulator was restarted")
    if interrupt.get("event_id") != event_id:
        raise ApiError(4000, "event_id is not the interrupt that the run waits for")
    if interrupt["type"] != kind and backend.dialect.strict_messages:
        raise ApiError(4000, f"interrupt_type is {interrupt['type']}, as in the interrupt")
    run.resume(answer)
    return run


async def _wait(run: WorkflowRun) -> Reply:
    """Wait until the run ends or asks; after `run_limit` the connection drops, but the run continues."""
    backend = run.backend
    try:
        await asyncio.wait_for(run.wait(), backend.settings.run_limit)
    except asyncio.TimeoutError:
        return RawReply(dropped=True)
    return workflow_format_of(backend).reply(run.execution)


def _events(run: WorkflowRun) -> AsyncIterator[Event]:
    """Iterate over the events up to the next question, numbered from 0, also after a resume."""
    backend = run.backend
    return _convert_all(run, run.events(backend.settings.ping_after if backend.dialect.pings else None))


async def _convert_all(run: WorkflowRun, events: AsyncIterator[RunEvent]) -> AsyncIterator[Event]:
    number = 0
    async for event in events:
        for name, data in _convert(run, event):
            yield Event(name, data, number)
            number += 1
            await asyncio.sleep(run.backend.settings.pace)


def _convert(run: WorkflowRun, event: RunEvent) -> list[tuple[str, object]]:
    format_, execution = workflow_format_of(run.backend), run.execution
    match event:
        case NodeOutput(node, node_id, uuid):
            return [("Message", message) for message in format_.message(node, node_id, uuid)]
        case QuestionAsked(ask, event_id):
            question = Output(ask.title, ask.question, (ask.question,))
            messages = format_.message(question, "120001", event_id) if ask.type == QUESTION else []
            interrupt = format_.interrupted(ask, event_id, execution)
            return [*(("Message", message) for message in messages), ("Interrupt", interrupt)]
        case RunEnded(text):
            return [("Message", format_.end(text, execution)), ("Done", {"debug_url": execution.debug_url})]
        case RunFailed(code, msg):
            return [("Error", format_.failed(code, msg, execution))]
        case _:
            return [("PING", "")]


def execution_of(backend: Backend, request: IncomingRequest, workflow_id: str, execute_id: str) -> StoredExecution:
    """Return the record of a run; 4314 if there is none for this workflow, or it belongs to another account."""
    execution = backend.state.get(StoredExecution, execute_id)
    if execution is None or execution.account != request.account:
        workspace_id = "0" if execution is None else execution.workspace_id
        raise ApiError(4314, studio=no_access(request.account, workspace_id))
    if execution.workflow_id != workflow_id and backend.dialect.checks_run_workflow:
        raise ApiError(4314)
    return execution


async def run_history(backend: Backend, request: IncomingRequest) -> Reply:
    ids = request.values
    execution = execution_of(backend, request, ids["workflow_id"], ids["execute_id"])
    return workflow_format_of(backend).history(execution, backend.now)


async def studio_run_history(backend: Backend, request: IncomingRequest) -> Reply:
    ids = request.query
    execution = execution_of(backend, request, ids.text("workflow_id"), ids.text("execute_id"))
    return workflow_format_of(backend).history(execution, backend.now)


async def node_history(backend: Backend, request: IncomingRequest) -> Reply:
    ids = request.values
    execution = execution_of(backend, request, ids["workflow_id"], ids["execute_id"])
    found: Mapping[str, object] | None = next(
        (node for node in execution.nodes if node["uuid"] == ids["node_execute_uuid"]), None
    )
    if found is None or backend.now >= execution.updated_at + KEPT_NODES:
        raise ApiError(4314, "the output is no longer available")
    return JsonReply({"is_finish": True, "node_output": found["text"]})


RUN = "/v1/workflows/{workflow_id}/run_histories/{execute_id}"
ENDPOINTS = (
    Endpoint("POST", "/v1/workflow/run", ("run",), run_workflow),
    Endpoint("POST", "/v1/workflow/stream_run", ("run",), stream_run),
    Endpoint("POST", "/v1/workflow/stream_resume", ("run",), stream_resume),
    Endpoint("POST", "/v1/workflows/resume", ("run",), resume),
    Endpoint("GET", RUN, ("listRunHistory",), run_history),
    Endpoint("GET", f"{RUN}/execute_nodes/{{node_execute_uuid}}", ("listRunHistory",), node_history),
    Endpoint("GET", "/v1/workflow/get_run_history", ("listRunHistory",), studio_run_history),
)
