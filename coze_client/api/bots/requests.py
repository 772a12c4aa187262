"""The requests that create and update a bot, as values.

API pages: create_bot, update_bot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from coze_client.api.bots.values import (
    BotKnowledge,
    BotModelInfo,
    BotOnboardingInfo,
    BotPromptInfo,
    BotSuggestReplyInfo,
)
from coze_client.core.model import Model
from coze_client.core.request import HARMLESS, Kind, Request, Unanswered, check_changes
from coze_client.core.response import Payload, RawResponse, read_nothing
from coze_client.errors import ConfigurationError

LONGEST_NAME = 20
_MOST_DATASETS = 150


@dataclass(frozen=True, kw_only=True)
class BotContent:
    """The settings of a bot: the parameters of ``bots.create`` and ``bots.update``, as one value.

    Raises ConfigurationError for a name that is empty or too long, or for too many datasets.
    """

    name: str | None = None
    description: str | None = None
    icon_file_id: str | None = None
    prompt_info: BotPromptInfo | Mapping[str, object] | None = None
    onboarding_info: BotOnboardingInfo | Mapping[str, object] | None = None
    suggest_reply_info: BotSuggestReplyInfo | Mapping[str, object] | None = None
    model_info_config: BotModelInfo | Mapping[str, object] | None = None
    plugin_id_list: Mapping[str, object] | None = None
    workflow_id_list: Mapping[str, object] | None = None
    knowledge: BotKnowledge | Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        if self.knowledge is not None and len(_to_json(self.knowledge).get("dataset_ids") or ()) > _MOST_DATASETS:
            raise ConfigurationError(f"A bot can use at most {_MOST_DATASETS} datasets")
        if self.name is not None and not 1 <= len(self.name) <= LONGEST_NAME:
            raise ConfigurationError(f"A bot's name must have 1 to {LONGEST_NAME} characters: {self.name!r}")

    def create_request(self, workspace_id: str) -> Request[str]:
        """The request that creates the bot in a workspace; its result is the bot's id."""
        body = self._body(space_id=workspace_id)
        return Request(
            "POST",
            "/v1/bot/create",
            _read_id,
            body=body,
            kind=Kind.START,
            unanswered=Unanswered("client.bots.list shows whether the bot exists"),
        )

    def update_request(self, bot_id: str) -> Request[None]:
        """The request that updates the draft of a bot; raises ConfigurationError if nothing is given."""
        check_changes(**vars(self))
        return Request(
            "POST", "/v1/bot/update", read_nothing, body=self._body(bot_id=bot_id), kind=Kind.START, unanswered=HARMLESS
        )

    def _body(self, **ids: str) -> dict[str, object]:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**ids, **{name: _to_json(part) for name, part in given.items() if part is not None}}


def _to_json(part: Any) -> Any:  # text, a mapping, or one of the models of bots/values.py
    """Convert a setting to JSON: only fields that were set, and no unknown fields of a setting read from Coze."""
    if isinstance(part, Mapping):
        return dict(part)
    if not isinstance(part, Model):
        return part
    known = set(type(part).model_fields)
    return part.model_dump(mode="json", include=known, exclude_unset=True, exclude_none=True)


class _CreatedBot(Model):
    bot_id: str = ""


def _read_id(response: RawResponse) -> str:
    return Payload(_CreatedBot, needed="bot_id")(response).bot_id
