"""Routes of bots: create, update, publish, unpublish, retrieve, list, and list versions."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import MANY, IncomingRequest
from coze_client.emulator.routes.bot_lookup import all_stored_bots, find_stored_bot
from coze_client.emulator.routes.bot_settings import describe_bot, icon_url, read_settings
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.studio_bot_info import retrieve_bot, retrieve_online_bot
from coze_client.emulator.state.app_records import may_change
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import (
    API_CHANNEL,
    FIRST_STORED_BOT_ID,
    BotSettings,
    BotVersion,
    StoredBot,
    name_of,
)

LARGEST_PAGE_OF_VERSIONS = 30
LONGEST_REASON = 1024
OWN_CHANNELS = (API_CHANNEL, "999")
ONLINE, CHANGED, UNPUBLISHED = "published_online", "published_draft", "unpublished_draft"


def bot_of(backend: Backend, bot_id: str) -> StoredBot:
    """Return the record of a bot; 4006 if there is none."""
    bot = find_stored_bot(backend, bot_id)
    if bot is None:
        raise ApiError(4006, f"there is no bot {bot_id}")
    return bot


def own_bot(backend: Backend, request: IncomingRequest, bot_id: str) -> StoredBot:
    """Return the record of a bot that the caller owns, or is a collaborator of; 4101 for anybody else."""
    bot = bot_of(backend, bot_id)
    if not may_change(backend.state, bot.id, bot.account, request.account):
        raise ApiError(4101, f"bot {bot_id} belongs to another account")
    return bot


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    workspace_id = request.body.text("space_id")
    request.body.text("name")
    settings, now = read_settings(backend, request, with_knowledge=False), backend.now
    bot = StoredBot(
        backend.state.new_id(StoredBot, FIRST_STORED_BOT_ID), request.account, workspace_id, now, now, settings
    )
    backend.state.save(bot)
    return JsonReply({"bot_id": bot.id})


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    """Change only the draft; each given setting replaces the old one as a whole."""
    bot = own_bot(backend, request, request.body.text("bot_id"))
    draft = {**bot.draft, **read_settings(backend, request, with_knowledge=True)}
    backend.state.save(replace(bot, draft=draft, updated_at=backend.now))
    return JsonReply()


async def publish(backend: Backend, request: IncomingRequest) -> Reply:
    bot = own_bot(backend, request, request.body.text("bot_id"))
    channels = request.body.texts("connector_ids")
    request.body.mapping("connectors")
    if not channels:
        raise ApiError(4000, "connector_ids is required")
    if API_CHANNEL not in channels and not set(channels) <= set(OWN_CHANNELS):
        raise ApiError(4000, f"a channel of your own needs the API channel {API_CHANNEL}, too")
    version = int(backend.clock() * 1000)
    while str(version) in bot.versions:
        version += 1
    backend.state.save(bot.published_as(str(version), channels, backend.now))
    return JsonReply({"bot_id": bot.id, "version": str(version)})


async def unpublish(backend: Backend, request: IncomingRequest) -> Reply:
    bot = own_bot(backend, request, request.values["bot_id"])
    channel = request.body.text("connector_id")
    if len(request.body.optional("unpublish_reason") or "") > LONGEST_REASON:
        raise ApiError(4000, f"unpublish_reason has at most {LONGEST_REASON} characters")
    if channel not in bot.channels:
        raise ApiError(4015, f"bot {bot.id} is not in channel {channel}")
    channels = {known: version for known, version in bot.channels.items() if known != channel}
    backend.state.save(replace(bot, channels=channels))
    return JsonReply()


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    """Return the online version, or the draft to its owner."""
    if backend.dialect.online_bots_only:
        return retrieve_bot(backend, request)
    bot_id = request.values["bot_id"]
    if request.query.choice("is_published", ("true", "false"), "true") == "true":
        return _online(backend, bot_of(backend, bot_id))
    bot = own_bot(backend, request, bot_id)
    return JsonReply(describe_bot(backend, bot, bot.draft, ""))


async def retrieve_online(backend: Backend, request: IncomingRequest) -> Reply:
    if backend.dialect.online_bots_only:
        return retrieve_online_bot(backend, request)
    return _online(backend, bot_of(backend, request.query.text("bot_id")))


def _online(backend: Backend, bot: StoredBot) -> JsonReply:
    online = bot.online()
    if online is None:
        raise ApiError(4015, f"bot {bot.id}")
    return JsonReply(describe_bot(backend, bot, online["settings"], bot.channels[API_CHANNEL]))


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    query = request.query
    channel = query.optional("connector_id") or API_CHANNEL
    status = query.choice("publish_status", ("all", ONLINE, CHANGED, UNPUBLISHED), ONLINE)
    page = query.page(20, MANY)
    bots = _bots_in(backend, query.text("workspace_id"))
    found = [bot for bot in bots if status in ("all", *_statuses(bot, channel))]
    items = [_entry(backend, bot, channel, online=status == ONLINE) for bot in found[page]]
    return JsonReply({"items": items, "total": len(found)})


def _bots_in(backend: Backend, workspace_id: str) -> list[StoredBot]:
    return [bot for bot in all_stored_bots(backend) if bot.workspace_id == workspace_id]


def _statuses(bot: StoredBot, channel: str) -> list[str]:
    """Return the statuses of a bot: online, perhaps with a changed draft, or in no channel at all."""
    version = bot.online(channel)
    if version is None:
        return [] if bot.channels else [UNPUBLISHED]
    return [ONLINE] if version["settings"] == bot.draft else [ONLINE, CHANGED]


def _entry(backend: Backend, bot: StoredBot, channel: str, *, online: bool) -> dict[str, object]:
    """Return the list entry, with the published settings if `online`, or else with the draft's."""
    version = bot.online(channel)
    settings = version["settings"] if version and online else bot.draft
    published = {"published_at": version["created_at"]} if version else {}
    return {
        "id": bot.id,
        **_described(backend, settings),
        "folder_id": "",
        "is_published": bool(bot.channels),
        "updated_at": bot.updated_at,
        "owner_user_id": bot.account,
        **published,
    }


def _described(backend: Backend, settings: BotSettings) -> dict[str, object]:
    described = settings.get("description") or ""
    return {"name": name_of(settings), "description": described, "icon_url": icon_url(backend, settings)}


async def list_published(backend: Backend, request: IncomingRequest) -> Reply:
    """The older list: page_index numbers the pages, times are strings."""
    query = request.query
    page = query.page(20, MANY, "page_index")
    bots = _bots_in(backend, query.text("space_id"))
    found = [(bot, version) for bot in bots if (version := bot.online())]
    entries = [_older_entry(backend, bot, version) for bot, version in found[page]]
    return JsonReply({"space_bots": entries, "total": len(found)})


def _older_entry(backend: Backend, bot: StoredBot, version: BotVersion) -> dict[str, object]:
    described = _described(backend, version["settings"])
    head = {"bot_id": bot.id, "bot_name": described.pop("name")}
    return {**head, **described, "publish_time": str(version["created_at"])}


async def versions(backend: Backend, request: IncomingRequest) -> Reply:
    """List the versions, newest first; the emulator has no versions of drafts."""
    query = request.query
    bot = bot_of(backend, request.values["bot_id"])
    status = query.choice("publish_status", (ONLINE, UNPUBLISHED), ONLINE)
    channel = query.optional("connector_id") or API_CHANNEL
    page = query.page(10, LARGEST_PAGE_OF_VERSIONS)
    items = [
        {
            "version": name,
            "changelog": "",
            "created_at": version["created_at"],
            "publish_status": ONLINE,
            "creator": {"id": bot.account, "name": "emulator"},
        }
        for name, version in reversed(bot.versions.items())
        if status == ONLINE and channel in version["channels"]
    ]
    return JsonReply({"items": items[page], "has_more": len(items) > page.stop})


ENDPOINTS = (
    Endpoint("POST", "/v1/bot/create", ("createBot",), create),
    Endpoint("POST", "/v1/bot/update", ("edit",), update),
    Endpoint("POST", "/v1/bot/publish", ("publish",), publish),
    Endpoint("GET", "/v1/bot/get_online_info", ("getMetadata",), retrieve_online),
    Endpoint("GET", "/v1/bots", ("listBot",), list_),
    Endpoint("GET", "/v1/bots/{bot_id}", ("getMetadata",), retrieve),
    Endpoint("POST", "/v1/bots/{bot_id}/unpublish", ("disconnectBot",), unpublish),
    Endpoint("GET", "/v1/bots/{bot_id}/versions", ("Bot.listVersion",), versions),
    Endpoint("GET", "/v1/space/published_bots_list", ("getPublishedBot",), list_published),
)
