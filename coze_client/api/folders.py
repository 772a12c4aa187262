"""Folders: how a workspace sorts its bots, apps and workflows.

API pages: workspace_list_folder, workspace_read_folder. Not on coze-studio.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Literal

from coze_client.core.listed import ItemsOf, listed_by_number
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Pages
from coze_client.core.request import Request, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload

_LARGEST_PAGE = 50

FolderType = Literal["development", "library"]


class Folder(Model):
    """A folder; ``parent_folder_id`` is "" at the root, and only a listing has ``children_count``."""

    id: str = ""
    name: str = ""
    description: str = ""
    workspace_id: str = ""
    creator_user_id: str = ""
    folder_type: str = ""
    parent_folder_id: str = ""
    children_count: int | None = None


class Folders(Resource[ConcurrencyT]):
    """``client.folders``: the folders of a workspace."""

    @paged
    def list(
        self,
        *,
        workspace_id: str,
        folder_type: FolderType,
        parent_folder_id: str | None = None,
        page_size: int = _LARGEST_PAGE,
        concurrency: int = 1,
    ) -> Pages[Folder]:
        """List the folders in one folder, by default the root, in pages of 1 to 50 (default 50).

        `folder_type`: "development"; the documentation names no other, the SDKs also "library". `parent_folder_id`: a
        folder whose folders to list; deeper ones need a call each. `concurrency`: how many pages to fetch at a time
        after the first. Permission: listFolder. API page: workspace_list_folder.
        """
        params = query(workspace_id=workspace_id, folder_type=folder_type, parent_folder_id=parent_folder_id)
        numbering = Numbering(page_size, concurrency, largest=_LARGEST_PAGE)
        return listed_by_number("/v1/folders", ItemsOf(Folder), params, attrgetter("id"), numbering)

    @call
    def retrieve(self, *, folder_id: str) -> Request[Folder]:
        """Retrieve a folder, without ``children_count``. Permission: readFolder. API page: workspace_read_folder."""
        return Request("GET", f"/v1/folders/{segment(folder_id)}", Payload(Folder, needed="id"))
