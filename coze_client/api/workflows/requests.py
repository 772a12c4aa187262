"""The requests of the workflow API, as values: start a run, resume it, read its record.

API pages: workflow_run, workflow_stream_run, workflow_resume, resume_workflow, workflow_chat, workflow_history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from coze_client.api.chats.failures import ExpectedConversation
from coze_client.api.chats.requests import ignore_response, look_in, new_reading
from coze_client.api.conversations.values import MessageLike, convert_to_wire
from coze_client.api.files.parameter_files import with_uploads
from coze_client.api.workflows.events import WorkflowReading
from coze_client.api.workflows.history import RunHistory, WorkflowRun, read_history, read_studio_history
from coze_client.api.workflows.result import read_run, read_started_run
from coze_client.core.reading import Reading
from coze_client.core.request import Kind, Request, Unanswered, query, segment
from coze_client.errors import ConfigurationError

_MOST_CHATFLOW_MESSAGES = 50
_NOT_SENT = ("accept_new_conversation",)
_BILLED_RUN = "a second run is billed, too"
_RUN_SURVIVES = (
    "A run that takes longer than 90 seconds survives with client.workflows.execute(…), stream(…) or run_async(…)"
)
_STREAM_SURVIVES = "A run survives a broken connection with client.workflows.run_async(…), or execute(mode='async')"
_ASYNC_SURVIVES = "A run that run_async(…) or execute(mode='async') started survives any connection"
_RESUMED_SURVIVES = (
    "A run that execute(…) or stream(…) started is resumed over a stream, and survives longer than 90 seconds"
)

_SILENT = (
    "coze-studio answers so when it refuses a workflow before its start. Check that workflow_id exists and is published"
)
_ASK_A_PLAIN_RUN = (
    "client.workflows.run(…) with the same workflow tells the code of a refusal; a workflow that is not refused runs"
)
_SILENT_RUN = (
    f"{_SILENT}, that the token's user has access to its workspace, that parameters fit its inputs, and that not both"
    f" bot_id and app_id are given. {_ASK_A_PLAIN_RUN}"
)
_SILENT_CHATFLOW = (
    f"{_SILENT}, that the token's user has access to its workspace, that not both bot_id and app_id are given, that the"
    " last message is the user's, and that conversation_id exists and, with app_id, belongs to the app; without"
    f" conversation_id, parameters needs CONVERSATION_NAME. {_ASK_A_PLAIN_RUN}"
)
_SILENT_RESUMPTION = (
    f"{_SILENT}, that the token's user has access to it, and that event_id is the one of the interrupt, of this server"
    " and not answered yet"
)


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """A workflow run to start: the parameters of ``run``, ``run_async``, ``stream`` and ``execute``, as one value.

    Raises ConfigurationError for both ``bot_id`` and ``app_id``.
    """

    workflow_id: str
    parameters: Mapping[str, object] | None = None
    bot_id: str | None = None
    app_id: str | None = None
    ext: Mapping[str, str] | None = None
    workflow_version: str | None = None
    connector_id: str | None = None

    def __post_init__(self) -> None:
        if self.bot_id and self.app_id:
            raise ConfigurationError("Give bot_id or app_id, not both (4000)")

    def request(self, *, is_async: bool = False) -> Request[WorkflowRun]:
        """The request that runs the workflow to its end, or only starts it if `is_async`."""
        if is_async:
            body = {**_given(self), "is_async": True}
            return _start("/v1/workflow/run", body, read_started_run, self._unanswered(_ASYNC_SURVIVES))
        return _start("/v1/workflow/run", _given(self), read_run, self._unanswered(_RUN_SURVIVES))

    def stream_request(self) -> Request[None]:
        """The request that runs the workflow; the response is a stream of events."""
        unanswered = self._unanswered(_STREAM_SURVIVES)
        return _stream("/v1/workflow/stream_run", _given(self), _SILENT_RUN, unanswered)

    def _unanswered(self, survives: str) -> Unanswered:
        return Unanswered(f"{_BILLED_RUN}. Coze lists the runs of workflow {self.workflow_id}. {survives}")


@dataclass(frozen=True, kw_only=True)
class NewChatflow:
    """A chatflow to start: the parameters of ``workflows.chat``, as one value.

    Raises ConfigurationError unless exactly one of ``bot_id`` and ``app_id`` is given.
    """

    workflow_id: str
    additional_messages: Sequence[MessageLike]
    parameters: Mapping[str, object] | None = None
    bot_id: str | None = None
    app_id: str | None = None
    conversation_id: str | None = None
    ext: Mapping[str, str] | None = None
    workflow_version: str | None = None
    connector_id: str | None = None
    accept_new_conversation: bool = False

    def __post_init__(self) -> None:
        if bool(self.bot_id) == bool(self.app_id):
            raise ConfigurationError("A chatflow needs exactly one of bot_id and app_id")

    @property
    def expected(self) -> ExpectedConversation | None:
        """The conversation in which the chatflow must run; ``None`` if the call names none."""
        return ExpectedConversation.of(self.conversation_id, accept_new=self.accept_new_conversation)

    def stream_request(self) -> Request[None]:
        """The request that runs the chatflow; the response is a stream of events."""
        messages = [convert_to_wire(message) for message in self.additional_messages]
        if len(messages) > _MOST_CHATFLOW_MESSAGES:
            raise ConfigurationError(
                f"A chatflow accepts at most {_MOST_CHATFLOW_MESSAGES} messages, not {len(messages)}"
            )
        body = {"parameters": {}, **_given(self), "additional_messages": messages}
        cure = (
            f"{_BILLED_RUN}{look_in(self.conversation_id) or f'. Coze lists the runs of chatflow {self.workflow_id}'}"
        )
        unanswered = Unanswered(f"{cure}. {_STREAM_SURVIVES}", conversation_id=self.conversation_id or None)
        return _stream("/v1/workflows/chat", body, _SILENT_CHATFLOW, unanswered, new_reading)


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """An answer to the interrupt of a run: the parameters of ``workflows.resume``, as one value."""

    workflow_id: str
    event_id: str
    interrupt_type: int
    resume_data: str

    def request(self) -> Request[WorkflowRun]:
        """The request that resumes a run started by ``run`` or ``run_async``."""
        return _start("/v1/workflows/resume", asdict(self), read_run, self._unanswered(_RESUMED_SURVIVES))

    def stream_request(self) -> Request[None]:
        """The request that resumes a run started by ``stream``; the response is a stream of events."""
        unanswered = self._unanswered(_STREAM_SURVIVES)
        return _stream("/v1/workflow/stream_resume", asdict(self), _SILENT_RESUMPTION, unanswered)

    def _unanswered(self, survives: str) -> Unanswered:
        event = f"event {self.event_id} of workflow {self.workflow_id}"
        return Unanswered(f"{event} may have its answer, and the run goes on. {survives}")


def history_request(workflow_id: str, execute_id: str) -> Request[RunHistory]:
    """The request for the record of a run on coze.com and coze.cn."""
    path = f"{workflow_path(workflow_id)}/run_histories/{segment(execute_id)}"
    return Request("GET", path, read_history)


def studio_history_request(workflow_id: str, execute_id: str) -> Request[RunHistory]:
    """The request for the record of a run on coze-studio."""
    params = query(workflow_id=workflow_id, execute_id=execute_id)
    return Request("GET", "/v1/workflow/get_run_history", read_studio_history, params)


def workflow_path(workflow_id: str) -> str:
    """The URL path of one workflow."""
    return f"/v1/workflows/{segment(workflow_id)}"


def _given(value: NewRun | NewChatflow) -> dict[str, object]:
    """The fields that are set and sent; ``None`` is omitted, ``False``, 0 and "" are sent."""
    members = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in _NOT_SENT}
    return {name: member for name, member in members.items() if member is not None}


def _start(path: str, body: Mapping[str, object], read: Any, unanswered: Unanswered) -> Request[Any]:
    # `Any` is typed by the methods above.
    request = Request("POST", path, read, body=body, kind=Kind.START, reading=WorkflowReading, unanswered=unanswered)
    return with_uploads(request)


def _stream(
    path: str,
    body: Mapping[str, object],
    if_silent: str,
    unanswered: Unanswered,
    reading: Callable[[int], Reading[Any]] = WorkflowReading,
) -> Request[None]:
    request = _start(path, body, ignore_response, unanswered)
    return replace(request, stream=True, if_silent=if_silent, reading=reading)
