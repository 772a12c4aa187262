"""Routes of folders; `Emulator.add_folder` says which there are."""

from __future__ import annotations

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.workspace_members import workspace_of
from coze_client.emulator.state.app_records import StoredApp, StoredFolder
from coze_client.emulator.state.backend import Backend

LARGEST_PAGE = 50
ROOT = ("0", "", None)


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List the folders in a folder, by default the root, oldest first."""
    query = request.query
    page, kind = query.page(20, LARGEST_PAGE), query.choice("folder_type", ("development", "library"), "")
    workspace, parent = workspace_of(backend, request, query.text("workspace_id")), query.optional("parent_folder_id")
    folders = backend.state.owned(StoredFolder, workspace.id)
    if parent in ROOT:
        parent = ""
    elif parent not in [folder.id for folder in folders]:
        raise ApiError(4200, "parent_folder_id")
    found = [each for each in folders if (each.parent_folder_id, each.folder_type) == (parent, kind)]
    items = [{**_describe(each), "children_count": _count_children(backend, each)} for each in found[page]]
    return JsonReply({"items": items, "total_count": len(found), "has_more": page.stop < len(found)})


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    """Return a folder of a workspace of the caller; 4200 for any other."""
    folder = backend.state.get(StoredFolder, request.values["folder_id"])
    if folder is None:
        raise ApiError(4200, "the folder does not exist")
    workspace_of(backend, request, folder.workspace_id)
    return JsonReply(_describe(folder))


def _describe(folder: StoredFolder) -> dict[str, object]:
    parent = {"parent_folder_id": folder.parent_folder_id} if folder.parent_folder_id else {}
    return {
        "id": folder.id,
        "name": folder.name,
        "description": folder.description,
        "workspace_id": folder.workspace_id,
        "creator_user_id": folder.account,
        "folder_type": folder.folder_type,
        **parent,
    }


def _count_children(backend: Backend, folder: StoredFolder) -> int:
    """Count the folders and apps in a folder; the emulator's bots are in none."""
    parents = [each.parent_folder_id for each in backend.state.owned(StoredFolder, folder.workspace_id)]
    return [*parents, *(app.folder_id for app in backend.state.owned(StoredApp, folder.workspace_id))].count(folder.id)


ENDPOINTS = (
    Endpoint("GET", "/v1/folders", ("listFolder",), list_),
    Endpoint("GET", "/v1/folders/{folder_id}", ("readFolder",), retrieve),
)
