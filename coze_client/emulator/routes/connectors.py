"""The route of reviews: a channel says whether a bot passes; the emulator's tokens are of the API channel alone."""

from __future__ import annotations

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.bots import bot_of
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import API_CHANNEL
from coze_client.emulator.state.enterprise_records import StoredReview

PENDING, REJECTED = 1, 3


async def review(backend: Backend, request: IncomingRequest) -> Reply:
    """Keep the result of a review; 4101 for another channel than the token's, 4015 if the bot is not in it."""
    bot, body = bot_of(backend, request.values["bot_id"]), request.body
    if request.values["connector_id"] != API_CHANNEL:
        raise ApiError(4101, "the token is not of this channel")
    if bot.online() is None:
        raise ApiError(4015, f"bot {bot.id}")
    status, reason = body.number("audit_status", PENDING, PENDING, REJECTED), body.optional("reason") or ""
    backend.state.save(StoredReview(bot.id, status, reason))
    return JsonReply()


ENDPOINTS = (Endpoint("PUT", "/v1/connectors/{connector_id}/bots/{bot_id}", ("Connector.botUpdateProfile",), review),)
