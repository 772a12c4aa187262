"""The route of templates; `Emulator.add_template` says which there are."""

from __future__ import annotations

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.bot_lookup import find_stored_bot
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import FIRST_STORED_BOT_ID, StoredBot


async def duplicate(backend: Backend, request: IncomingRequest) -> Reply:
    """Make a draft with the settings of the template's bot; the code of an unknown template is inferred."""
    workspace_id, name = request.body.text("workspace_id"), request.body.optional("name")
    bot = find_stored_bot(backend, backend.templates.get(request.values["template_id"], ""))
    if bot is None:
        raise ApiError(4200, "template_id")
    settings = {**bot.draft, "name": name} if name else bot.draft
    bot_id, now = backend.state.new_id(StoredBot, FIRST_STORED_BOT_ID), backend.now
    backend.state.save(StoredBot(bot_id, request.account, workspace_id, now, now, settings))
    return JsonReply({"entity_id": bot_id, "entity_type": "agent"})


ENDPOINTS = (Endpoint("POST", "/v1/templates/{template_id}/duplicate", (), duplicate),)
