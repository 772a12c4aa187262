"""Workspaces: list those of the caller, with the caller's role in each; create and rename them.

API pages: list_workspace, create_workspace, update_workspace_info. Not on coze-studio.
"""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from coze_client.api.workspaces.values import Workspace
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Page, Pages, numbered
from coze_client.core.request import Kind, Request, Unanswered, changes, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_nothing
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.workspaces.members import Members

_LARGEST_PAGE = 50
_LONGEST_NAME = 50
_LONGEST_DESCRIPTION = 2000
_UNANSWERED = Unanswered("workspaces.list shows whether the workspace exists")


class _WorkspacePage(Model):
    workspaces: tuple[Workspace, ...] = ()
    total_count: int | None = None


class _Created(Model):
    id: str = ""


class Workspaces(Resource[ConcurrencyT]):
    """``client.workspaces``: list the workspaces that the caller has joined, create and rename them."""

    @cached_property
    def members(self) -> Members[ConcurrencyT]:
        """``client.workspaces.members``: who belongs to a workspace."""
        from coze_client.api.workspaces.members import Members

        return Members(self._session, self._concurrency)

    @call
    def create(
        self,
        *,
        name: str,
        description: str,
        icon_file_id: str | None = None,
        coze_account_id: str | None = None,
        owner_uid: str | None = None,
    ) -> Request[str]:
        """Create a workspace and return its id. `name`: at most 50 characters, `description`: 2000.

        `icon_file_id`: of an uploaded picture. `coze_account_id`: the organization; not for personal plans.
        `owner_uid`: enterprise plans only; an employee of the organization, default the token's owner. Permission:
        createWorkspace. API page: create_workspace.
        """
        _check(name, description)
        body = fields(
            name=name,
            description=description,
            icon_file_id=icon_file_id,
            coze_account_id=coze_account_id,
            owner_uid=owner_uid,
        )
        return Request("POST", "/v1/workspaces", _read_id, body=body, kind=Kind.START, unanswered=_UNANSWERED)

    @call
    def update(self, *, workspace_id: str, name: str | None = None, description: str | None = None) -> Request[None]:
        """Rename a workspace, or describe it anew; an empty text changes nothing.

        A personal workspace cannot be changed. Raises ConfigurationError if neither is given. Permission:
        Workspace.update. API page: update_workspace_info.
        """
        _check(name, description)
        body = changes(name=name, description=description)
        return Request("PUT", f"/v1/workspaces/{segment(workspace_id)}", read_nothing, body=body)

    @paged
    def list(
        self,
        *,
        enterprise_id: str | None = None,
        user_id: str | None = None,
        coze_account_id: str | None = None,
        page_size: int = _LARGEST_PAGE,
        concurrency: int = 1,
    ) -> Pages[Workspace]:
        """List the workspaces of the caller, in pages of 1 to 50 (default 50).

        `enterprise_id`: those of an enterprise. `user_id` and `coze_account_id`: those of a member of an organization;
        give both or none. `concurrency`: how many pages to fetch at a time after the first. Permission: listWorkspace
        (else PermissionDenied, 4101). API page: list_workspace.
        """
        if bool(user_id) != bool(coze_account_id):
            raise ConfigurationError("user_id and coze_account_id must be given together (4000)")
        fixed = query(
            enterprise_id=enterprise_id, user_id=user_id, coze_account_id=coze_account_id, page_size=page_size
        )

        def page(number: int) -> Request[Page[Workspace]]:
            return Request("GET", "/v1/workspaces", _read_page, {**fixed, **query(page_num=number)})

        return numbered(page, attrgetter("id"), Numbering(page_size, concurrency, largest=_LARGEST_PAGE))


def _read_page(response: RawResponse) -> Page[Workspace]:
    found = Payload(_WorkspacePage)(response)
    return Page(found.workspaces, has_more=False, total=found.total_count)


def _read_id(response: RawResponse) -> str:
    return Payload(_Created, needed="id")(response).id


def _check(name: str | None, description: str | None) -> None:
    for field, text, most in (("name", name, _LONGEST_NAME), ("description", description, _LONGEST_DESCRIPTION)):
        if text is not None and len(text) > most:
            raise ConfigurationError(f"{field} has {len(text)} characters; Coze accepts at most {most}")
