"""Bots as coze-studio shows them: only as they are online, to their creator, with names and numbers of its own."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from coze_client.emulator.protocol.api_error import ApiError, GoError
from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.routes.bot_lookup import find_stored_bot
from coze_client.emulator.routes.bot_settings import describe_bot
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import API_CHANNEL, StoredBot

NOT_THE_CREATOR = GoError(110000001, "unauthorized access : agent not own")
RESPONSE_FORMATS = ("text", "markdown", "json")
PLAIN_FAILURE = json_reply(500, {"code": 500, "msg": "internal server error"})


def retrieve_bot(backend: Backend, request: IncomingRequest) -> Reply:
    """Return a bot; is_published has no effect."""
    return JsonReply(_online_bot(backend, request, request.values["bot_id"], request.query.optional("connector_id")))


def retrieve_online_bot(backend: Backend, request: IncomingRequest) -> Reply:
    """Return a bot without code and msg; without connector_id the server fails."""
    bot_id, channel = request.query.text("bot_id"), request.query.optional("connector_id") or ""
    if not channel.isdecimal():
        return PLAIN_FAILURE
    return json_reply(200, _online_bot(backend, request, bot_id, channel))


def _online_bot(backend: Backend, request: IncomingRequest, bot_id: str, channel: str | None) -> dict[str, object]:
    channel = API_CHANNEL if channel in (None, "", "0") else channel
    bot = find_stored_bot(backend, bot_id)
    online = bot.online(channel) if bot else None
    if bot is None or online is None:
        text = f"invalid parameter : agent not published, agentID={bot_id} connectorID={channel}"
        raise ApiError(4015, studio=GoError(100000000, text))
    if bot.account != request.account:
        raise ApiError(4101, studio=NOT_THE_CREATOR)
    return _describe(backend, bot, online["settings"], bot.channels[channel])


def _describe(backend: Backend, bot: StoredBot, settings: Mapping[str, object], version: str) -> dict[str, object]:
    shown = Fields(describe_bot(backend, bot, settings, version))
    return {
        **{name: shown.values[name] for name in ("bot_id", "name", "description", "icon_url")},
        "create_time": 0,
        "update_time": 0,
        "version": version,
        "prompt_info": shown.mapping("prompt_info"),
        "onboarding_info": shown.mapping("onboarding_info"),
        "bot_mode": 0,
        "model_info": _model(shown.mapping("model_info")),
        "plugin_info_list": list(chain.from_iterable(_tools(plugin) for plugin in shown.objects("plugin_info_list"))),
        "workflow_info_list": [_workflow(workflow) for workflow in shown.objects("workflow_info_list")],
        "shortcut_commands": None,
        "default_user_input_type": "",
        "suggest_reply_info": None,
        "background_image_info": None,
        "variables": None,
    }


def _model(model: Mapping[str, object]) -> dict[str, object]:
    """Return the model's settings: how answers look is a number, and the rounds are within a policy."""
    fields = Fields(model)
    kept = {name: model[name] for name in ("model_id", "temperature", "max_tokens", "top_p", "top_k") if name in model}
    rounds, form = (
        fields.number("context_round", 3, 0, 2**31),
        fields.choice("response_format", RESPONSE_FORMATS, "text"),
    )
    policy = {"context_mode": 0, "history_round": rounds}
    return {**kept, "short_memory_policy": policy, "response_format": RESPONSE_FORMATS.index(form)}


def _tools(plugin: Fields) -> list[dict[str, object]]:
    """Return one entry for each tool of a plugin."""
    plugin_id = plugin.text("plugin_id")
    return [
        {"plugin_id": plugin_id, "api_id": tool.text("api_id"), "api_name": tool.optional("name") or ""}
        for tool in plugin.objects("api_info_list")
    ]


def _workflow(workflow: Fields) -> dict[str, object]:
    name, description = workflow.optional("name") or "", workflow.optional("description") or ""
    return {"workflow_id": workflow.text("id"), "workflow_name": name, "desc": description}
