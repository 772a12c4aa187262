"""Workflows: graphs built in Coze's canvas; run them with parameters, or a chatflow as a dialogue.

API pages: workflow_run, workflow_stream_run, workflow_resume, resume_workflow, workflow_chat, workflow_history,
get_node_execute_history_response, get_workflow_list, get_workflow_info, list_workflow_version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from coze_client.api.chats.stream import AsyncChatStream, ChatOpening, ChatStream
from coze_client.api.conversations.values import MessageLike
from coze_client.api.files.parameter_files import upload_files
from coze_client.api.workflows.events import WorkflowEvent
from coze_client.api.workflows.file_arguments import FileSources
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
from coze_client.api.workflows.result import PriorOutput, WorkflowResult
from coze_client.api.workflows.stream import AsyncWorkflowStream, WorkflowStream, workflow_events
from coze_client.api.workflows.values import (
    Interrupt,
    Workflow,
    WorkflowInfo,
    WorkflowMessage,
    WorkflowVersion,
    read_versions,
    read_workflows,
)
from coze_client.core.paging import Page, Pages, by_number, check_page_size
from coze_client.core.request import Request, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, events, flow, paged
from coze_client.core.response import Payload
from coze_client.core.stream import Events
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.collaborators import WorkflowCollaborationModes, WorkflowCollaborators
    from coze_client.api.workflows.conversations import WorkflowConversations
    from coze_client.api.workflows.signature import WorkflowSignature

_LARGEST_PAGE = 30

WorkflowPublishStatus = Literal["all", "published_online", "unpublished_draft"]
RunMode = Literal["stream", "sync", "async"]


class Workflows(Resource[ConcurrencyT]):
    """``client.workflows``: list workflows, read their inputs, run and resume them, read results and records."""

    @cached_property
    def conversations(self) -> WorkflowConversations[ConcurrencyT]:
        """``client.workflows.conversations``: conversations of an app, on coze-studio alone."""
        from coze_client.api.workflows.conversations import WorkflowConversations

        return WorkflowConversations(self._session, self._concurrency)

    @cached_property
    def collaborators(self) -> WorkflowCollaborators[ConcurrencyT]:
        """``client.workflows.collaborators``: who may change a workflow beside its owner."""
        from coze_client.api.collaborators import WorkflowCollaborators

        return WorkflowCollaborators(self._session, self._concurrency)

    @cached_property
    def collaboration_modes(self) -> WorkflowCollaborationModes[ConcurrencyT]:
        """``client.workflows.collaboration_modes``: whether one person or several may change a workflow."""
        from coze_client.api.collaborators import WorkflowCollaborationModes

        return WorkflowCollaborationModes(self._session, self._concurrency)

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
        """List the workflows of a workspace or app; by default published ones, in pages of 1 to 30 (default 30).

        `workflow_mode`: default both. `publish_status`: "all", "published_online" or "unpublished_draft". API page:
        get_workflow_list.
        """
        check_page_size(page_size, _LARGEST_PAGE)

        def page(number: str | None) -> Request[Page[Workflow]]:
            params = query(
                workspace_id=workspace_id,
                app_id=app_id,
                workflow_mode=workflow_mode,
                publish_status=publish_status,
                page_num=number or "1",
                page_size=page_size,
            )
            return Request("GET", "/v1/workflows", read_workflows, params)

        return Pages(page, by_number, attrgetter("workflow_id"))

    @call
    def retrieve(self, *, workflow_id: str) -> Request[WorkflowInfo]:
        """Retrieve a workflow with its inputs and outputs; coze-studio returns neither.

        API page: get_workflow_info.
        """
        read = Payload(WorkflowInfo, needed="workflow_detail.workflow_id")
        return Request("GET", workflow_path(workflow_id), read, query(include_input_output=True))

    @flow
    async def prepare(
        self, *, signature: WorkflowSignature, arguments: Mapping[str, object], files: FileSources | None = None
    ) -> dict[str, object]:
        """Validate `arguments`, upload the files in them, and return the ``parameters`` of a run.

        `files`: the files that arguments may name. Each content is uploaded once per client. Raises InvalidArguments
        before anything is sent. API pages: upload_files, workflow_run.
        """
        check = partial(signature.check, arguments, files)
        reads_folders = files is not None and files.roots
        return await upload_files(
            self._session, await self._session.concurrency.call(check) if reads_folders else check()
        )

    @paged
    def versions(
        self,
        *,
        workflow_id: str,
        publish_status: WorkflowPublishStatus | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[WorkflowVersion]:
        """List the versions of a workflow with their inputs and outputs, newest first; pages of 1 to 30 (default 30).

        `publish_status`: default published versions. API page: list_workflow_version.
        """
        check_page_size(page_size, _LARGEST_PAGE)
        path = f"{workflow_path(workflow_id)}/versions"
        fixed = query(publish_status=publish_status, page_size=page_size, include_input_output=True)

        def page(token: str | None) -> Request[Page[WorkflowVersion]]:
            return Request("GET", path, read_versions, {**fixed, **query(page_token=token)})

        return Pages(page, lambda _, page: page.cursor if page.has_more else None, attrgetter("version"))

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
        """Run a published workflow and wait for its end; Coze closes the connection after 90 seconds.

        `parameters`: the inputs of the start node; files in them (bytes, Path or File) are uploaded first. `bot_id` if
        the workflow uses a bot's database or variables, `app_id` if it belongs to an app; not both. `ext`: latitude,
        longitude and user_id. `workflow_version`: default the latest. `connector_id`: the channel, default "1024"
        (API). Workflows with output nodes can only be streamed. Raises NotFound (4200) for a workflow that is not
        published. API page: workflow_run.
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
        """Start a run of at most 24 hours without waiting; pass its ``execute_id`` to ``result``, in any process.

        `parameters`: the inputs of the start node; files in them (bytes, Path or File) are uploaded first. `bot_id` if
        the workflow uses a bot's database or variables, `app_id` if it belongs to an app; not both. `ext`: latitude,
        longitude and user_id. `workflow_version`: default the latest. `connector_id`: the channel, default "1024"
        (API). Raises QuotaExceeded (6003) on the free plan, NotFound (4200) for a workflow that is not published. API
        page: workflow_run.
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
        """Run a published workflow and stream the messages of its nodes; an interrupt is the last event of its stream.

        `parameters`: the inputs of the start node; files in them (bytes, Path or File) are uploaded first. `bot_id` if
        the workflow uses a bot's database or variables, `app_id` if it belongs to an app; not both. `ext`: latitude,
        longitude and user_id. `workflow_version`: default the latest. `connector_id`: the channel, default "1024"
        (API). Raises WorkflowFailed if the workflow fails, StreamInterrupted if the connection breaks (a run is never
        started twice), NotFound (4200) for a workflow that is not published. API page: workflow_stream_run.
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
        """Answer the interrupt of a run that ``run`` or ``run_async`` started; the same run continues.

        `event_id` and `interrupt_type` are those of the Interrupt; `resume_data` is the user's answer. Raises
        InvalidRequest (4315) if the run has ended. API page: resume_workflow.
        """
        resumption = Resumption(
            workflow_id=workflow_id, event_id=event_id, interrupt_type=interrupt_type, resume_data=resume_data
        )
        return resumption.request()

    @events
    def stream_resume(
        self, *, workflow_id: str, event_id: str, interrupt_type: int, resume_data: str
    ) -> Events[WorkflowStream, AsyncWorkflowStream]:
        """Answer the interrupt of a run that ``stream`` started, and stream on; at most three times a run.

        `event_id` and `interrupt_type` are those of the Interrupt; `resume_data` is the user's answer. Raises
        WorkflowFailed if the workflow fails, StreamInterrupted if the connection breaks. API page: workflow_resume.
        """
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
        accept_new_conversation: bool = False,
    ) -> Events[ChatStream, AsyncChatStream]:
        """Run a chatflow as a dialogue and stream its events.

        To answer a question of the chatflow, call ``chat`` again in the same conversation.
        `additional_messages`: at most 50, text only, oldest first; the last is the user's. `parameters`: the inputs of
        the start node, perhaps with files. Give exactly one of `bot_id` and `app_id`. `conversation_id`: default a new.
        `ext`: latitude, longitude and user_id. `workflow_version`: default the latest. `connector_id`: the channel,
        default "1024" (API). `accept_new_conversation`: warn, instead of raising ConversationMismatch, if the server
        answers in another conversation than the one named.

        The answer is complete if ``chat.completed`` or ``done`` arrived after an answer, or after the verbose message
        generate_answer_finish. Raises ChatFailed if the chatflow fails or ends without both, StreamInterrupted if the
        connection breaks or a delta was lost: a chatflow's stream cannot be recovered. API page: workflow_chat.
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
            accept_new_conversation=accept_new_conversation,
        )
        return ChatOpening(
            chatflow.stream_request(),
            conversation_id,
            saved=True,
            cancel_on_close=False,
            no_recovery_reason="the messages of a chatflow cannot be fetched afterwards",
            expected=chatflow.expected,
        ).events()

    @call
    def run_history(self, *, workflow_id: str, execute_id: str) -> Request[RunHistory]:
        """Retrieve the record of a run from coze.com or coze.cn; ``history`` also works on coze-studio.

        Raises NotFound (4314) for an unknown run. API page: workflow_history.
        """
        return history_request(workflow_id, execute_id)

    @call
    def studio_run_history(self, *, workflow_id: str, execute_id: str) -> Request[RunHistory]:
        """Retrieve the record of a run from coze-studio; it has no API page.

        Raises NotFound (777777775) for an unknown run.
        """
        return studio_history_request(workflow_id, execute_id)

    @call
    def node_history(self, *, workflow_id: str, execute_id: str, node_execute_uuid: str) -> Request[NodeOutput]:
        """Retrieve the output of one output node; Coze keeps it for 24 hours.

        The ids are in the record's ``node_execute_status``. Raises NotFound (4314) for an unknown run. API page:
        get_node_execute_history_response.
        """
        run = f"{workflow_path(workflow_id)}/run_histories/{segment(execute_id)}"
        return Request("GET", f"{run}/execute_nodes/{segment(node_execute_uuid)}", Payload(NodeOutput))

    @flow
    async def history(self, *, workflow_id: str, execute_id: str) -> RunHistory:
        """Retrieve the record of a run, on the cloud or on coze-studio.

        Raises NotFound (4314, on coze-studio 777777775) for an unknown run. API page: workflow_history.
        """
        return await load_history(self._session, workflow_id, execute_id)

    @flow
    async def execute(
        self,
        *,
        workflow_id: str,
        parameters: Mapping[str, object] | None = None,
        mode: RunMode = "stream",
        bot_id: str | None = None,
        app_id: str | None = None,
        ext: Mapping[str, str] | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
        deadline: float = LONGEST_RUN,
        on_event: Callable[[WorkflowEvent], object] | None = None,
    ) -> WorkflowResult:
        """Run a workflow to its end and return its result; it streams, as Coze closes a plain call after 90 seconds.

        `parameters`: the inputs of the start node; files in them (bytes, Path or File) are uploaded first. `bot_id` if
        the workflow uses a bot's database or variables, `app_id` if it belongs to an app; not both. `ext`: latitude,
        longitude and user_id. `workflow_version`: default the latest. `connector_id`: the channel, default "1024"
        (API).

        `mode`: "stream" calls `on_event` with every event; "sync" waits for one response, at most 90 seconds; "async"
        polls for at most `deadline` seconds (default 24 hours). Raises WorkflowInterrupted if the run stops to ask a
        question, WorkflowFailed, StreamInterrupted if the connection breaks (the run may continue, and is not started
        again), TimedOut with the execute_id. API pages: workflow_run, workflow_stream_run, workflow_history.
        """
        if mode not in ("stream", "sync", "async"):
            raise ConfigurationError(f'mode must be "stream", "sync" or "async", not {mode!r}')
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
        """Answer the interrupt of a run and return the result of the same run; raises what ``execute`` raises.

        `interrupt`, `streamed`, `messages` and `gaps` are those of the WorkflowInterrupted error; `messages` and `gaps`
        are prepended to the further ones. `streamed` means that a streaming call started the run. `deadline`: seconds
        to poll a run that is not streamed. `on_event` is called with every event of a stream. Coze allows three answers
        in a streamed run. Raises InvalidRequest (4315) if the run has ended. API pages: workflow_resume,
        resume_workflow.
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
        """Poll an asynchronous run until it ends and return its result; works in any process.

        Raises WorkflowInterrupted if the run stopped to ask a question, WorkflowFailed, NotFound (4314) for an unknown
        run, TimedOut after `deadline` seconds (default 24 hours). API page: workflow_history.
        """
        return await wait_for_run(self._session, workflow_id, execute_id, deadline)
