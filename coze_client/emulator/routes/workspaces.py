"""The route of workspaces; the emulator has one."""

from __future__ import annotations

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.workflows import WORKSPACE

LARGEST_PAGE = 50


async def list_(_backend: Backend, request: IncomingRequest) -> Reply:
    """List the workspace; the account of the emulator's own token owns it, and all others are members."""
    query = request.query
    page = query.page(20, LARGEST_PAGE)
    if bool(query.optional("user_id")) != bool(query.optional("coze_account_id")):
        raise ApiError(4000, "user_id and coze_account_id must be given together")
    workspace = {
        "id": WORKSPACE,
        "name": "Emulated workspace",
        "icon_url": "",
        "role_type": "owner" if request.account == ACCOUNT else "member",
        "workspace_type": "team",
        "enterprise_id": "",
    }
    return JsonReply({"workspaces": [workspace][page], "total_count": 1})


ENDPOINTS = (Endpoint("GET", "/v1/workspaces", ("listWorkspace",), list_),)
