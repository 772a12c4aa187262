"""The route of apps; only coze-studio's is emulated. An app exists if a workflow has its id."""

from __future__ import annotations

from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.not_implemented import not_implemented_reply
from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import API_CHANNEL

NO_PERMISSION = 101000001


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


ENDPOINTS = (Endpoint("GET", "/v1/apps/{app_id}", (), retrieve),)
