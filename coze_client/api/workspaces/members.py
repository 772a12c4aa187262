"""The members of a workspace.

API pages: list_space_member, add_space_member, remove_space_member. Not on coze-studio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from coze_client.api.workspaces.values import AddedMembers, MemberRole, RemovedMembers, WorkspaceMember
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Page, Pages, numbered
from coze_client.core.request import Kind, Request, Unanswered, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse
from coze_client.errors import ConfigurationError

_LARGEST_PAGE = 50
_MOST_ADDED = 20
_MOST_REMOVED = 5
_UNANSWERED = Unanswered("workspaces.members.list shows who is a member")


class _MemberPage(Model):
    items: tuple[WorkspaceMember, ...] = ()
    total_count: int | None = None


class Members(Resource[ConcurrencyT]):
    """``client.workspaces.members``: list the members of a workspace, add and remove them."""

    @paged
    def list(
        self, *, workspace_id: str, page_size: int = _LARGEST_PAGE, concurrency: int = 1
    ) -> Pages[WorkspaceMember]:
        """List the members of a workspace, in pages of 1 to 50 (default 50).

        `concurrency`: how many pages to fetch at a time after the first. Permission: readMember. API page:
        list_space_member.
        """
        path = _path(workspace_id)

        def page(number: int) -> Request[Page[WorkspaceMember]]:
            return Request("GET", path, _read_page, query(page_size=page_size, page_num=number))

        return numbered(page, attrgetter("user_id"), Numbering(page_size, concurrency, largest=_LARGEST_PAGE))

    @call
    def create(self, *, workspace_id: str, users: Mapping[str, MemberRole]) -> Request[AddedMembers]:
        """Add 1 to 20 users: the id of each, and its role (admin or member). The result says what became of each.

        Raises an APIError with code 702042162 if a user is not in the enterprise, 702042018 if the workspace is full.
        Permission: addMember. API page: add_space_member.
        """
        _check("users", users, _MOST_ADDED)
        body = {"users": [{"user_id": user_id, "role_type": role} for user_id, role in users.items()]}
        return Request(
            "POST", _path(workspace_id), Payload(AddedMembers), body=body, kind=Kind.START, unanswered=_UNANSWERED
        )

    @call
    def delete(self, *, workspace_id: str, user_ids: Sequence[str]) -> Request[RemovedMembers]:
        """Remove 1 to 5 members. What they own goes to the owner, who cannot be removed. The result tells of each.

        Permission: removeMember. API page: remove_space_member.
        """
        _check("user_ids", user_ids, _MOST_REMOVED)
        body = {"user_ids": list(user_ids)}
        return Request(
            "DELETE", _path(workspace_id), Payload(RemovedMembers), body=body, kind=Kind.START, unanswered=_UNANSWERED
        )


def _path(workspace_id: str) -> str:
    return f"/v1/workspaces/{segment(workspace_id)}/members"


def _check(name: str, users: Mapping[str, MemberRole] | Sequence[str], most: int) -> None:
    if isinstance(users, str) or not 1 <= len(users) <= most:
        raise ConfigurationError(f"{name} must be 1 to {most} users")


def _read_page(response: RawResponse) -> Page[WorkspaceMember]:
    found = Payload(_MemberPage)(response)
    return Page(found.items, has_more=False, total=found.total_count)
