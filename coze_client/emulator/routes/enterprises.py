"""Routes of the staff of enterprises; `Emulator.add_enterprise` says which there are."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.workspace_members import known_users
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.enterprise_records import StoredEnterprise

ROLES = ("enterprise_admin", "enterprise_member")
MOST_MEMBERS = 100


def _managed(backend: Backend, request: IncomingRequest) -> StoredEnterprise:
    """Return the enterprise in the path; 4200 if there is none, 4101 for who is no admin of it."""
    enterprise = backend.state.get(StoredEnterprise, request.values["enterprise_id"])
    if enterprise is None:
        raise ApiError(4200, "the enterprise does not exist")
    if request.account not in enterprise.admins:
        raise ApiError(4101, "only admins manage an enterprise")
    return enterprise


def _role(given: Fields) -> str:
    return given.choice("role", ROLES, "")


async def add(backend: Backend, request: IncomingRequest) -> Reply:
    """Add one user; 777074011 where the standard plan's 100 members are reached."""
    enterprise, users = _managed(backend, request), request.body.objects("users")
    if len(users) != 1:
        raise ApiError(4000, "users must have one user")
    user, role = users[0].text("user_id"), _role(users[0])
    if user not in known_users(backend):
        raise ApiError(4200, f"user {user}")
    if user not in enterprise.members and 1 + len(enterprise.members) >= MOST_MEMBERS:
        raise ApiError(777074011)
    return _save(backend, enterprise, {**enterprise.members, user: role})


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    enterprise, role = _managed(backend, request), _role(request.body)
    return _save(backend, enterprise, {**enterprise.members, _member(enterprise, request): role})


async def remove(backend: Backend, request: IncomingRequest) -> Reply:
    """Remove a member, whose things an admin gets."""
    enterprise, receiver = _managed(backend, request), request.body.text("receiver_user_id")
    removed = _member(enterprise, request)
    if receiver == removed or receiver not in enterprise.admins:
        raise ApiError(4000, "receiver_user_id must be an admin of the enterprise")
    left = {user: role for user, role in enterprise.members.items() if user != removed}
    return _save(backend, enterprise, left)


def _member(enterprise: StoredEnterprise, request: IncomingRequest) -> str:
    """Return the user in the path; 4101 for the super admin, 4200 for who is no member."""
    user = request.values["user_id"]
    if user == enterprise.account:
        raise ApiError(4101, "the super admin stays")
    if user not in enterprise.members:
        raise ApiError(4200, f"user {user} is not in the enterprise")
    return user


def _save(backend: Backend, enterprise: StoredEnterprise, members: dict[str, str]) -> Reply:
    backend.state.save(replace(enterprise, members=members))
    return JsonReply()


MEMBERS = "/v1/enterprises/{enterprise_id}/members"
ENDPOINTS = (
    Endpoint("POST", MEMBERS, ("Enterprise.batchAddPeople",), add),
    Endpoint("PUT", f"{MEMBERS}/{{user_id}}", ("Enterprise.updatePeople",), update),
    Endpoint("DELETE", f"{MEMBERS}/{{user_id}}", ("Enterprise.removePeople",), remove),
)
