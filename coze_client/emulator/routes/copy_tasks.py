"""Routes of copies: copy a bot, an app with its workflows, or a workflow, as a draft; follow the task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.apps import app_of
from coze_client.emulator.routes.bots import own_bot
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth.tokens import ACCOUNT, authenticate
from coze_client.emulator.routes.workflow_runs import workflow_of
from coze_client.emulator.routes.workspace_members import workspace_of
from coze_client.emulator.state.app_records import FIRST_APP_ID, StoredApp, may_change
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import FIRST_STORED_BOT_ID, StoredBot
from coze_client.emulator.state.copy_records import FIRST_COPY_TASK_ID, StoredCopyTask
from coze_client.emulator.workflows import FIRST_WORKFLOW_ID, Workflow

Entity = StoredBot | StoredApp | Workflow
NOT_CHANGEABLE = "only the owner and collaborators copy it"


def _find_app(backend: Backend, request: IncomingRequest, app_id: str) -> StoredApp:
    app = app_of(backend, request, app_id)
    if not may_change(backend.state, app.id, app.account, request.account):
        raise ApiError(4101, NOT_CHANGEABLE)
    return app


def _find_workflow(backend: Backend, request: IncomingRequest, workflow_id: str) -> Workflow:
    workflow = workflow_of(backend, workflow_id)
    if not may_change(backend.state, workflow.id, ACCOUNT, request.account):
        raise ApiError(4101, NOT_CHANGEABLE)
    return workflow


@dataclass(frozen=True)
class Copied:
    """What can be copied: its permissions, and how it is found among what the caller may change."""

    permissions: tuple[str, str]
    find: Callable[[Backend, IncomingRequest, str], Entity]


KINDS = {
    "bot": Copied(("Bot.duplicate", "Workspace.createBot"), own_bot),
    "app": Copied(("Project.copy", "Workspace.createProject"), _find_app),
    "workflow": Copied(("Workflow.copy", "Workspace.createWorkflow"), _find_workflow),
}


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    """Copy at once; only a bot's copy in its own workspace is told at once, all others by a task."""
    body = request.body
    entity_type = body.choice("entity_type", KINDS, "")
    authenticate(backend, request.bearer, KINDS[entity_type].permissions)
    entity = KINDS[entity_type].find(backend, request, body.text("entity_id"))
    target = workspace_of(backend, request, body.optional("to_workspace_id") or entity.workspace_id).id
    made = _copy(backend, request.account, entity, target)
    if entity_type == "bot" and target == entity.workspace_id:
        return JsonReply({"copied_entity_id": made})
    looks, task_id = backend.settings.processing_looks, backend.state.new_id(StoredCopyTask, FIRST_COPY_TASK_ID)
    backend.state.save(StoredCopyTask(task_id, request.account, entity_type, entity.id, made, target, looks))
    return JsonReply({"task_id": task_id})


def _copy(backend: Backend, account: str, entity: Entity, workspace_id: str) -> str:
    """Make a draft that belongs to the account, with the variables of the original; return its id."""
    if isinstance(entity, Workflow):
        return _copy_workflow(backend, entity, workspace_id)
    made = _copy_bot(backend, entity) if isinstance(entity, StoredBot) else _copy_app(backend, entity)
    backend.state.save(replace(made, account=account, workspace_id=workspace_id, updated_at=backend.now))
    if isinstance(entity, StoredApp):
        for workflow in [each for each in backend.workflows.values() if each.app_id == entity.id]:
            _copy_workflow(backend, workflow, workspace_id, made.id)
    if entity.id in backend.variables:
        backend.variables[made.id] = backend.variables[entity.id]
    return made.id


def _copy_bot(backend: Backend, bot: StoredBot) -> StoredBot:
    bot_id = backend.state.new_id(StoredBot, FIRST_STORED_BOT_ID)
    return replace(bot, id=bot_id, created_at=backend.now, versions={}, channels={})


def _copy_app(backend: Backend, app: StoredApp) -> StoredApp:
    return replace(app, id=backend.state.new_id(StoredApp, FIRST_APP_ID), folder_id="", channels={}, changed=False)


def _copy_workflow(backend: Backend, workflow: Workflow, workspace_id: str, app_id: str = "0") -> str:
    made = replace(
        workflow,
        id=str(FIRST_WORKFLOW_ID + len(backend.workflows)),
        workspace_id=workspace_id,
        app_id=app_id,
        published=False,
        copied=True,
        versions=(),
        created_at=backend.now,
    )
    backend.workflows[made.id] = made
    return made.id


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    """Tell how far a copy is to who started it; 4200 to others, which is inferred."""
    task = backend.state.get(StoredCopyTask, request.values["task_id"])
    if task is None or task.account != request.account:
        raise ApiError(4200, "the task does not exist")
    backend.state.save(replace(task, looks_done=task.looks_done + 1))
    return JsonReply(
        {
            "task_id": task.id,
            "task_status": "successful" if task.ready else "in_progress",
            "entity_type": task.entity_type,
            "source_entity_id": task.source,
            "target_entity_id": task.target if task.ready else "",
            "target_workspace_id": task.workspace_id,
            "failed_reasons": [],
        }
    )


ENDPOINTS = (
    Endpoint("POST", "/v1/entities/copy_tasks", (), create),
    Endpoint("GET", "/v1/entities/copy_tasks/{task_id}", (), retrieve),
)
