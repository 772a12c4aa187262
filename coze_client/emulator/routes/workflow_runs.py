"""Runs of workflows: streamed, waited for or asynchronous, resumed, and looked up afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

from coze_client.emulator.engine.workflow_engine import Asked, Ended, Failed, Happening, NodeMessage, WorkflowRunner
from coze_client.emulator.engine.workflow_wire import KEPT_NODES, spelling_of
from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import EventReply, JsonReply, RawReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.protocol.stream import Event, Framing
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.scripting.parameters import read_values
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.executions import ASYNC, FIRST_EXECUTE_ID, STREAM, SYNC, Execution
from coze_client.emulator.state.records import StoredFile
from coze_client.emulator.workflows import QUESTION, Output, Workflow

SPACED = Framing(colon=": ")


async def stream_run(backend: Backend, request: IncomingRequest) -> Reply:
    performance = _prepared(backend, request, STREAM)
    performance.start()
    return EventReply(_events(performance), SPACED)


async def run(backend: Backend, request: IncomingRequest) -> Reply:
    if not request.body.flag("is_async", default=False):
        return await _waited_for(_started(_prepared(backend, request, SYNC)))
    if backend.settings.plan == "free":
        raise Refusal(6003)
    return spelling_of(backend).begun(_started(_prepared(backend, request, ASYNC)).execution)


async def stream_resume(backend: Backend, request: IncomingRequest) -> Reply:
    performance = _resumed(backend, request, (STREAM,))
    return EventReply(_events(performance), SPACED)


async def resume(backend: Backend, request: IncomingRequest) -> Reply:
    """Waits as the run did that it goes on with."""
    performance = _resumed(backend, request, (SYNC, ASYNC))
    if performance.execution.mode == SYNC:
        return await _waited_for(performance)
    return spelling_of(backend).begun(performance.execution)


def workflow_of(backend: Backend, workflow_id: str) -> Workflow:
    """4200 if there is none."""
    workflow = backend.workflows.get(workflow_id)
    if workflow is None:
        raise Refusal(4200, f"there is no workflow {workflow_id}")
    return workflow


def published_workflow(backend: Backend, request: IncomingRequest) -> Workflow:
    """The workflow that may be run now; 4200 if it was never published, or not in the version asked for."""
    body = request.body
    workflow = workflow_of(backend, body.text("workflow_id"))
    if not workflow.published:
        raise Refusal(4200, f"workflow {workflow.id} is not published")
    version = body.optional("workflow_version")
    if version and version not in workflow.versions and backend.dialect.workflow_versions:
        raise Refusal(4200, f"workflow {workflow.id} has no version {version}")
    if body.optional("bot_id") and body.optional("app_id"):
        raise Refusal(4000, "bot_id and app_id cannot be given together")
    if extra := body.pairs("ext").keys() - {"latitude", "longitude", "user_id"}:
        raise Refusal(4000, f"ext does not know {', '.join(sorted(extra))}")
    return workflow


def read_parameters(body: Fields) -> dict[str, object]:
    """`parameters` as an object, or as the JSON text of one."""
    given = body.values.get("parameters")
    if not isinstance(given, str):
        return body.mapping("parameters")
    try:
        return Fields({"parameters": json.loads(given)}).mapping("parameters")
    except ValueError:
        raise Refusal(4000, "parameters must be an object, or the JSON text of one") from None


def arguments_of(backend: Backend, request: IncomingRequest, workflow: Workflow) -> dict[str, object]:
    """What the function is called with; 4000 names each parameter that is missing or wrong."""

    def file_name(file_id: str) -> str | None:
        file = backend.state.get(StoredFile, file_id)
        return file.file_name if file is not None and file.account == request.account else None

    try:
        return read_values(workflow.signature.parameters, read_parameters(request.body), file_name)
    except ValueError as error:
        raise Refusal(4000, str(error)) from None


def new_execution(backend: Backend, request: IncomingRequest, workflow: Workflow, mode: int) -> Execution:
    body, now = request.body, backend.now
    execution = Execution(
        backend.state.new_id(Execution, FIRST_EXECUTE_ID),
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
    )
    backend.state.save(execution)
    return execution


def _prepared(backend: Backend, request: IncomingRequest, mode: int) -> WorkflowRunner:
    """A run about to begin; nothing has happened where this raises."""
    workflow = published_workflow(backend, request)
    arguments = arguments_of(backend, request, workflow)
    if workflow.chatflow:
        raise Refusal(4000, "a chatflow is run by /v1/workflows/chat")
    return WorkflowRunner(backend, workflow, new_execution(backend, request, workflow, mode), arguments)


def _started(performance: WorkflowRunner) -> WorkflowRunner:
    performance.start()
    return performance


def _resumed(backend: Backend, request: IncomingRequest, modes: tuple[int, ...]) -> WorkflowRunner:
    """The run that waits for this answer, going on; 4315 if it has ended."""
    body = request.body
    event_id, answer = body.text("event_id"), body.text("resume_data")
    kind = body.number("interrupt_type", -1, 0, 2**31)
    execution = execution_of(backend, request, body.text("workflow_id"), event_id.partition("/")[0])
    if execution.status != "Running":
        raise Refusal(4315)
    if execution.mode not in modes:
        raise Refusal(4000, "stream_run goes on by stream_resume, run by workflows/resume")
    performance, waits_for = backend.runs.get(WorkflowRunner, execution.id), execution.interrupt or {}
    if performance is None:
        raise Refusal(5000, "the run was begun before the emulator was restarted")
    if waits_for.get("event_id") != event_id:
        raise Refusal(4000, "event_id is not what the run waits for now")
    if waits_for["type"] != kind and backend.dialect.strict_messages:
        raise Refusal(4000, f"interrupt_type is {waits_for['type']}, as the interrupt said")
    performance.resume(answer)
    return performance


async def _waited_for(performance: WorkflowRunner) -> Reply:
    """The reply once the run rests; the connection drops after `run_limit`, while the run goes on."""
    backend = performance.backend
    try:
        await asyncio.wait_for(performance.rest(), backend.settings.run_limit)
    except asyncio.TimeoutError:
        return RawReply(dropped=True)
    return spelling_of(backend).reply(performance.execution)


async def _events(performance: WorkflowRunner) -> AsyncIterator[Event]:
    """Numbered from 0, also after a resume."""
    number = 0
    async for happening in performance.happenings(performance.backend.settings.ping_after):
        for name, data in _told(performance, happening):
            yield Event(name, data, number)
            number += 1
            await asyncio.sleep(performance.backend.settings.pace)


def _told(performance: WorkflowRunner, happening: Happening) -> list[tuple[str, object]]:
    spelling, execution = spelling_of(performance.backend), performance.execution
    match happening:
        case NodeMessage(node, node_id, uuid):
            return [("Message", message) for message in spelling.message(node, node_id, uuid)]
        case Asked(ask, event_id):
            question = Output(ask.title, ask.question, (ask.question,))
            said = spelling.message(question, "120001", event_id) if ask.type == QUESTION else []
            told = spelling.interrupted(ask, event_id, execution)
            return [*(("Message", message) for message in said), ("Interrupt", told)]
        case Ended(text):
            return [("Message", spelling.end(text, execution)), ("Done", {"debug_url": execution.debug_url})]
        case Failed(code, msg):
            return [("Error", spelling.failed(code, msg, execution))]
        case _:
            return [("PING", "")]


def execution_of(backend: Backend, request: IncomingRequest, workflow_id: str, execute_id: str) -> Execution:
    """4314 if there is no such run of this workflow, or it is another account's."""
    execution = backend.state.get(Execution, execute_id)
    if execution is None or (execution.workflow_id, execution.account) != (workflow_id, request.account):
        raise Refusal(4314)
    return execution


async def run_history(backend: Backend, request: IncomingRequest) -> Reply:
    ids = request.values
    execution = execution_of(backend, request, ids["workflow_id"], ids["execute_id"])
    return spelling_of(backend).history(execution, backend.now)


async def studio_run_history(backend: Backend, request: IncomingRequest) -> Reply:
    ids = request.query
    execution = execution_of(backend, request, ids.text("workflow_id"), ids.text("execute_id"))
    return spelling_of(backend).history(execution, backend.now)


async def node_history(backend: Backend, request: IncomingRequest) -> Reply:
    ids = request.values
    execution = execution_of(backend, request, ids["workflow_id"], ids["execute_id"])
    said: Mapping[str, object] | None = next(
        (node for node in execution.nodes if node["uuid"] == ids["node_execute_uuid"]), None
    )
    if said is None or backend.now >= execution.updated_at + KEPT_NODES:
        raise Refusal(4314, "the output is not kept")
    return JsonReply({"is_finish": True, "node_output": said["text"]})


RUN = "/v1/workflows/{workflow_id}/run_histories/{execute_id}"
ENDPOINTS = (
    Endpoint("POST", "/v1/workflow/run", ("run",), run),
    Endpoint("POST", "/v1/workflow/stream_run", ("run",), stream_run),
    Endpoint("POST", "/v1/workflow/stream_resume", ("run",), stream_resume),
    Endpoint("POST", "/v1/workflows/resume", ("run",), resume),
    Endpoint("GET", RUN, ("listRunHistory",), run_history),
    Endpoint("GET", f"{RUN}/execute_nodes/{{node_execute_uuid}}", ("listRunHistory",), node_history),
    Endpoint("GET", "/v1/workflow/get_run_history", ("listRunHistory",), studio_run_history),
)
