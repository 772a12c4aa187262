"""The route of rooms: what the request says is checked; no Volcano RTC is behind the answer."""

from __future__ import annotations

import secrets

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.routes.audio import find_voice
from coze_client.emulator.routes.bots import bot_of
from coze_client.emulator.routes.conversations import conversation_of
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.live import APP_ID
from coze_client.emulator.routes.workflow_runs import workflow_of
from coze_client.emulator.state.backend import Backend


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    """Open a room that no SDK can join; 4015 for a bot that is not published."""
    body = request.body
    bot = bot_of(backend, body.text("bot_id"))
    if bot.online(body.optional("connector_id") or "1024") is None:
        raise ApiError(4015, f"bot {bot.id}")
    _check_parts(backend, request)
    _check_config(Fields(body.mapping("config")))
    number = secrets.randbelow(9 * 10**17) + 10**17
    room = {"room_id": f"room_id_{number}", "uid": f"uid_{number}", "app_id": APP_ID}
    return JsonReply({**room, "token": f"001{secrets.token_urlsafe(48)}"})


def _check_parts(backend: Backend, request: IncomingRequest) -> None:
    """Check that the conversation, the voice and the workflow exist, if they are given."""
    body = request.body
    if conversation_id := body.optional("conversation_id"):
        conversation_of(backend, request, conversation_id)
    if voice_id := body.optional("voice_id"):
        find_voice(backend, request.account, voice_id)
    if workflow_id := body.optional("workflow_id"):
        workflow_of(backend, workflow_id)


def _check_config(config: Fields) -> None:
    audio, video = Fields(config.mapping("audio_config")), Fields(config.mapping("video_config"))
    audio.choice("codec", ("OPUS", "AACLC", "G711A", "G722"), "OPUS")
    video.choice("codec", ("H264", "BYTEVC1"), "H264")
    video.choice("stream_video_type", ("main", "screen"), "main")
    video.number("video_frame_rate", 1, 1, 24)
    video.number("video_frame_expire_duration", 1, 1, 10)
    config.number("prologue_delay_duration_ms", 500, 0, 5000)
    turns = ("server_vad", "client_vad", "client_interrupt", "semantic_vad")
    Fields(config.mapping("turn_detection")).choice("type", turns, "server_vad")
    if config.choice("room_mode", ("default", "s2s", "podcast", "translate"), "default") == "translate":
        languages = Fields(config.mapping("translate_config"))
        languages.text("from")
        languages.text("to")


ENDPOINTS = (Endpoint("POST", "/v1/audio/rooms", ("createRoom",), create),)
