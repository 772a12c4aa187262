"""Workflows: graphs built in Coze's canvas, run with parameters.

API pages: workflow_run, workflow_stream_run, workflow_stream_resume, workflow_resume, workflow_chat, workflow_history,
get_workflow_list, get_workflow_info, list_workflow_version, collaborators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from coze_client.api.chats.stream import AsyncChatStream, ChatOpening, ChatStream
from coze_client.api.conversations.values import MessageLike
from coze_client.api.workflows.events import WorkflowEvent
from coze_client.api.workflows.file_arguments import FileSources, upload_files
from coze_client.api.workflows.following import (
    LONGEST_RUN,
    answer_interrupt,
    follow_run,
    follow_stream,
    load_history,
    wait_for_run,
)
from coze_client.api.workflows.history import NodeOutput, RunHistory, WorkflowRun
from coze_client.api.workflows.requests import (
    NewChatflow,
    NewRun,
    Resumption,
    history_request,
    studio_history_request,
    workflow_path,
)
from coze_client.api.workflows.stream import (
    AsyncWorkflowStream,
    PriorOutput,
    WorkflowResult,
    WorkflowStream,
    workflow_events,
)
from coze_client.api.workflows.values import (
    Interrupt,
    Workflow,
    WorkflowInfo,
    WorkflowMessage,
    WorkflowVersion,
    read_versions,
    read_workflows,
)
from coze_client.core.paging import Page, Pages, by_number
from coze_client.core.request import Kind, Request, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, events, flow, paged
from coze_client.core.response import Payload, read_nothing
from coze_client.core.stream import Events
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.workflows.signature import WorkflowSignature

_LARGEST_PAGE = 30

WorkflowPublishStatus = Literal["all", "published_online", "unpublished_draft"]
Mode = Literal["stream", "sync", "async"]


class Workflows(Resource[ConcurrencyT]):
    """Workflows: what there are, what they take, running them, and what came of earlier runs."""

    @paged
    def list(
        self,
        *,
        workspace_id: str | None = None,
        app_id: str | None = None,
        workflow_mode: Literal["workflow", "chatflow"] | None = None,
        publish_status: WorkflowPublishStatus | None = None,
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
            return Request("GET", "/v1/workflows", read_workflows, where)

        return Pages(page, by_number)

    @call
    def retrieve(self, *, workflow_id: str) -> Request[WorkflowInfo]:
        """A workflow with the parameters it takes and gives; coze-studio tells none."""
        where = query(include_input_output=True)
        return Request("GET", workflow_path(workflow_id), Payload(WorkflowInfo), where)

    @flow
    async def prepare(
        self, *, signature: WorkflowSignature, arguments: Mapping[str, object], files: FileSources | None = None
    ) -> dict[str, object]:
        """The ``parameters`` of a run: `arguments` checked, and files among them uploaded, each content once.

        Raises InvalidArguments, with nothing sent, for what the workflow does not take.
        """
        return await upload_files(self._session, signature.check(arguments, files))

    @paged
    def versions(
        self,
        *,
        workflow_id: str,
        publish_status: WorkflowPublishStatus | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[WorkflowVersion]:
        """A workflow's versions with their parameters, newest first; pages of 1 to 30."""
        _check_page_size(page_size)
        path = f"{workflow_path(workflow_id)}/versions"
        fixed = query(publish_status=publish_status, page_size=page_size, include_input_output=True)

        def page(at: str | None) -> Request[Page[WorkflowVersion]]:
            return Request("GET", path, read_versions, {**fixed, **query(page_token=at)})

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
        run = NewRun(
            workflow_id=workflow_id,
            parameters=parameters,
            bot_id=bot_id,
            app_id=app_id,
            ext=ext,
            workflow_version=workflow_version,
            connector_id=connector_id,
        )
        return run.request()

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
        run = NewRun(
            workflow_id=workflow_id,
            parameters=parameters,
            bot_id=bot_id,
            app_id=app_id,
            ext=ext,
            workflow_version=workflow_version,
            connector_id=connector_id,
        )
        return run.request(is_async=True)

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
        run = NewRun(
            workflow_id=workflow_id,
            parameters=parameters,
            bot_id=bot_id,
            app_id=app_id,
            ext=ext,
            workflow_version=workflow_version,
            connector_id=connector_id,
        )
        return workflow_events(run.stream_request())

    @call
    def resume(self, *, workflow_id: str, event_id: str, interrupt_type: int, resume_data: str) -> Request[WorkflowRun]:
        """Answer an interrupt of a run that was begun by ``run`` or ``run_async``."""
        resumption = Resumption(
            workflow_id=workflow_id, event_id=event_id, interrupt_type=interrupt_type, resume_data=resume_data
        )
        return resumption.request()

    @events
    def stream_resume(
        self, *, workflow_id: str, event_id: str, interrupt_type: int, resume_data: str
    ) -> Events[WorkflowStream, AsyncWorkflowStream]:
        """Answer an interrupt of a run that was begun by ``stream``, and read on; at most three times a run."""
        resumption = Resumption(
            workflow_id=workflow_id, event_id=event_id, interrupt_type=interrupt_type, resume_data=resume_data
        )
        return workflow_events(resumption.stream_request())

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
        chatflow = NewChatflow(
            workflow_id=workflow_id,
            additional_messages=additional_messages,
            parameters=parameters,
            bot_id=bot_id,
            app_id=app_id,
            conversation_id=conversation_id,
            ext=ext,
            workflow_version=workflow_version,
            connector_id=connector_id,
        )
        request = chatflow.stream_request()
        why = "a chatflow's messages cannot be fetched afterwards"
        return ChatOpening(request, conversation_id, saved=True, cancel_on_close=False, no_recovery_reason=why).events()

    @call
    def run_history(self, *, workflow_id: str, execute_id: str) -> Request[RunHistory]:
        """A run's record on coze.com and coze.cn; ``history`` also asks coze-studio's way."""
        return history_request(workflow_id, execute_id)

    @call
    def studio_run_history(self, *, workflow_id: str, execute_id: str) -> Request[RunHistory]:
        """A run's record on coze-studio."""
        return studio_history_request(workflow_id, execute_id)

    @call
    def node_history(self, *, workflow_id: str, execute_id: str, node_execute_uuid: str) -> Request[NodeOutput]:
        """What one output node gave out, kept for 24 hours; ids as in a record's ``node_execute_status``."""
        run = f"{workflow_path(workflow_id)}/run_histories/{segment(execute_id)}"
        return Request("GET", f"{run}/execute_nodes/{segment(node_execute_uuid)}", Payload(NodeOutput))

    @call
    def add_collaborator(self, *, workflow_id: str, user_id: str) -> Request[None]:
        """Let a member of the workspace work on the workflow (enterprise plans)."""
        body = {"collaborators": [{"user_id": user_id}]}
        return Request("POST", f"{workflow_path(workflow_id)}/collaborators", read_nothing, body=body, kind=Kind.START)

    @call
    def remove_collaborator(self, *, workflow_id: str, user_id: str) -> Request[None]:
        """Take the workflow from a collaborator again."""
        path = f"{workflow_path(workflow_id)}/collaborators/{segment(user_id)}"
        return Request("DELETE", path, read_nothing, kind=Kind.START)

    @call
    def set_collaboration_mode(
        self, *, workflow_id: str, collaboration_mode: Literal["single", "collaboration"]
    ) -> Request[None]:
        """Let one person or several work on a workflow."""
        body = {"collaboration_mode": collaboration_mode}
        return Request("POST", f"{workflow_path(workflow_id)}/collaboration_mode", read_nothing, body=body)

    @flow
    async def history(self, *, workflow_id: str, execute_id: str) -> RunHistory:
        """A run's record, by whichever of its two routes the server has."""
        return await load_history(self._session, workflow_id, execute_id)

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
        deadline: float = LONGEST_RUN,
        on_event: Callable[[WorkflowEvent], object] | None = None,
    ) -> WorkflowResult:
        """Run a workflow to its end, whatever it takes.

        It streams, since Coze drops plain runs after 90 seconds; "sync" and "async" only where you choose them. With
        "stream", `on_event` is told of every event. Arguments as in ``run``; `deadline` (seconds) bounds the polling of
        an asynchronous run. Raises WorkflowInterrupted if it stops to ask somebody, WorkflowFailed, StreamInterrupted
        if the line breaks (the run may go on and is not begun again), and TimedOut with the execute_id.
        """
        if mode not in ("stream", "sync", "async"):
            raise ConfigurationError(f'mode is "stream", "sync" or "async", not {mode!r}')
        new = NewRun(
            workflow_id=workflow_id,
            parameters=parameters,
            bot_id=bot_id,
            app_id=app_id,
            ext=ext,
            workflow_version=workflow_version,
            connector_id=connector_id,
        )
        if mode == "stream":
            return await follow_stream(self._session, workflow_id, new.stream_request(), on_event)
        run = await self._session.send(new.request(is_async=mode == "async"))
        return await follow_run(self._session, workflow_id, run, deadline if mode == "async" else None)

    @flow
    async def answer(
        self,
        *,
        workflow_id: str,
        interrupt: Interrupt,
        answer: str,
        streamed: bool = True,
        messages: Sequence[WorkflowMessage] = (),
        gaps: Sequence[str] = (),
        deadline: float = LONGEST_RUN,
        on_event: Callable[[WorkflowEvent], object] | None = None,
    ) -> WorkflowResult:
        """Answer a run's question and follow the same run to its end, or to its next question.

        `streamed` tells by which family of calls it was begun; `messages` and `gaps`, those of WorkflowInterrupted, are
        put before what a stream says now. The server's answer decides how often this works (a
        streamed run three times); 4315 means that the run has ended already.
        """
        return await answer_interrupt(
            self._session,
            workflow_id,
            interrupt,
            answer,
            streamed=streamed,
            earlier=PriorOutput(tuple(messages), tuple(gaps)),
            deadline=deadline,
            on_event=on_event,
        )

    @flow
    async def result(self, *, workflow_id: str, execute_id: str, deadline: float = LONGEST_RUN) -> WorkflowResult:
        """What came of an asynchronous run, waited for up to `deadline` seconds; works from any process.

        Raises as ``execute``.
        """
        return await wait_for_run(self._session, workflow_id, execute_id, deadline)


def _check_page_size(page_size: int) -> None:
    if not 1 <= page_size <= _LARGEST_PAGE:
        raise ConfigurationError(f"page_size is 1 to {_LARGEST_PAGE}, not {page_size}")
