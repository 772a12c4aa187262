"""Bots: agents built in Coze, or by calls from here, which answer chats.

API pages: create_bot, update_bot, publish_bot, unpublish_agent, get_metadata_draft_published,
bots_list_draft_published, list_bot_versions. None of them deletes a bot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Literal

from coze_client.api.bots.requests import BotContent
from coze_client.api.bots.values import (
    Bot,
    BotEntry,
    BotVersion,
    Knowledge,
    ModelInfo,
    OnboardingInfo,
    PromptInfo,
    SuggestReplyInfo,
)
from coze_client.api.chats.values import PublishStatus
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Page, Pages, by_number, numbered
from coze_client.core.request import Kind, Request, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_nothing
from coze_client.errors import ConfigurationError

API_CHANNEL = "1024"
_DEFAULT_PAGE = 20  # the API's own default; its cap is not documented
_LARGEST_PAGE_OF_VERSIONS = 30

BotPublishStatus = Literal["all", "published_online", "published_draft", "unpublished_draft"]


class _PublishedBot(Model):
    version: str = ""


class _BotPage(Model):
    items: tuple[BotEntry, ...] = ()
    total: int | None = None


class _BotVersionPage(Model):
    items: tuple[BotVersion, ...] = ()
    has_more: bool = False


class Bots(Resource[ConcurrencyT]):
    """Bots: making, changing and publishing them, and what there are; ``chats`` talks to them."""

    @call
    def create(
        self,
        *,
        name: str,
        workspace_id: str,
        description: str | None = None,
        icon_file_id: str | None = None,
        prompt_info: PromptInfo | Mapping[str, object] | None = None,
        onboarding_info: OnboardingInfo | Mapping[str, object] | None = None,
        suggest_reply_info: SuggestReplyInfo | Mapping[str, object] | None = None,
        model_info_config: ModelInfo | Mapping[str, object] | None = None,
        plugin_id_list: Mapping[str, object] | None = None,
        workflow_id_list: Mapping[str, object] | None = None,
    ) -> Request[str]:
        """Make a bot, which is a draft until it is published; its id. `name` has 1 to 20 characters.

        `plugin_id_list` is ``{"id_list": [{"plugin_id": …, "api_id": …}]}``, `workflow_id_list`
        ``{"ids": [{"id": …}]}``. Datasets are bound by ``update``.
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
        prompt_info: PromptInfo | Mapping[str, object] | None = None,
        onboarding_info: OnboardingInfo | Mapping[str, object] | None = None,
        suggest_reply_info: SuggestReplyInfo | Mapping[str, object] | None = None,
        model_info_config: ModelInfo | Mapping[str, object] | None = None,
        plugin_id_list: Mapping[str, object] | None = None,
        workflow_id_list: Mapping[str, object] | None = None,
        knowledge: Knowledge | Mapping[str, object] | None = None,
    ) -> Request[None]:
        """Change a bot's draft, whatever is given; published versions stay as they are. Arguments as in ``create``.

        `knowledge` replaces all datasets of the bot by its ``dataset_ids`` (Coze's own, not Volcano's): read the bot
        first if some should stay.
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
        """Publish the draft to channels ("1024" API, "999" Chat SDK, or your own); its new version.

        `connectors` are settings of channels by their id.
        """
        body = fields(bot_id=bot_id, connector_ids=list(connector_ids), connectors=connectors)
        return Request("POST", "/v1/bot/publish", _read_version, body=body, kind=Kind.START)

    @call
    def unpublish(
        self, *, bot_id: str, connector_id: str = API_CHANNEL, unpublish_reason: str | None = None
    ) -> Request[None]:
        """Take a bot out of a channel, which its owner or the channel's may do; `unpublish_reason` is shown there."""
        body = fields(connector_id=connector_id, unpublish_reason=unpublish_reason)
        return Request("POST", f"{_path(bot_id)}/unpublish", read_nothing, body=body, kind=Kind.START)

    @call
    def retrieve(self, *, bot_id: str, is_published: bool | None = None) -> Request[Bot]:
        """A bot's settings: those of the published version, or with ``is_published=False`` of the draft."""
        return Request("GET", _path(bot_id), Payload(Bot), query(is_published=is_published))

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
        """Bots of a workspace, those published to the API channel unless `publish_status` or `connector_id` say else.

        "published_draft" are drafts of published bots, "unpublished_draft" those that never were. After the first page,
        `concurrency` pages are fetched at a time.
        """
        fixed = query(
            workspace_id=workspace_id, publish_status=publish_status, connector_id=connector_id, page_size=page_size
        )

        def page(number: int) -> Request[Page[BotEntry]]:
            return Request("GET", "/v1/bots", _read_entries, {**fixed, **query(page_num=number)})

        return numbered(page, Numbering(page_size, attrgetter("bot_id"), concurrency))

    @paged
    def versions(
        self,
        *,
        bot_id: str,
        publish_status: PublishStatus | None = None,
        connector_id: str | None = None,
        page_size: int = _LARGEST_PAGE_OF_VERSIONS,
    ) -> Pages[BotVersion]:
        """A bot's versions, published ones unless `publish_status` says otherwise; pages of 1 to 30."""
        if not 1 <= page_size <= _LARGEST_PAGE_OF_VERSIONS:
            raise ConfigurationError(f"page_size is 1 to {_LARGEST_PAGE_OF_VERSIONS}, not {page_size}")
        fixed = query(publish_status=publish_status, connector_id=connector_id, page_size=page_size)

        def page(page_number: str | None) -> Request[Page[BotVersion]]:
            params = {**fixed, **query(page_num=page_number or "1")}
            return Request("GET", f"{_path(bot_id)}/versions", _read_versions, params)

        return Pages(page, by_number)


def _read_entries(response: RawResponse) -> Page[BotEntry]:
    found = Payload(_BotPage)(response)
    return Page(found.items, has_more=False, total=found.total)


def _read_versions(response: RawResponse) -> Page[BotVersion]:
    found = Payload(_BotVersionPage)(response)
    return Page(found.items, found.has_more)


def _read_version(response: RawResponse) -> str:
    return Payload(_PublishedBot)(response).version


def _path(bot_id: str) -> str:
    return f"/v1/bots/{segment(bot_id)}"
