"""The stored record of a bot: its draft and its published versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from typing_extensions import TypedDict

from coze_client.emulator.protocol.request import Fields

FIRST_STORED_BOT_ID = 7352000000000000001
API_CHANNEL = "1024"
BotSettings = dict[str, object]


class BotVersion(TypedDict):
    """Published settings, and the connector ids of the channels in which they were published."""

    settings: BotSettings
    channels: list[str]
    created_at: int


@dataclass(frozen=True)
class StoredBot:
    """A bot; its settings have the format of update_bot; `versions` has the newest last; times are Unix seconds.

    `channels` maps the connector ids in which the bot is online now to the version that is online there.
    """

    KIND: ClassVar[str] = "Agent"

    id: str
    account: str
    workspace_id: str
    created_at: int
    updated_at: int
    draft: BotSettings
    versions: dict[str, BotVersion] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return self.workspace_id

    def online(self, channel: str = API_CHANNEL) -> BotVersion | None:
        """Return the version that is online in a channel; None if the bot is not published there."""
        return self.versions.get(self.channels.get(channel, ""))

    def published_as(self, version: str, channels: list[str], now: int) -> StoredBot:
        """Return the bot with its draft published as a version in these channels."""
        published = BotVersion(settings=self.draft, channels=channels, created_at=now)
        return replace(
            self,
            versions={**self.versions, version: published},
            channels={**self.channels, **dict.fromkeys(channels, version)},
        )


def name_of(settings: Mapping[str, object]) -> str:
    """Return the name in a bot's settings; empty if there is none."""
    return Fields(settings).optional("name") or ""


def knowledge_of(settings: Mapping[str, object]) -> tuple[tuple[str, ...], bool]:
    """Return the dataset ids of a bot, and whether it searches them before every answer."""
    knowledge = Fields(Fields(settings).mapping("knowledge"))
    return tuple(knowledge.texts("dataset_ids")), knowledge.flag("auto_call", default=True)
