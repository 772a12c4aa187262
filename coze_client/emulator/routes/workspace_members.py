"""Routes of the members of workspaces; users exist if they ever had a token or signed in."""

from __future__ import annotations

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth.tokens import ACCOUNT, StoredToken
from coze_client.emulator.routes.oauth.users import User
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.workspace_records import StoredMember, StoredWorkspace
from coze_client.emulator.workflows import WORKSPACE

MANAGERS = ("owner", "admin")
# cozepy cannot read an answer that lacks one of these lists.
ADDED = (
    "added_success_user_ids",
    "invited_success_user_ids",
    "not_exist_user_ids",
    "already_joined_user_ids",
    "already_invited_user_ids",
)
REMOVED = ("removed_success_user_ids", "not_in_workspace_user_ids", "owner_not_support_remove_user_ids")
MOST_ADDED = 20
MOST_REMOVED = 5


def standard_workspace(backend: Backend) -> StoredWorkspace:
    """Return the workspace that an emulator begins with: the account of its own token owns it, all others are in it."""
    return backend.state.get(StoredWorkspace, WORKSPACE) or StoredWorkspace(
        WORKSPACE, ACCOUNT, "Emulated workspace", ""
    )


def members_of(backend: Backend, workspace: StoredWorkspace) -> dict[str, str]:
    """Return the role of each member by the id; the owner is first."""
    found = {workspace.account: "owner"}
    if workspace.id == WORKSPACE:
        found = {**dict.fromkeys(sorted(known_users(backend)), "member"), **found}
    for member in backend.state.owned(StoredMember, workspace.id):
        found.pop(member.user_id, None)
        if member.status == "joined":
            found[member.user_id] = member.role_type
    return dict(sorted(found.items(), key=lambda item: item[1] != "owner"))


def find_managed(backend: Backend, request: IncomingRequest) -> StoredWorkspace:
    """Return the workspace in the path; 4200 if the caller is not in it, 4101 if they may not manage it."""
    workspace = workspace_of(backend, request, request.values["workspace_id"])
    if members_of(backend, workspace)[request.account] not in MANAGERS:
        raise ApiError(4101, "only the owner and admins manage a workspace")
    return workspace


def workspace_of(backend: Backend, request: IncomingRequest, workspace_id: str) -> StoredWorkspace:
    """Return a workspace that the caller has joined; 4200 for any other."""
    found = (
        standard_workspace(backend) if workspace_id == WORKSPACE else backend.state.get(StoredWorkspace, workspace_id)
    )
    if found is None or request.account not in members_of(backend, found):
        raise ApiError(4200)
    return found


def known_users(backend: Backend) -> set[str]:
    """Return the ids of all who ever had a token or signed in."""
    tokens, users = backend.state.all(StoredToken), backend.state.all(User)
    return {*(token.account for token in tokens), *(user.id for user in users)}


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    page = request.query.page(20, 50)
    members = members_of(backend, workspace_of(backend, request, request.values["workspace_id"]))
    found = [
        {"user_id": user_id, "role_type": role, "user_nickname": "", "user_unique_name": "", "avatar_url": ""}
        for user_id, role in members.items()
    ]
    return JsonReply({"items": found[page], "total_count": len(found)})


async def add(backend: Backend, request: IncomingRequest) -> Reply:
    """Add users on a paid plan, invite them on a free one; tell what became of each."""
    workspace, users = find_managed(backend, request), request.body.objects("users")
    if not 1 <= len(users) <= MOST_ADDED:
        raise ApiError(4000, f"users must be a list of 1 to {MOST_ADDED} users")
    wanted = {user.text("user_id"): user.choice("role_type", ("admin", "member"), "") for user in users}
    told: dict[str, list[str]] = {name: [] for name in ADDED}
    for user_id, role in wanted.items():
        told[_add(backend, workspace, user_id, role)].append(user_id)
    return JsonReply(told)


def _add(backend: Backend, workspace: StoredWorkspace, user_id: str, role: str) -> str:
    """Add or invite a user; return the name of the list that tells it."""
    key = f"{workspace.id}/{user_id}"
    record = backend.state.get(StoredMember, key)
    if user_id not in known_users(backend):
        return "not_exist_user_ids"
    if user_id in members_of(backend, workspace):
        return "already_joined_user_ids"
    if record is not None and record.status == "invited":
        return "already_invited_user_ids"
    free = backend.settings.plan == "free"
    backend.state.save(StoredMember(key, workspace.id, user_id, role, "invited" if free else "joined"))
    return "invited_success_user_ids" if free else "added_success_user_ids"


async def remove(backend: Backend, request: IncomingRequest) -> Reply:
    """Remove members, but not the owner; tell what became of each."""
    workspace, user_ids = find_managed(backend, request), request.body.texts("user_ids")
    if not 1 <= len(user_ids) <= MOST_REMOVED:
        raise ApiError(4000, f"user_ids must be a list of 1 to {MOST_REMOVED} ids")
    told: dict[str, list[str]] = {name: [] for name in REMOVED}
    for user_id in dict.fromkeys(user_ids):
        told[_remove(backend, workspace, user_id)].append(user_id)
    return JsonReply(told)


def _remove(backend: Backend, workspace: StoredWorkspace, user_id: str) -> str:
    role = members_of(backend, workspace).get(user_id)
    if role is None:
        return "not_in_workspace_user_ids"
    if role == "owner":
        return "owner_not_support_remove_user_ids"
    backend.state.save(StoredMember(f"{workspace.id}/{user_id}", workspace.id, user_id, role, "left"))
    return "removed_success_user_ids"


ENDPOINTS = (
    Endpoint("GET", "/v1/workspaces/{workspace_id}/members", ("readMember",), list_),
    Endpoint("POST", "/v1/workspaces/{workspace_id}/members", ("addMember",), add),
    Endpoint("DELETE", "/v1/workspaces/{workspace_id}/members", ("removeMember",), remove),
)
