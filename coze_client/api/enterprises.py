"""Enterprises: their staff, and their organizations. An enterprise's id is text like volcano_2101….

API pages: add_enterprise_member, update_enterprise_people, remove_enterprise_member, create_organization,
list_organization. Enterprise plans. Not on coze-studio.
"""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter
from typing import Literal

from coze_client.core.listed import ItemsOf, listed_by_number
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Pages
from coze_client.core.request import HARMLESS, Kind, Request, Unanswered, fields, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_nothing

_LARGEST_PAGE = 20

EnterpriseRole = Literal["enterprise_admin", "enterprise_member"]


class Organization(Model):
    """An organization of an enterprise."""

    organization_id: str = ""
    organization_name: str = ""
    organization_icon_url: str = ""
    is_default_organization: bool = False


class _CreatedOrganization(Model):
    organization_id: str = ""


class EnterpriseMembers(Resource[ConcurrencyT]):
    """``client.enterprises.members``: the staff of an enterprise. No two calls at a time."""

    @call
    def create(self, *, enterprise_id: str, user_id: str, role: EnterpriseRole) -> Request[None]:
        """Add somebody to the staff of an enterprise; guests cannot be added.

        Raises an APIError (777074011) where the standard plan's 100 members are reached. Permission:
        Enterprise.batchAddPeople. API page: add_enterprise_member.
        """
        body = {"users": [{"user_id": user_id, "role": role}]}  # the API takes exactly one
        return Request(
            "POST",
            f"{_enterprise(enterprise_id)}/members",
            read_nothing,
            body=body,
            kind=Kind.START,
            unanswered=HARMLESS,
        )

    @call
    def update(self, *, enterprise_id: str, user_id: str, role: EnterpriseRole) -> Request[None]:
        """Change somebody's role in an enterprise; guests cannot be changed.

        Permission: Enterprise.updatePeople. API page: update_enterprise_people.
        """
        path = f"{_enterprise(enterprise_id)}/members/{segment(user_id)}"
        return Request("PUT", path, read_nothing, body={"role": role})

    @call
    def delete(self, *, enterprise_id: str, user_id: str, receiver_user_id: str) -> Request[None]:
        """Remove somebody from an enterprise, after all its organizations.

        `receiver_user_id`: an admin or super admin, who gets what they made. Permission: Enterprise.removePeople. API
        page: remove_enterprise_member.
        """
        path = f"{_enterprise(enterprise_id)}/members/{segment(user_id)}"
        body = {"receiver_user_id": receiver_user_id}
        return Request("DELETE", path, read_nothing, body=body, kind=Kind.START, unanswered=HARMLESS)


class EnterpriseOrganizations(Resource[ConcurrencyT]):
    """``client.enterprises.organizations``: those of an enterprise; ``client.organizations`` changes one."""

    @call
    def create(
        self, *, enterprise_id: str, name: str, super_admin_user_id: str, description: str | None = None
    ) -> Request[str]:
        """Create an organization and return its id; an enterprise has at most 20. The top plan.

        `name`: at most 30 characters, `description`: at most 100. Permission: Enterprise.createOrganization. API page:
        create_organization.
        """
        body = fields(name=name, super_admin_user_id=super_admin_user_id, description=description)
        return Request(
            "POST",
            f"{_enterprise(enterprise_id)}/organizations",
            _read_id,
            body=body,
            kind=Kind.START,
            unanswered=Unanswered("client.enterprises.organizations.list shows whether it exists"),
        )

    @paged
    def list(self, *, enterprise_id: str, page_size: int = _LARGEST_PAGE, concurrency: int = 1) -> Pages[Organization]:
        """List the organizations of an enterprise, in pages of 1 to 20 (default 20).

        `concurrency`: how many pages to fetch at a time after the first. Permission: Enterprise.listOrganization. API
        page: list_organization.
        """
        numbering = Numbering(page_size, concurrency, largest=_LARGEST_PAGE)
        return listed_by_number(
            f"{_enterprise(enterprise_id)}/organizations",
            ItemsOf(Organization),
            {},
            attrgetter("organization_id"),
            numbering,
        )


class Enterprises(Resource[ConcurrencyT]):
    """``client.enterprises``: the staff and the organizations of an enterprise."""

    @cached_property
    def members(self) -> EnterpriseMembers[ConcurrencyT]:
        """``client.enterprises.members``: the staff of an enterprise."""
        return EnterpriseMembers(self._session, self._concurrency)

    @cached_property
    def organizations(self) -> EnterpriseOrganizations[ConcurrencyT]:
        """``client.enterprises.organizations``: the organizations of an enterprise."""
        return EnterpriseOrganizations(self._session, self._concurrency)


def _enterprise(enterprise_id: str) -> str:
    return f"/v1/enterprises/{segment(enterprise_id)}"


def _read_id(response: RawResponse) -> str:
    return Payload(_CreatedOrganization, needed="organization_id")(response).organization_id
