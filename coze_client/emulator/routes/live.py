"""The route of live sounds; `Emulator.add_live` says which there are."""

from __future__ import annotations

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend

APP_ID = "668fd1a3c1e0a30174da5b7c"


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    """Return the streams of a live sound; the code of an unknown one is inferred."""
    live_id = request.values["live_id"]
    if live_id not in backend.lives:
        raise ApiError(4200, "live_id")
    streams = [
        {"stream_id": f"{live_id}_{number}", "name": name, "live_type": kind}
        for number, (name, kind) in enumerate(backend.lives[live_id].items(), 1)
    ]
    return JsonReply({"app_id": APP_ID, "stream_infos": streams})


ENDPOINTS = (Endpoint("GET", "/v1/audio/live/{live_id}", (), retrieve),)
