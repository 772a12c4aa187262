"""Routes of workspaces: list, create, update."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.workspace_members import find_managed, members_of, standard_workspace
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.file_records import uploaded_file
from coze_client.emulator.state.workspace_records import StoredWorkspace
from coze_client.emulator.workflows import WORKSPACE

LARGEST_PAGE = 50
FIRST_WORKSPACE_ID = 7360000000000000001


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List the workspaces that the caller has joined: the one that the emulator begins with, then the others."""
    query = request.query
    page = query.page(20, LARGEST_PAGE)
    if bool(query.optional("user_id")) != bool(query.optional("coze_account_id")):
        raise ApiError(4000, "user_id and coze_account_id must be given together")
    stored = [each for each in backend.state.all(StoredWorkspace) if each.id != WORKSPACE]
    found = [_describe(backend, each, request.account) for each in (standard_workspace(backend), *stored)]
    joined = [each for each in found if each["role_type"]]
    return JsonReply({"workspaces": joined[page], "total_count": len(joined)})


def _describe(backend: Backend, workspace: StoredWorkspace, account: str) -> dict[str, object]:
    members = members_of(backend, workspace)
    return {
        "id": workspace.id,
        "name": workspace.name,
        "icon_url": "",
        "role_type": members.get(account, ""),
        "workspace_type": "team",
        "enterprise_id": "",
        "description": workspace.description,
        "owner_uid": workspace.account,
        "admin_uids": [user_id for user_id, role in members.items() if role == "admin"],
        "joined_status": "joined",
    }


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    """Create a workspace of the caller; the emulator has no organizations."""
    body = request.body
    name, description = body.limited("name", 50) or body.text("name"), body.limited("description", 2000)
    if description is None:
        raise ApiError(4000, "description is required")
    if body.optional("coze_account_id") or body.optional("owner_uid"):
        return json_reply(501, {"code": 501, "msg": "the emulator has no organizations to make workspaces in"})
    icon = body.optional("icon_file_id")
    if icon and uploaded_file(backend.state, request.account, icon) is None:
        raise ApiError(4200, "icon_file_id")
    workspace_id = backend.state.new_id(StoredWorkspace, FIRST_WORKSPACE_ID)
    backend.state.save(StoredWorkspace(workspace_id, request.account, name, description))
    return JsonReply({"id": workspace_id})


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    """Change what is given and not empty."""
    workspace = find_managed(backend, request)
    name, description = request.body.limited("name", 50), request.body.limited("description", 2000)
    backend.state.save(
        replace(workspace, name=name or workspace.name, description=description or workspace.description)
    )
    return JsonReply()


ENDPOINTS = (
    Endpoint("GET", "/v1/workspaces", ("listWorkspace",), list_),
    Endpoint("POST", "/v1/workspaces", ("createWorkspace",), create),
    Endpoint("PUT", "/v1/workspaces/{workspace_id}", ("Workspace.update",), update),
)
