"""Routes of the collaborators of bots, apps and workflows, and of the mode that lets there be some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.apps import app_of
from coze_client.emulator.routes.bots import bot_of
from coze_client.emulator.routes.endpoint import Endpoint, Handler
from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.routes.workflow_runs import workflow_of
from coze_client.emulator.routes.workspace_members import members_of, workspace_of
from coze_client.emulator.state.app_records import collaboration_of, may_change
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.rate_limit import RateLimit

MODES = ("single", "collaboration")


@dataclass(frozen=True)
class Shared:
    """What several may change; `has_mode`: only in the mode "collaboration"."""

    id: str
    account: str
    workspace_id: str
    has_mode: bool = True


Find = Callable[[Backend, IncomingRequest], Shared]


def find_bot(backend: Backend, request: IncomingRequest) -> Shared:
    bot = bot_of(backend, request.values["bot_id"])
    return Shared(bot.id, bot.account, bot.workspace_id)


def find_app(backend: Backend, request: IncomingRequest) -> Shared:
    app = app_of(backend, request, request.values["app_id"])
    return Shared(app.id, app.account, app.workspace_id, has_mode=False)


def find_workflow(backend: Backend, request: IncomingRequest) -> Shared:
    workflow = workflow_of(backend, request.values["workflow_id"])
    if workflow.app_id != "0":
        raise ApiError(4000, "workflows of an app have no collaboration mode of their own")
    return Shared(workflow.id, ACCOUNT, workflow.workspace_id)


def _find_changeable(backend: Backend, request: IncomingRequest, find: Find) -> Shared:
    """Find what the caller may change; 4101 on a free plan, and for who is neither owner nor collaborator."""
    if backend.settings.plan == "free":
        raise ApiError(4101, "collaborators need an enterprise plan")
    shared = find(backend, request)
    if not may_change(backend.state, shared.id, shared.account, request.account):
        raise ApiError(4101, "only the owner and collaborators do that")
    return shared


def _count_call(backend: Backend, name: str) -> None:
    """Count a call of one API; Coze allows five a second for a whole account."""
    if not backend.own_limits.setdefault(name, RateLimit(5, backend.clock_now)).admit():
        raise ApiError(backend.settings.rate_limit_code)


def add(find: Find) -> Handler:
    async def handle(backend: Backend, request: IncomingRequest) -> Reply:
        shared, added = _find_changeable(backend, request, find), request.body.objects("collaborators")
        if len(added) != 1:
            raise ApiError(4000, "collaborators must have one user")
        user = added[0].text("user_id")
        collaboration = collaboration_of(backend.state, shared.id)
        if shared.has_mode and collaboration.mode == "single":
            raise ApiError(4000, "the collaboration mode is single")
        if user not in members_of(backend, workspace_of(backend, request, shared.workspace_id)):
            raise ApiError(4000, f"user {user} is not in the workspace")
        _count_call(backend, f"add {find.__name__}")
        backend.state.save(replace(collaboration, users=list(dict.fromkeys([*collaboration.users, user]))))
        return JsonReply()

    return handle


def remove(find: Find) -> Handler:
    async def handle(backend: Backend, request: IncomingRequest) -> Reply:
        shared, user = _find_changeable(backend, request, find), request.values["user_id"]
        collaboration = collaboration_of(backend.state, shared.id)
        if user not in collaboration.users:
            raise ApiError(4200, f"user {user} is not a collaborator")
        _count_call(backend, f"remove {find.__name__}")
        backend.state.save(replace(collaboration, users=[each for each in collaboration.users if each != user]))
        return JsonReply()

    return handle


def set_mode(find: Find) -> Handler:
    async def handle(backend: Backend, request: IncomingRequest) -> Reply:
        shared, mode = _find_changeable(backend, request, find), request.body.choice("collaboration_mode", MODES, "")
        collaboration = collaboration_of(backend.state, shared.id)
        if mode == "single" and collaboration.users:
            raise ApiError(4000, "there are collaborators")
        backend.state.save(replace(collaboration, mode=mode))
        return JsonReply()

    return handle


BOT, APP, WORKFLOW = "/v1/bots/{bot_id}", "/v1/apps/{app_id}", "/v1/workflows/{workflow_id}"
ENDPOINTS = (
    Endpoint("POST", f"{BOT}/collaborators", ("Bot.addCollaborator",), add(find_bot)),
    Endpoint("DELETE", f"{BOT}/collaborators/{{user_id}}", ("Bot.removeCollaborator",), remove(find_bot)),
    Endpoint("POST", f"{BOT}/collaboration_mode", ("Bot.switchDevelopMode",), set_mode(find_bot)),
    Endpoint("POST", f"{APP}/collaborators", ("Project.addCollaborator",), add(find_app)),
    Endpoint("DELETE", f"{APP}/collaborators/{{user_id}}", ("Project.removeCollaborator",), remove(find_app)),
    Endpoint("POST", f"{WORKFLOW}/collaborators", ("Workflow.addCollaborator",), add(find_workflow)),
    Endpoint(
        "DELETE", f"{WORKFLOW}/collaborators/{{user_id}}", ("Workflow.removeCollaborator",), remove(find_workflow)
    ),
    Endpoint("POST", f"{WORKFLOW}/collaboration_mode", ("Workflow.switchDevelopMode",), set_mode(find_workflow)),
)
