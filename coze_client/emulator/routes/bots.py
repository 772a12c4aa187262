"""Bots: create, update, publish, unpublish, retrieve, list, and their versions."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.bot_drafts import (
    API_CHANNEL,
    FIRST_AGENT_ID,
    BotDraft,
    Settings,
    Version,
    all_drafts,
    find_draft,
    name_of,
)
from coze_client.emulator.routes.bot_settings import icon_url, read_settings, wire
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend

MANY = 2**31
LARGEST_PAGE_OF_VERSIONS = 30
LONGEST_REASON = 1024
OWN_CHANNELS = (API_CHANNEL, "999")
ONLINE, CHANGED, UNPUBLISHED = "published_online", "published_draft", "unpublished_draft"


def agent_of(backend: Backend, bot_id: str) -> BotDraft:
    """4006 if there is none."""
    agent = find_draft(backend, bot_id)
    if agent is None:
        raise Refusal(4006, f"there is no bot {bot_id}")
    return agent


def own_agent(backend: Backend, request: IncomingRequest, bot_id: str) -> BotDraft:
    """4101 if the bot is somebody else's."""
    agent = agent_of(backend, bot_id)
    if agent.account != request.account:
        raise Refusal(4101, f"bot {bot_id} belongs to another account")
    return agent


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    workspace_id = request.body.text("space_id")
    request.body.text("name")
    settings, now = read_settings(backend, request, with_knowledge=False), backend.now
    agent = BotDraft(backend.state.new_id(BotDraft, FIRST_AGENT_ID), request.account, workspace_id, now, now, settings)
    backend.state.save(agent)
    return JsonReply({"bot_id": agent.id})


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    """Changes the draft alone; what is given replaces what was there, as a whole."""
    agent = own_agent(backend, request, request.body.text("bot_id"))
    draft = {**agent.draft, **read_settings(backend, request, with_knowledge=True)}
    backend.state.save(replace(agent, draft=draft, updated_at=backend.now))
    return JsonReply()


async def publish(backend: Backend, request: IncomingRequest) -> Reply:
    agent = own_agent(backend, request, request.body.text("bot_id"))
    channels = request.body.texts("connector_ids")
    request.body.mapping("connectors")
    if not channels:
        raise Refusal(4000, "connector_ids is required")
    if API_CHANNEL not in channels and not set(channels) <= set(OWN_CHANNELS):
        raise Refusal(4000, f"a channel of your own needs the API channel {API_CHANNEL}, too")
    version = int(backend.clock() * 1000)
    while str(version) in agent.versions:
        version += 1
    backend.state.save(agent.published_as(str(version), channels, backend.now))
    return JsonReply({"bot_id": agent.id, "version": str(version)})


async def unpublish(backend: Backend, request: IncomingRequest) -> Reply:
    agent = own_agent(backend, request, request.values["bot_id"])
    channel = request.body.text("connector_id")
    if len(request.body.optional("unpublish_reason") or "") > LONGEST_REASON:
        raise Refusal(4000, f"unpublish_reason has at most {LONGEST_REASON} characters")
    if channel not in agent.channels:
        raise Refusal(4015, f"bot {agent.id} is not in channel {channel}")
    channels = {known: version for known, version in agent.channels.items() if known != channel}
    backend.state.save(replace(agent, channels=channels))
    return JsonReply()


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    """What is online, or the owner's draft."""
    bot_id = request.values["bot_id"]
    if request.query.choice("is_published", ("true", "false"), "true") == "true":
        return _online(backend, agent_of(backend, bot_id))
    agent = own_agent(backend, request, bot_id)
    return JsonReply(wire(backend, agent, agent.draft, ""))


async def retrieve_online(backend: Backend, request: IncomingRequest) -> Reply:
    return _online(backend, agent_of(backend, request.query.text("bot_id")))


def _online(backend: Backend, agent: BotDraft) -> JsonReply:
    online = agent.online()
    if online is None:
        raise Refusal(4015, f"bot {agent.id}")
    return JsonReply(wire(backend, agent, online["settings"], agent.channels[API_CHANNEL]))


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    query = request.query
    channel = query.optional("connector_id") or API_CHANNEL
    status = query.choice("publish_status", ("all", ONLINE, CHANGED, UNPUBLISHED), ONLINE)
    page, size = query.number("page_num", 1, 1, MANY), query.number("page_size", 20, 1, MANY)
    agents = _agents_in(backend, query.text("workspace_id"))
    found = [agent for agent in agents if status in ("all", *_statuses(agent, channel))]
    start = (page - 1) * size
    items = [_entry(backend, agent, channel, online=status == ONLINE) for agent in found[start : start + size]]
    return JsonReply({"items": items, "total": len(found)})


def _agents_in(backend: Backend, workspace_id: str) -> list[BotDraft]:
    return [agent for agent in all_drafts(backend) if agent.workspace_id == workspace_id]


def _statuses(agent: BotDraft, channel: str) -> list[str]:
    """A bot is online in a channel, perhaps with changes since; or it is in no channel at all."""
    version = agent.online(channel)
    if version is None:
        return [] if agent.channels else [UNPUBLISHED]
    return [ONLINE] if version["settings"] == agent.draft else [ONLINE, CHANGED]


def _entry(backend: Backend, agent: BotDraft, channel: str, *, online: bool) -> dict[str, object]:
    """As published where that was asked for, else as the draft is."""
    version = agent.online(channel)
    settings = version["settings"] if version and online else agent.draft
    published = {"published_at": version["created_at"]} if version else {}
    return {
        "id": agent.id,
        **_described(backend, settings),
        "folder_id": "",
        "is_published": bool(agent.channels),
        "updated_at": agent.updated_at,
        "owner_user_id": agent.account,
        **published,
    }


def _described(backend: Backend, settings: Settings) -> dict[str, object]:
    described = settings.get("description") or ""
    return {"name": name_of(settings), "description": described, "icon_url": icon_url(backend, settings)}


async def list_published(backend: Backend, request: IncomingRequest) -> Reply:
    """The older list: pages are numbered by page_index, times are texts."""
    query = request.query
    page, size = query.number("page_index", 1, 1, MANY), query.number("page_size", 20, 1, MANY)
    agents = _agents_in(backend, query.text("space_id"))
    found = [(agent, version) for agent in agents if (version := agent.online())]
    start = (page - 1) * size
    bots = [_older_entry(backend, agent, version) for agent, version in found[start : start + size]]
    return JsonReply({"space_bots": bots, "total": len(found)})


def _older_entry(backend: Backend, agent: BotDraft, version: Version) -> dict[str, object]:
    described = _described(backend, version["settings"])
    head = {"bot_id": agent.id, "bot_name": described.pop("name")}
    return {**head, **described, "publish_time": str(version["created_at"])}


async def versions(backend: Backend, request: IncomingRequest) -> Reply:
    """Newest first. Drafts have no versions of their own here."""
    query = request.query
    agent = agent_of(backend, request.values["bot_id"])
    status = query.choice("publish_status", (ONLINE, UNPUBLISHED), ONLINE)
    channel = query.optional("connector_id") or API_CHANNEL
    page = query.number("page_num", 1, 1, MANY)
    size = query.number("page_size", 10, 1, LARGEST_PAGE_OF_VERSIONS)
    items = [
        {
            "version": name,
            "changelog": "",
            "created_at": version["created_at"],
            "publish_status": ONLINE,
            "creator": {"id": agent.account, "name": "emulator"},
        }
        for name, version in reversed(agent.versions.items())
        if status == ONLINE and channel in version["channels"]
    ]
    start = (page - 1) * size
    return JsonReply({"items": items[start : start + size], "has_more": len(items) > start + size})


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
