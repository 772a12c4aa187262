"""Bots as the API makes and changes them: a draft, and what of it was published where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from typing_extensions import TypedDict

from coze_client.emulator.protocol.request import Fields
from coze_client.emulator.routes.oauth.auth import ACCOUNT
from coze_client.emulator.scripting.bot import ScriptedBot
from coze_client.emulator.scripting.standard_bots import default_script
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.workflows import WORKSPACE

FIRST_AGENT_ID = 7352000000000000001
API_CHANNEL = "1024"
Settings = dict[str, object]


class Version(TypedDict):
    """Settings that were published, in channels by their connector ids."""

    settings: Settings
    channels: list[str]
    created_at: int


@dataclass(frozen=True)
class BotDraft:
    """Settings are as update_bot takes them; `versions` has the newest last, times are Unix seconds.

    `channels` are the connector ids where it is online now, with the version there.
    """

    id: str
    account: str
    workspace_id: str
    created_at: int
    updated_at: int
    draft: Settings
    versions: dict[str, Version] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return self.workspace_id

    def online(self, channel: str = API_CHANNEL) -> Version | None:
        """What the channel shows; None where the bot is not published."""
        return self.versions.get(self.channels.get(channel, ""))

    def published_as(self, version: str, channels: list[str], now: int) -> BotDraft:
        """The agent with its draft as a version in these channels."""
        published = Version(settings=self.draft, channels=channels, created_at=now)
        return replace(
            self,
            versions={**self.versions, version: published},
            channels={**self.channels, **dict.fromkeys(channels, version)},
        )


def find_draft(backend: Backend, bot_id: str) -> BotDraft | None:
    """The agent, also of a bot that was scripted and never changed by the API."""
    scripted = backend.bots.get(bot_id)
    return backend.state.get(BotDraft, bot_id) or (_scripted(scripted) if scripted else None)


def all_drafts(backend: Backend) -> list[BotDraft]:
    """In the order of their ids."""
    scripted = [_scripted(bot) for bot in backend.bots.values()]
    known = {agent.id: agent for agent in [*scripted, *backend.state.all(BotDraft)]}
    return [known[bot_id] for bot_id in sorted(known)]


def bots_with(backend: Backend, dataset_id: str) -> int:
    """How many have it in their drafts."""
    return sum(dataset_id in knowledge_of(agent.draft)[0] for agent in all_drafts(backend))


def _scripted(bot: ScriptedBot) -> BotDraft:
    knowledge = {"dataset_ids": list(bot.dataset_ids), "auto_call": bot.auto_call}
    agent = BotDraft(
        bot.id, ACCOUNT, WORKSPACE, bot.created_at, bot.created_at, {"name": bot.name, "knowledge": knowledge}
    )
    return agent.published_as(f"{bot.created_at}000", [API_CHANNEL], bot.created_at) if bot.published else agent


def find_bot(backend: Backend, bot_id: str, *, draft: bool = False, version: str | None = None) -> ScriptedBot | None:
    """The bot that chats: what is online, the draft, or a version (None also if there is no such version)."""
    scripted, agent = backend.bots.get(bot_id), find_draft(backend, bot_id)
    if agent is None or (version and version not in agent.versions):
        return None
    online = agent.versions[version] if version else agent.online()
    settings = agent.draft if draft or online is None else online["settings"]
    dataset_ids, auto_call = knowledge_of(settings)
    bot = scripted or ScriptedBot(bot_id, "", default_script(dataset_ids))
    published = agent.online() is not None
    return replace(bot, name=name_of(settings), published=published, dataset_ids=dataset_ids, auto_call=auto_call)


def name_of(settings: Mapping[str, object]) -> str:
    return Fields(settings).optional("name") or ""


def knowledge_of(settings: Mapping[str, object]) -> tuple[tuple[str, ...], bool]:
    """The ids of the datasets, and whether they are looked into before every answer."""
    knowledge = Fields(Fields(settings).mapping("knowledge"))
    return tuple(knowledge.texts("dataset_ids")), knowledge.flag("auto_call", default=True)
