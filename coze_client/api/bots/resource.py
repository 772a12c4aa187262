"""Bots: agents that answer chats; create, change, publish and list them.

API pages: create_bot, update_bot, publish_bot, unpublish_agent, get_metadata_draft_published,
bots_list_draft_published, list_bot_versions, get_metadata, published_bots_list. The API cannot delete a bot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from coze_client.api.bots.requests import BotContent
from coze_client.api.bots.values import (
    Bot,
    BotEntry,
    BotKnowledge,
    BotModelInfo,
    BotOnboardingInfo,
    BotPromptInfo,
    BotSuggestReplyInfo,
    BotVersion,
)
from coze_client.api.chats.values import PublishStatus
from coze_client.core.listed import ItemsOf, listed_by_number
from coze_client.core.model import Model, convert
from coze_client.core.paging import Numbering, Page, Pages, by_number, check_page_size
from coze_client.core.request import HARMLESS, Kind, Request, Unanswered, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_envelope, read_nothing

if TYPE_CHECKING:
    from coze_client.api.collaborators import BotCollaborationModes, BotCollaborators

API_CHANNEL = "1024"
_DEFAULT_PAGE = 20  # the API's own default; its cap is not documented
_LARGEST_PAGE_OF_VERSIONS = 30

BotPublishStatus = Literal["all", "published_online", "published_draft", "unpublished_draft"]


class _PublishedBot(Model):
    version: str = ""


class _BotVersionPage(Model):
    items: tuple[BotVersion, ...] = ()
    has_more: bool = False


class Bots(Resource[ConcurrencyT]):
    """``client.bots``: create, change, publish and list bots, and read their settings; ``client.chats`` runs them."""

    @cached_property
    def collaborators(self) -> BotCollaborators[ConcurrencyT]:
        """``client.bots.collaborators``: who may change a bot beside its owner."""
        from coze_client.api.collaborators import BotCollaborators

        return BotCollaborators(self._session, self._concurrency)

    @cached_property
    def collaboration_modes(self) -> BotCollaborationModes[ConcurrencyT]:
        """``client.bots.collaboration_modes``: whether one person or several may change a bot."""
        from coze_client.api.collaborators import BotCollaborationModes

        return BotCollaborationModes(self._session, self._concurrency)

    @call
    def create(
        self,
        *,
        name: str,
        workspace_id: str,
        description: str | None = None,
        icon_file_id: str | None = None,
        prompt_info: BotPromptInfo | Mapping[str, object] | None = None,
        onboarding_info: BotOnboardingInfo | Mapping[str, object] | None = None,
        suggest_reply_info: BotSuggestReplyInfo | Mapping[str, object] | None = None,
        model_info_config: BotModelInfo | Mapping[str, object] | None = None,
        plugin_id_list: Mapping[str, object] | None = None,
        workflow_id_list: Mapping[str, object] | None = None,
    ) -> Request[str]:
        """Create a bot as a draft and return its id; ``publish`` makes it available, ``update`` binds datasets.

        `name`: 1 to 20 characters, else ConfigurationError. `prompt_info`: its instructions. `onboarding_info`: the
        opening of a dialogue. `suggest_reply_info`: suggested questions. `model_info_config`: its language model.
        `icon_file_id`: an uploaded image. `plugin_id_list`: ``{"id_list": [{"plugin_id": …, "api_id": …}]}``;
        `workflow_id_list`: ``{"ids": [{"id": …}]}``. API page: create_bot.
        """
        content = BotContent(
            name=name,
            description=description,
            icon_file_id=icon_file_id,
            prompt_info=prompt_info,
            onboarding_info=onboarding_info,
            suggest_reply_info=suggest_reply_info,
            model_info_config=model_info_config,
            plugin_id_list=plugin_id_list,
            workflow_id_list=workflow_id_list,
        )
        return content.create_request(workspace_id)

    @call
    def update(
        self,
        *,
        bot_id: str,
        name: str | None = None,
        description: str | None = None,
        icon_file_id: str | None = None,
        prompt_info: BotPromptInfo | Mapping[str, object] | None = None,
        onboarding_info: BotOnboardingInfo | Mapping[str, object] | None = None,
        suggest_reply_info: BotSuggestReplyInfo | Mapping[str, object] | None = None,
        model_info_config: BotModelInfo | Mapping[str, object] | None = None,
        plugin_id_list: Mapping[str, object] | None = None,
        workflow_id_list: Mapping[str, object] | None = None,
        knowledge: BotKnowledge | Mapping[str, object] | None = None,
    ) -> Request[None]:
        """Change the given settings in a bot's draft; published versions stay unchanged.

        `name`: 1 to 20 characters, else ConfigurationError. `prompt_info`: its instructions. `onboarding_info`: the
        opening of a dialogue. `suggest_reply_info`: suggested questions. `model_info_config`: its language model.
        `icon_file_id`: an uploaded image. `plugin_id_list`: ``{"id_list": [{"plugin_id": …, "api_id": …}]}``;
        `workflow_id_list`: ``{"ids": [{"id": …}]}``. `knowledge`: its ``dataset_ids`` replace all datasets of the bot,
        so retrieve the bot first to keep some; at most 150 datasets of Coze, not of Volcano, else ConfigurationError,
        which is raised if nothing is given, too. API page: update_bot.
        """
        content = BotContent(
            name=name,
            description=description,
            icon_file_id=icon_file_id,
            prompt_info=prompt_info,
            onboarding_info=onboarding_info,
            suggest_reply_info=suggest_reply_info,
            model_info_config=model_info_config,
            plugin_id_list=plugin_id_list,
            workflow_id_list=workflow_id_list,
            knowledge=knowledge,
        )
        return content.update_request(bot_id)

    @call
    def publish(
        self,
        *,
        bot_id: str,
        connector_ids: Sequence[str] = (API_CHANNEL,),
        connectors: Mapping[str, object] | None = None,
    ) -> Request[str]:
        """Publish the draft to channels and return its new version.

        `connector_ids`: "1024" API (default), "999" Chat SDK, or your own channels. `connectors`: settings of channels
        by channel id. API page: publish_bot.
        """
        body = fields(bot_id=bot_id, connector_ids=list(connector_ids), connectors=connectors)
        return Request(
            "POST",
            "/v1/bot/publish",
            _read_version,
            body=body,
            kind=Kind.START,
            unanswered=Unanswered("client.bots.versions lists what was published"),
        )

    @call
    def unpublish(
        self, *, bot_id: str, connector_id: str = API_CHANNEL, unpublish_reason: str | None = None
    ) -> Request[None]:
        """Remove a bot from a channel; only the bot's or the channel's owner may do it.

        `connector_id`: default "1024" (API). `unpublish_reason`: shown in the channel. API page: unpublish_agent.
        """
        body = fields(connector_id=connector_id, unpublish_reason=unpublish_reason)
        return Request(
            "POST", f"{_path(bot_id)}/unpublish", read_nothing, body=body, kind=Kind.START, unanswered=HARMLESS
        )

    @call
    def retrieve(self, *, bot_id: str, is_published: bool | None = None) -> Request[Bot]:
        """Retrieve the settings of a bot: the published version, or with ``is_published=False`` the draft.

        API page: get_metadata_draft_published.
        """
        return Request("GET", _path(bot_id), Payload(Bot, needed="bot_id"), query(is_published=is_published))

    @paged
    def list(
        self,
        *,
        workspace_id: str,
        publish_status: BotPublishStatus | None = None,
        connector_id: str | None = None,
        page_size: int = _DEFAULT_PAGE,
        concurrency: int = 1,
    ) -> Pages[BotEntry]:
        """List the bots of a workspace; by default those published to the API channel ("1024").

        `publish_status`: "published_draft" lists the drafts of published bots, "unpublished_draft" bots that were never
        published. `connector_id`: another channel, for published bots and their drafts. `page_size`: default 20.
        `concurrency`: how many pages to fetch at a time after the first. API page: bots_list_draft_published.
        """
        params = query(workspace_id=workspace_id, publish_status=publish_status, connector_id=connector_id)
        numbering = Numbering(page_size, concurrency)
        return listed_by_number("/v1/bots", ItemsOf(BotEntry), params, attrgetter("bot_id"), numbering)

    @call
    def retrieve_v1(self, *, bot_id: str, connector_id: str | None = None) -> Request[Bot]:
        """Retrieve the published version of a bot by the older route, for servers that lack ``retrieve``.

        `connector_id`: coze-studio needs it, "1024" for the API. API page: get_metadata.
        """
        return Request("GET", "/v1/bot/get_online_info", _read_v1, query(bot_id=bot_id, connector_id=connector_id))

    @paged
    def list_v1(self, *, workspace_id: str, page_size: int = _DEFAULT_PAGE, concurrency: int = 1) -> Pages[BotEntry]:
        """List the bots that are published to the API channel by the older route, for servers that lack ``list``.

        `page_size`: default 20. `concurrency`: how many pages to fetch at a time after the first. Permission:
        getPublishedBot. API page: published_bots_list.
        """
        numbering = Numbering(page_size, concurrency)
        params = query(space_id=workspace_id)
        return listed_by_number(
            "/v1/space/published_bots_list",
            ItemsOf(BotEntry, "space_bots"),
            params,
            attrgetter("bot_id"),
            numbering,
            number="page_index",
        )

    @paged
    def versions(
        self,
        *,
        bot_id: str,
        publish_status: PublishStatus | None = None,
        connector_id: str | None = None,
        page_size: int = _LARGEST_PAGE_OF_VERSIONS,
    ) -> Pages[BotVersion]:
        """List the versions of a bot; by default published ones, in pages of 1 to 30 (default 30).

        `publish_status`: "unpublished_draft" lists drafts. `connector_id`: only published versions in this channel. API
        page: list_bot_versions.
        """
        check_page_size(page_size, _LARGEST_PAGE_OF_VERSIONS)
        fixed = query(publish_status=publish_status, connector_id=connector_id, page_size=page_size)

        def page(page_number: str | None) -> Request[Page[BotVersion]]:
            params = {**fixed, **query(page_num=page_number or "1")}
            return Request("GET", f"{_path(bot_id)}/versions", _read_versions, params)

        return Pages(page, by_number, attrgetter("version"))


def _read_v1(response: RawResponse) -> Bot:
    """The bot in an envelope or, from coze-studio, bare."""
    bare = read_envelope(response)
    return convert(Bot, bare) if bare.get("bot_id") else Payload(Bot, needed="bot_id")(response)


def _read_versions(response: RawResponse) -> Page[BotVersion]:
    found = Payload(_BotVersionPage)(response)
    return Page(found.items, found.has_more)


def _read_version(response: RawResponse) -> str:
    return Payload(_PublishedBot, needed="version")(response).version


def _path(bot_id: str) -> str:
    return f"/v1/bots/{segment(bot_id)}"
