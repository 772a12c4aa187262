"""Copies of bots, apps and workflows, within a workspace or into another one.

API pages: copy_resource_task, query_resource_copy_execution_result. Not on coze-studio.
"""

from __future__ import annotations

from typing import Literal

from coze_client.core.model import Model
from coze_client.core.polling import poll
from coze_client.core.request import Kind, Request, Unanswered, fields, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, flow
from coze_client.core.response import Payload, RawResponse
from coze_client.errors import ProtocolError

_UNANSWERED = Unanswered("a second call makes a second copy; look into the workspace")
_GOES_ON = "The copy goes on; ask for it again: client.copy_tasks.wait(task_id=…)"

CopiedType = Literal["app", "bot", "workflow"]


class StartedCopy(Model):
    """A copy that has begun: ``copied_entity_id`` if it is ready, else ``task_id`` to ask for it."""

    task_id: str = ""
    copied_entity_id: str = ""


class CopyFailure(Model):
    """A part that was not copied; ``entity_type`` also names plugins, knowledge, databases and other parts."""

    entity_id: str = ""
    entity_name: str = ""
    entity_type: str = ""
    failed_reason: str = ""


class CopyTask(Model):
    """A copy: ``task_status`` in_progress, successful or failed, which ``failed_reasons`` explain."""

    task_id: str = ""
    task_status: str = ""
    entity_type: str = ""
    source_entity_id: str = ""
    target_entity_id: str = ""
    target_workspace_id: str = ""
    failed_reasons: tuple[CopyFailure, ...] = ()

    @property
    def failed(self) -> bool:
        """True if it ended without copying all."""
        return self.task_status == "failed"


class CopyTasks(Resource[ConcurrencyT]):
    """``client.copy_tasks``: copy bots, apps and workflows."""

    @call
    def create(
        self, *, entity_type: CopiedType, entity_id: str, to_workspace_id: str | None = None
    ) -> Request[StartedCopy]:
        """Copy a bot, an app or a workflow as a draft; each call makes another copy.

        `to_workspace_id`: default the workspace that it is in; a bot is then copied at once. There is no copy from a
        personal workspace into one of an enterprise. Permissions: Bot.duplicate and Workspace.createBot, Project.copy
        and Workspace.createProject, or Workflow.copy and Workspace.createWorkflow. API page: copy_resource_task.
        """
        body = fields(entity_type=entity_type, entity_id=entity_id, to_workspace_id=to_workspace_id)
        return Request(
            "POST", "/v1/entities/copy_tasks", _read_started, body=body, kind=Kind.START, unanswered=_UNANSWERED
        )

    @call
    def retrieve(self, *, task_id: str) -> Request[CopyTask]:
        """Retrieve how far a copy is. No permission is needed. API page: query_resource_copy_execution_result."""
        return _task(task_id)

    @flow
    async def wait(self, *, task_id: str, timeout: float = 600.0) -> CopyTask:
        """Poll until a copy has ended; one that failed has ``failed`` and ``failed_reasons``.

        Raises TimedOut after `timeout` seconds (default 600); the copy goes on.
        """
        return await poll(
            self._session, _task(task_id), lambda task: task.task_status == "in_progress", timeout, _GOES_ON
        )


def _task(task_id: str) -> Request[CopyTask]:
    return Request("GET", f"/v1/entities/copy_tasks/{segment(task_id)}", Payload(CopyTask, needed="task_status"))


def _read_started(response: RawResponse) -> StartedCopy:
    started = Payload(StartedCopy)(response)
    if not (started.task_id or started.copied_entity_id):
        raise ProtocolError("The server reported success, but sent no task_id", logid=response.logid)
    return started
