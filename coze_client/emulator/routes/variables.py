"""Routes of the variables of end users; `Emulator.add_variables` says which a bot or an app has."""

from __future__ import annotations

from collections.abc import Mapping

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.routes.bot_lookup import find_stored_bot
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.variable_records import StoredVariable

CHANNELS = ("1024", "999")


def _read_place(backend: Backend, request: IncomingRequest, given: Fields) -> tuple[Mapping[str, str], str]:
    """Return the defaults of the variables that are asked for, and what the values of this end user belong to."""
    bot_id, app_id = given.optional("bot_id"), given.optional("app_id")
    uid, channel = given.text("connector_uid"), given.choice("connector_id", CHANNELS, CHANNELS[0])
    if bool(bot_id) == bool(app_id):
        raise ApiError(4000, "either bot_id or app_id is required")
    if bot_id:
        _check_bot(backend, bot_id, channel)
    elif app_id not in backend.variables:
        raise ApiError(4200, "app_id")
    owner = bot_id or app_id or ""
    return backend.variables.get(owner, {}), f"{request.account}/{owner}/{channel}/{uid}"


def _check_bot(backend: Backend, bot_id: str, channel: str) -> None:
    bot = find_stored_bot(backend, bot_id)
    if bot is None:
        raise ApiError(4006)
    if bot.online(channel) is None:
        raise ApiError(4015)


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    """Return all variables of an end user, or those whose names are given; create_time 0 marks a default."""
    defaults, place = _read_place(backend, request, request.query)
    names = (request.query.optional("keywords") or "").split(",")
    values = {each.keyword: each for each in backend.state.owned(StoredVariable, place)}
    found = [name for name in defaults if names == [""] or name in names]
    return JsonReply({"items": [_describe(name, defaults[name], values.get(name)) for name in found]})


def _describe(name: str, default: str, stored: StoredVariable | None) -> dict[str, object]:
    if stored is None:
        return {"keyword": name, "value": default, "create_time": 0, "update_time": 0}
    return {
        "keyword": name,
        "value": stored.value,
        "create_time": stored.created_at,
        "update_time": stored.updated_at,
    }


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    """Set all given variables, or none if one of them does not exist."""
    defaults, place = _read_place(backend, request, request.body)
    given = {each.text("keyword"): each.optional("value") for each in request.body.objects("data")}
    if not given or None in given.values():
        raise ApiError(4000, "data must be a list of keywords with their values")
    if unknown := given.keys() - defaults.keys():
        raise ApiError(4000, f"the variable {min(unknown)} does not exist")
    for keyword, value in given.items():
        key = f"{place}/{keyword}"
        old = backend.state.get(StoredVariable, key)
        created_at = old.created_at if old else backend.now
        backend.state.save(StoredVariable(key, place, keyword, value or "", created_at, backend.now))
    return JsonReply()


ENDPOINTS = (
    Endpoint("GET", "/v1/variables", ("readVariable",), retrieve),
    Endpoint("PUT", "/v1/variables", ("updateVariable",), update),
)
