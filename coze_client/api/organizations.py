"""Organizations of an enterprise, and the people in them.

API pages: update_organization_info, list_organization_people, add_organization_people, update_organization_people,
remove_organization_member. The top enterprise plan. Not on coze-studio.
"""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter
from typing import Literal

from coze_client.core.listed import ItemsOf, listed_by_number
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Pages
from coze_client.core.request import HARMLESS, Kind, Request, changes, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import read_nothing

_LARGEST_PAGE = 50

OrganizationRole = Literal["organization_super_admin", "organization_admin", "organization_member"]


class OrganizationMember(Model):
    """Somebody in an organization: ``people_type`` employee or guest; ``created_at`` is in unix seconds."""

    user_id: str = ""
    organization_role_type: str = ""
    people_type: str = ""
    user_nickname: str = ""
    user_unique_name: str = ""
    avatar_url: str = ""
    created_at: int | None = None
    is_valid: bool | None = None


class OrganizationMembers(Resource[ConcurrencyT]):
    """``client.organizations.members``: the people in an organization."""

    @paged
    def list(
        self, *, organization_id: str, page_size: int = _LARGEST_PAGE, concurrency: int = 1
    ) -> Pages[OrganizationMember]:
        """List the people in an organization, in pages of 1 to 50 (default 50).

        `concurrency`: how many pages to fetch at a time after the first. Permission: Account.listOrganizationPeople.
        API page: list_organization_people.
        """
        numbering = Numbering(page_size, concurrency, largest=_LARGEST_PAGE)
        return listed_by_number(
            _members(organization_id), ItemsOf(OrganizationMember), {}, attrgetter("user_id"), numbering
        )

    @call
    def create(
        self,
        *,
        organization_id: str,
        user_id: str,
        organization_role_type: OrganizationRole | Literal["organization_guest"],
    ) -> Request[None]:
        """Add somebody of the enterprise to an organization; a guest can only be a guest. No two calls at a time.

        Permission: batchAddOrganizationPeople. API page: add_organization_people.
        """
        people = [{"user_id": user_id, "organization_role_type": organization_role_type}]  # the API takes one
        body = {"organization_people": people}
        return Request("POST", _members(organization_id), read_nothing, body=body, kind=Kind.START, unanswered=HARMLESS)

    @call
    def update(self, *, organization_id: str, user_id: str, organization_role_type: OrganizationRole) -> Request[None]:
        """Change somebody's role in an organization; only a super admin's token makes super admins.

        Permission: updateOrganizationPeople. API page: update_organization_people.
        """
        path = f"{_members(organization_id)}/{segment(user_id)}"
        return Request("PUT", path, read_nothing, body={"organization_role_type": organization_role_type})

    @call
    def delete(self, *, organization_id: str, user_id: str, receiver_user_id: str) -> Request[None]:
        """Remove somebody from an organization; a super admin of it, `receiver_user_id`, gets what they made.

        Raises an APIError (777074044) for the last super admin. Permission: Account.removeOrganizationPeople. API page:
        remove_organization_member.
        """
        path = f"{_members(organization_id)}/{segment(user_id)}"
        body = {"receiver_user_id": receiver_user_id}
        return Request("DELETE", path, read_nothing, body=body, kind=Kind.START, unanswered=HARMLESS)


class Organizations(Resource[ConcurrencyT]):
    """``client.organizations``: rename an organization; ``client.enterprises.organizations`` creates and lists them."""

    @cached_property
    def members(self) -> OrganizationMembers[ConcurrencyT]:
        """``client.organizations.members``: the people in an organization."""
        return OrganizationMembers(self._session, self._concurrency)

    @call
    def update(self, *, organization_id: str, name: str | None = None, description: str | None = None) -> Request[None]:
        """Change the name (at most 30 characters) or the description (at most 100) of an organization.

        An empty text changes nothing. Raises ConfigurationError if neither is given. Permission:
        Account.updateOrganization. API page: update_organization_info.
        """
        body = changes(name=name, description=description)
        return Request("PUT", _organization(organization_id), read_nothing, body=body)


def _organization(organization_id: str) -> str:
    return f"/v1/organizations/{segment(organization_id)}"


def _members(organization_id: str) -> str:
    return f"{_organization(organization_id)}/members"
