"""Routes of apps: list those of `Emulator.add_app`; on coze-studio, retrieve one that a workflow names by its id."""

from __future__ import annotations

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import MANY, IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.not_implemented import not_implemented_reply
from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.routes.workspace_members import workspace_of
from coze_client.emulator.state.app_records import StoredApp
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import API_CHANNEL

NO_PERMISSION = 101000001
ONLINE, CHANGED, UNPUBLISHED = "published_online", "published_draft", "unpublished_draft"


def app_of(backend: Backend, request: IncomingRequest, app_id: str) -> StoredApp:
    """Return an app of a workspace of the caller; 4200 for any other."""
    app = backend.state.get(StoredApp, app_id)
    if app is None:
        raise ApiError(4200, "the app does not exist")
    workspace_of(backend, request, app.workspace_id)
    return app


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List the apps of a workspace, oldest first; on a free plan, only of one that the caller owns."""
    query = request.query
    page, workspace = query.page(20, MANY), workspace_of(backend, request, query.text("workspace_id"))
    status = query.choice("publish_status", ("all", ONLINE, CHANGED, UNPUBLISHED), ONLINE)
    channel = query.optional("connector_id") or API_CHANNEL
    if backend.settings.plan == "free" and workspace.account != request.account:
        raise ApiError(4101, "a personal plan lists only the apps of workspaces that you own")
    apps = backend.state.owned(StoredApp, workspace.id)
    found = [each for each in apps if status in ("all", *_statuses(each, channel))]
    return JsonReply({"items": [_describe(each) for each in found[page]], "total": len(found)})


def _statuses(app: StoredApp, channel: str) -> list[str]:
    """Return the statuses of an app: online, perhaps with a changed draft, or in no channel at all."""
    if channel not in app.channels:
        return [] if app.channels else [UNPUBLISHED]
    return [ONLINE, CHANGED] if app.changed else [ONLINE]


def _describe(app: StoredApp) -> dict[str, object]:
    published = {"published_at": max(app.channels.values())} if app.channels else {}
    return {
        "id": app.id,
        "name": app.name,
        "description": app.description,
        "icon_url": "",
        "folder_id": app.folder_id,
        "is_published": bool(app.channels),
        "owner_user_id": app.account,
        "updated_at": app.updated_at,
        **published,
    }


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    """Return the app that is online in a channel; the studio's answer for any other is `null`."""
    if not backend.dialect.retrieves_apps:
        return await not_implemented_reply(backend, request)
    app_id = request.values["app_id"]
    title = next((workflow.title for workflow in backend.workflows.values() if workflow.app_id == app_id), None)
    if title is None:
        return json_reply(200, None)
    if request.account != ACCOUNT:
        msg = f"unauthorized access : user {request.account} does not have access to app {app_id}"
        return json_reply(200, {"code": NO_PERMISSION, "msg": msg})
    if request.query.optional("connector_id") != API_CHANNEL:
        return json_reply(200, None)
    app = {"app_id": app_id, "version": "v0.0.1", "name": title, "description": "", "icon_url": "", "variables": []}
    return json_reply(200, {"data": app, "BaseResp": None})


ENDPOINTS = (
    Endpoint("GET", "/v1/apps", ("listApp",), list_),
    Endpoint("GET", "/v1/apps/{app_id}", (), retrieve),
)
