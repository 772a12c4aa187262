"""Workspaces: list those of the caller, with the caller's role in each.

API page: list_workspace. Not on coze-studio.
"""

from __future__ import annotations

from operator import attrgetter

from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Page, Pages, numbered
from coze_client.core.request import Request, query
from coze_client.core.resource import ConcurrencyT, Resource, paged
from coze_client.core.response import Payload, RawResponse
from coze_client.errors import ConfigurationError

_LARGEST_PAGE = 50


class Workspace(Model):
    """A workspace. ``role_type`` owner, admin or member; ``workspace_type`` personal or team.

    The server may send other values.
    """

    id: str = ""
    name: str = ""
    icon_url: str = ""
    role_type: str = ""
    workspace_type: str = ""
    enterprise_id: str = ""
    description: str = ""
    owner_uid: str = ""
    admin_uids: tuple[str, ...] = ()
    joined_status: str = ""


class _WorkspacePage(Model):
    workspaces: tuple[Workspace, ...] = ()
    total_count: int | None = None


class Workspaces(Resource[ConcurrencyT]):
    """``client.workspaces``: list the workspaces that the caller has joined."""

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

        return numbered(page, Numbering(page_size, attrgetter("id"), concurrency, largest=_LARGEST_PAGE))


def _read_page(response: RawResponse) -> Page[Workspace]:
    found = Payload(_WorkspacePage)(response)
    return Page(found.workspaces, has_more=False, total=found.total_count)
