"""Workflows: graphs built in Coze's canvas, run with parameters.

API pages: workflow_run, workflow_stream_run, workflow_stream_resume, workflow_resume, workflow_chat, workflow_history,
get_workflow_list, get_workflow_info, list_workflow_version, collaborators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from pydantic import AliasChoices, Field

from coze_client.api.chats import ChatCall, Usage, chat_events
from coze_client.api.messages import MessageLike, convert_to_wire
from coze_client.api.workflow_events import Interrupt, Parameter, WorkflowEvent, WorkflowMessage, read_question
from coze_client.errors import ConfigurationError, NotFound, TimedOut, WorkflowFailed, WorkflowInterrupted
from coze_client.model import Model, convert
from coze_client.request import Kind, Page, Pages, Request, by_number, fields, query, segment
from coze_client.resource import Face, Resource, call, events, flow, paged
from coze_client.response import Answer, Payload, read_envelope, read_nothing
from coze_client.stream import Events

if TYPE_CHECKING:
    from coze_client.api.chat_stream import AsyncChatStream, ChatStream
    from coze_client.api.workflow_stream import AsyncWorkflowStream, WorkflowResult, WorkflowStream
    from coze_client.file_arguments import FileSources
    from coze_client.session import Session
    from coze_client.workflow_signature import WorkflowSignature

_LARGEST_PAGE = 30
_MOST_CHATFLOW_MESSAGES = 50
_NO_RECORD = 4314
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 5.0  # seconds between two questions about an asynchronous run
_RUNNING = frozenset({"Running", "<UNSET>", ""})

PublishStatus = Literal["all", "published_online", "unpublished_draft"]
Mode = Literal["stream", "sync", "async"]


class Creator(Model):
    """Who made something."""

    id: str = ""
    name: str = ""


class Workflow(Model):
    """A workflow's basic facts; times are unix seconds, ``app_id`` "0" or "" if it belongs to none."""

    workflow_id: str = ""
    workflow_name: str = ""
    description: str = ""
    icon_url: str = ""
    app_id: str = ""
    created_at: int | None = None
    updated_at: int | None = None
    creator: Creator | None = None


class Inputs(Model):
    """The start node's inputs by name."""

    parameters: dict[str, Parameter] | None = None


class Outputs(Model):
    """The end node's outputs by name; ``content`` is its template where ``terminate_plan`` is use_answer_content."""

    parameters: dict[str, Parameter] | None = None
    terminate_plan: str = ""
    content: str = ""


class WorkflowInfo(Model):
    """A workflow with its inputs and outputs; both ``None`` where the server tells no schema (coze-studio)."""

    workflow_detail: Workflow = Field(default_factory=Workflow)
    input: Inputs | None = None
    output: Outputs | None = None


class WorkflowVersion(Model):
    """A published version, like v0.0.1; times are unix seconds."""

    workflow_id: str = ""
    version: str = ""
    description: str = ""
    created_at: int | None = None
    updated_at: int | None = None
    creator: Creator | None = None
    input: Inputs | None = None
    output: Outputs | None = None


class WorkflowRun(Model):
    """What a run answered: ``data`` is text, mostly JSON; empty if it runs on (asynchronous) or was interrupted."""

    data: str = ""
    execute_id: str = ""
    debug_url: str = ""
    usage: Usage | None = None
    interrupt_data: Interrupt | None = None
    token: int | None = None
    cost: str = ""


class NodeStatus(Model):
    """How an output node came out in a run."""

    node_id: str = ""
    is_finish: bool = False
    loop_index: int | None = None
    batch_index: int | None = None
    update_time: int | None = None
    sub_execute_id: str = ""
    node_execute_uuid: str = ""


class RunHistory(Model):
    """A run's record. ``execute_status``: Success, Running, Fail, Cancel (coze-studio), or another.

    ``output`` is JSON text; its key Output holds the end node's, on coze-studio it is the end node's itself.
    """

    execute_id: str = ""
    execute_status: str = ""
    bot_id: str = ""
    connector_id: str = ""
    connector_uid: str = ""
    run_mode: int | None = None
    logid: str = Field(default="", validation_alias=AliasChoices("logid", "log_id"))
    create_time: int | None = None
    update_time: int | None = None
    output: str = ""
    is_output_trimmed: bool = False
    node_execute_status: dict[str, NodeStatus] | None = None
    error_code: str = ""
    error_message: str = Field(default="", validation_alias=AliasChoices("error_message", "error_msg"))
    debug_url: str = ""
    usage: Usage | None = None
    interrupt_data: Interrupt | None = None

    @property
    def runs(self) -> bool:
        """True while the run goes on."""
        return self.execute_status in _RUNNING and self.interrupt_data is None


class NodeOutput(Model):
    """What one output node gave out, for outputs too large for the record."""

    is_finish: bool = False
    node_output: str = ""


class _WorkflowPage(Model):
    items: tuple[Workflow, ...] = ()
    has_more: bool = False


class _VersionPage(Model):
    items: tuple[WorkflowVersion, ...] = ()
    has_more: bool = False
    next_page_token: str = ""


class Workflows(Resource[Face]):
    """Workflows: what there are, what they take, running them, and what came of earlier runs."""

    @paged
    def list(
        self,
        *,
        workspace_id: str | None = None,
        app_id: str | None = None,
        workflow_mode: Literal["workflow", "chatflow"] | None = None,
        publish_status: PublishStatus | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[Workflow]:
        """Workflows of a workspace or app, published ones unless `publish_status` says otherwise; pages of 1 to 30."""
        _check_page_size(page_size)

        def page(at: str | None) -> Request[Page[Workflow]]:
            where = query(
                workspace_id=workspace_id,
                app_id=app_id,
                workflow_mode=workflow_mode,
                publish_status=publish_status,
                page_num=at or "1",
                page_size=page_size,
            )
            return Request("GET", "/v1/workflows", _read_workflows, where)

        return Pages(page, by_number)

    @call
    def retrieve(self, *, workflow_id: str) -> Request[WorkflowInfo]:
        """A workflow with the parameters it takes and gives; coze-studio tells none."""
        where = query(include_input_output=True)
        return Request("GET", _path(workflow_id), Payload(WorkflowInfo), where)

    @flow
    async def load(
        self,
        *,
        workflow_ids: Sequence[str] = (),
        workspace_id: str | None = None,
        cache: MutableMapping[str, WorkflowInfo] | None = None,
    ) -> tuple[WorkflowInfo, ...]:
        """Many workflows with their parameters, asked for concurrently: those named, and all published of a workspace.

        Chatflows of the workspace are left out. What is in `cache`, by workflow id, is not asked for; what was asked
        for is put there.
        """
        from coze_client.workflow_tools import load_workflows

        return await load_workflows(self._session, workflow_ids, workspace_id, cache)

    @flow
    async def prepare(
        self, *, signature: WorkflowSignature, arguments: Mapping[str, object], files: FileSources | None = None
    ) -> dict[str, object]:
        """The ``parameters`` of a run: `arguments` checked, and files among them uploaded, each content once.

        Raises InvalidArguments, with nothing sent, for what the workflow does not take.
        """
        from coze_client.file_arguments import upload_files

        return await upload_files(self._session, signature.check(arguments, files))

    @paged
    def versions(
        self,
        *,
        workflow_id: str,
        publish_status: PublishStatus | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[WorkflowVersion]:
        """A workflow's versions with their parameters, newest first; pages of 1 to 30."""
        _check_page_size(page_size)
        path = f"{_path(workflow_id)}/versions"
        fixed = query(publish_status=publish_status, page_size=page_size, include_input_output=True)

        def page(at: str | None) -> Request[Page[WorkflowVersion]]:
            return Request("GET", path, _read_versions, {**fixed, **query(page_token=at)})

        return Pages(page, lambda _, page: page.cursor if page.has_more else None)

    @call
    def run(
        self,
        *,
        workflow_id: str,
        parameters: Mapping[str, object] | None = None,
        bot_id: str | None = None,
        app_id: str | None = None,
        ext: Mapping[str, str] | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
    ) -> Request[WorkflowRun]:
        """Run a published workflow and wait for its end; Coze drops the connection after 90 seconds.

        `bot_id` where the workflow uses a bot's database or variables, `app_id` where it is part of an app; not both.
        `ext` takes latitude, longitude and user_id. Workflows with output nodes can only be streamed. Raises NotFound
        (4200) for a workflow that is not published.
        """
        return _start("/v1/workflow/run", _run_body(locals()), _read_run)

    @call
    def run_async(
        self,
        *,
        workflow_id: str,
        parameters: Mapping[str, object] | None = None,
        bot_id: str | None = None,
        app_id: str | None = None,
        ext: Mapping[str, str] | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
    ) -> Request[WorkflowRun]:
        """Begin a run of up to 24 hours and return at once; ``execute_id`` finds it again (``result``), from anywhere.

        Arguments as in ``run``. Raises PermissionDenied (6003) on the free plan.
        """
        body = {**_run_body(locals()), "is_async": True}
        return _start("/v1/workflow/run", body, _read_run)

    @events
    def stream(
        self,
        *,
        workflow_id: str,
        parameters: Mapping[str, object] | None = None,
        bot_id: str | None = None,
        app_id: str | None = None,
        ext: Mapping[str, str] | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
    ) -> Events[WorkflowStream, AsyncWorkflowStream]:
        """Run a published workflow and read what its nodes say as they say it; arguments as in ``run``.

        An interrupt is an event, the stream's last. Raises WorkflowFailed if the workflow fails, and StreamInterrupted
        if the line breaks: a run is never begun twice.
        """
        return _streamed("/v1/workflow/stream_run", _run_body(locals()))

    @call
    def resume(self, *, workflow_id: str, event_id: str, interrupt_type: int, resume_data: str) -> Request[WorkflowRun]:
        """Answer an interrupt of a run that was begun by ``run`` or ``run_async``."""
        return _start("/v1/workflows/resume", _resume_body(locals()), _read_run)

    @events
    def stream_resume(
        self, *, workflow_id: str, event_id: str, interrupt_type: int, resume_data: str
    ) -> Events[WorkflowStream, AsyncWorkflowStream]:
        """Answer an interrupt of a run that was begun by ``stream``, and read on; at most three times a run."""
        return _streamed("/v1/workflow/stream_resume", _resume_body(locals()))

    @events
    def chat(
        self,
        *,
        workflow_id: str,
        additional_messages: Sequence[MessageLike],
        parameters: Mapping[str, object] | None = None,
        bot_id: str | None = None,
        app_id: str | None = None,
        conversation_id: str | None = None,
        ext: Mapping[str, str] | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
    ) -> Events[ChatStream, AsyncChatStream]:
        """Run a chatflow as a dialogue: the last message is the user's, at most 50, text only.

        Exactly one of `bot_id` and `app_id`. A chatflow that asks something is answered by the next ``chat`` in the
        same conversation. A broken stream cannot be recovered: StreamInterrupted.
        """
        body = _chat_body(locals())
        request = Request("POST", "/v1/workflows/chat", _unread, body=body, kind=Kind.START, stream=True)
        why = "a chatflow's messages cannot be fetched afterwards"
        return chat_events(ChatCall(request, conversation_id, saved=True, cancel_on_close=False, incurable=why))

    @call
    def run_history(self, *, workflow_id: str, execute_id: str) -> Request[RunHistory]:
        """A run's record on coze.com and coze.cn; ``history`` also asks coze-studio's way."""
        path = f"{_path(workflow_id)}/run_histories/{segment(execute_id)}"
        return Request("GET", path, _read_history)

    @call
    def studio_run_history(self, *, workflow_id: str, execute_id: str) -> Request[RunHistory]:
        """A run's record on coze-studio."""
        where = query(workflow_id=workflow_id, execute_id=execute_id)
        return Request("GET", "/v1/workflow/get_run_history", _read_history, where)

    @call
    def node_history(self, *, workflow_id: str, execute_id: str, node_execute_uuid: str) -> Request[NodeOutput]:
        """What one output node gave out, kept for 24 hours; ids as in a record's ``node_execute_status``."""
        run = f"{_path(workflow_id)}/run_histories/{segment(execute_id)}"
        return Request("GET", f"{run}/execute_nodes/{segment(node_execute_uuid)}", Payload(NodeOutput))

    @call
    def add_collaborator(self, *, workflow_id: str, user_id: str) -> Request[None]:
        """Let a member of the workspace work on the workflow (enterprise plans)."""
        body = {"collaborators": [{"user_id": user_id}]}
        return Request("POST", f"{_path(workflow_id)}/collaborators", read_nothing, body=body, kind=Kind.START)

    @call
    def remove_collaborator(self, *, workflow_id: str, user_id: str) -> Request[None]:
        """Take the workflow from a collaborator again."""
        path = f"{_path(workflow_id)}/collaborators/{segment(user_id)}"
        return Request("DELETE", path, read_nothing, kind=Kind.START)

    @call
    def set_collaboration_mode(
        self, *, workflow_id: str, collaboration_mode: Literal["single", "collaboration"]
    ) -> Request[None]:
        """Let one person or several work on a workflow."""
        body = {"collaboration_mode": collaboration_mode}
        return Request("POST", f"{_path(workflow_id)}/collaboration_mode", read_nothing, body=body)

    @flow
    async def history(self, *, workflow_id: str, execute_id: str) -> RunHistory:
        """A run's record, by whichever of its two routes the server has."""
        return await _history(self._session, workflow_id, execute_id)

    @flow
    async def execute(
        self,
        *,
        workflow_id: str,
        parameters: Mapping[str, object] | None = None,
        mode: Mode = "stream",
        bot_id: str | None = None,
        app_id: str | None = None,
        ext: Mapping[str, str] | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
        deadline: float = 86400.0,
        on_event: Callable[[WorkflowEvent], object] | None = None,
    ) -> WorkflowResult:
        """Run a workflow to its end, whatever it takes.

        It streams, since Coze drops plain runs after 90 seconds; "sync" and "async" only where you choose them. With
        "stream", `on_event` is told of every event. Arguments as in ``run``; `deadline` (seconds) bounds the polling of
        an asynchronous run. Raises WorkflowInterrupted if it stops to ask somebody, WorkflowFailed, StreamInterrupted
        if the line breaks (the run may go on and is not begun again), and TimedOut with the execute_id.
        """
        body = _run_body(locals())
        if mode == "stream":
            return await _collect(self, "/v1/workflow/stream_run", body, on_event)
        if mode not in ("sync", "async"):
            raise ConfigurationError(f'mode is "stream", "sync" or "async", not {mode!r}')
        body = {**body, "is_async": True} if mode == "async" else body
        run = await self._session.send(_start("/v1/workflow/run", body, _read_run))
        return await _outcome(self, workflow_id, run, deadline if mode == "async" else None)

    @flow
    async def answer(
        self,
        *,
        workflow_id: str,
        interrupt: Interrupt,
        answer: str,
        streamed: bool = True,
        deadline: float = 86400.0,
        on_event: Callable[[WorkflowEvent], object] | None = None,
    ) -> WorkflowResult:
        """Answer a run's question and follow the same run to its end, or to its next question.

        `streamed` tells by which family of calls it was begun. The server's answer decides how often this works (a
        streamed run three times); 4315 means that the run has ended already.
        """
        body = _resume_body(
            {
                "workflow_id": workflow_id,
                "event_id": interrupt.event_id,
                "interrupt_type": interrupt.type,
                "resume_data": answer,
            }
        )
        if streamed:
            return await _collect(self, "/v1/workflow/stream_resume", body, on_event)
        run = await self._session.send(_start("/v1/workflows/resume", body, _read_run))
        return await _outcome(self, workflow_id, run, deadline)

    @flow
    async def result(self, *, workflow_id: str, execute_id: str, deadline: float = 86400.0) -> WorkflowResult:
        """What came of an asynchronous run, waited for up to `deadline` seconds; works from any process.

        Raises as ``execute``.
        """
        return await _poll(self, workflow_id, execute_id, deadline)


async def _history(session: Session, workflow_id: str, execute_id: str) -> RunHistory:
    try:
        return await session.send(Workflows.run_history(workflow_id=workflow_id, execute_id=execute_id))
    except NotFound as missing:
        if missing.code == _NO_RECORD:
            raise
        try:
            return await session.send(Workflows.studio_run_history(workflow_id=workflow_id, execute_id=execute_id))
        except NotFound:
            raise missing from None


async def _collect(
    workflows: Workflows[Any], path: str, body: Mapping[str, object], on_event: Callable[[WorkflowEvent], object] | None
) -> WorkflowResult:
    """One streamed run, or its going on, to its end."""
    from coze_client.api.workflow_stream import WorkflowResult, WorkflowRunning

    running = WorkflowRunning(workflows._session, _start(path, body, _unread, stream=True))
    await running.collect(on_event or _ignore)
    reading = running.reading
    if reading.interrupt is not None:
        said = reading.messages[-1].content if reading.messages else ""
        raise _interrupted(
            workflows,
            str(body["workflow_id"]),
            reading.interrupt,
            said=said,
            node_title=reading.node_title,
            debug_url=reading.debug_url,
            messages=tuple(reading.messages),
            logid=running.logid,
        )
    return WorkflowResult.of_messages(reading)


async def _outcome(
    workflows: Workflows[Any], workflow_id: str, run: WorkflowRun, deadline: float | None
) -> WorkflowResult:
    """What a plain run came to; one that was begun asynchronously is polled, if there is a `deadline`."""
    from coze_client.api.workflow_stream import WorkflowResult

    if run.interrupt_data is not None and run.interrupt_data.event_id:
        raise _interrupted(
            workflows,
            workflow_id,
            run.interrupt_data,
            debug_url=run.debug_url,
            execute_id=run.execute_id,
            streamed=False,
        )
    if not run.data and deadline is not None and run.execute_id:
        return await _poll(workflows, workflow_id, run.execute_id, deadline)
    return WorkflowResult.of_text(run.data, run.execute_id, run.debug_url, run.usage)


async def _poll(workflows: Workflows[Any], workflow_id: str, execute_id: str, deadline: float) -> WorkflowResult:
    from coze_client.api.workflow_stream import WorkflowResult

    session, ends, pause = workflows._session, monotonic() + deadline, _FIRST_PAUSE
    record = await _history(session, workflow_id, execute_id)
    while record.runs:
        if monotonic() + pause > ends:
            raise TimedOut(
                f"Run {execute_id} of workflow {workflow_id} did not end within {deadline:g} s",
                cure=f"Ask later: client.workflows.result(workflow_id=…, execute_id={execute_id!r})",
            )
        await session.face.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        record = await _history(session, workflow_id, execute_id)
    if record.interrupt_data is not None:
        raise _interrupted(
            workflows,
            workflow_id,
            record.interrupt_data,
            debug_url=record.debug_url,
            execute_id=execute_id,
            streamed=False,
        )
    if record.execute_status != "Success":
        raise WorkflowFailed(
            record.error_message or f"The run ended as {record.execute_status}",
            code=record.error_code or None,
            debug_url=record.debug_url,
            execute_id=execute_id,
            logid=record.logid or None,
        )
    return WorkflowResult.of_record(record)


def _interrupted(
    workflows: Workflows[Any],
    workflow_id: str,
    interrupt: Interrupt,
    *,
    said: str = "",
    node_title: str = "",
    debug_url: str = "",
    execute_id: str = "",
    messages: tuple[WorkflowMessage, ...] = (),
    streamed: bool = True,
    logid: str | None = None,
) -> WorkflowInterrupted:
    question, options = read_question(interrupt, said)
    error = WorkflowInterrupted(
        f"The workflow asks: {question}" if question else "The workflow waits for an answer",
        workflow_id=workflow_id,
        interrupt=interrupt,
        question=question,
        options=options,
        node_title=node_title,
        debug_url=debug_url,
        execute_id=execute_id,
        messages=messages,
        streamed=streamed,
        logid=logid,
    )
    error.resumer = lambda answer: workflows.answer(
        workflow_id=workflow_id, interrupt=interrupt, answer=answer, streamed=streamed
    )
    return error


_RUN_FIELDS = ("workflow_id", "parameters", "bot_id", "app_id", "ext", "workflow_version", "connector_id")
_CHAT_FIELDS = (*_RUN_FIELDS, "conversation_id")
_RESUME_FIELDS = ("workflow_id", "event_id", "interrupt_type", "resume_data")


def _run_body(given: Mapping[str, Any]) -> dict[str, object]:  # the arguments of a method, typed there
    if given["bot_id"] and given["app_id"]:
        raise ConfigurationError("Give bot_id or app_id, not both (4000)")
    return fields(**{name: given[name] for name in _RUN_FIELDS})


def _chat_body(given: Mapping[str, Any]) -> dict[str, object]:
    if bool(given["bot_id"]) == bool(given["app_id"]):
        raise ConfigurationError("A chatflow needs exactly one of bot_id and app_id")
    messages = [convert_to_wire(message) for message in given["additional_messages"]]
    if len(messages) > _MOST_CHATFLOW_MESSAGES:
        raise ConfigurationError(f"A chatflow takes at most {_MOST_CHATFLOW_MESSAGES} messages, not {len(messages)}")
    body = fields(**{name: given[name] for name in _CHAT_FIELDS})
    return {"parameters": {}, **body, "additional_messages": messages}


def _resume_body(given: Mapping[str, Any]) -> dict[str, object]:
    return {name: given[name] for name in _RESUME_FIELDS}


def _start(path: str, body: Mapping[str, object], read: Any, *, stream: bool = False) -> Request[Any]:
    return Request("POST", path, read, body=body, kind=Kind.START, stream=stream)


def _streamed(path: str, body: Mapping[str, object]) -> Events[WorkflowStream, AsyncWorkflowStream]:
    from coze_client.api.workflow_stream import AsyncWorkflowStream, WorkflowRunning, WorkflowStream

    request = _start(path, body, _unread, stream=True)
    return Events(
        request,
        lambda session: WorkflowStream(WorkflowRunning(session, request)),
        lambda session: AsyncWorkflowStream(WorkflowRunning(session, request)),
    )


def _read_run(answer: Answer) -> WorkflowRun:
    return convert(WorkflowRun, read_envelope(answer))


def _read_workflows(answer: Answer) -> Page[Workflow]:
    found = Payload(_WorkflowPage)(answer)
    return Page(found.items, found.has_more)


def _read_versions(answer: Answer) -> Page[WorkflowVersion]:
    found = Payload(_VersionPage)(answer)
    return Page(found.items, found.has_more, cursor=found.next_page_token or None)


def _read_history(answer: Answer) -> RunHistory:
    payload = Payload(RunHistory).within(read_envelope(answer))
    if isinstance(payload, list):
        payload = payload[0] if payload else {}
    return convert(RunHistory, payload)


def _check_page_size(page_size: int) -> None:
    if not 1 <= page_size <= _LARGEST_PAGE:
        raise ConfigurationError(f"page_size is 1 to {_LARGEST_PAGE}, not {page_size}")


def _path(workflow_id: str) -> str:
    return f"/v1/workflows/{segment(workflow_id)}"


def _unread(answer: object) -> None:
    """Streams are read by their own reading."""


def _ignore(event: object) -> None:
    """For who wants no events."""
