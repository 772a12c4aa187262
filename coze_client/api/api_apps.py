"""Callback apps: which events Coze sends to a URL of yours; ``coze_client.CallbackVerifier`` checks what arrives there.

API pages: create_callback_app, update_callback_app, delete_callback_app, list_callback_app, subscribe_callback_message,
unsubscribe_callback_message, list_subscribed_callback_message. Not on coze-studio.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from operator import attrgetter
from typing import Literal

from pydantic import Field

from coze_client.core.listed import ItemsOf, listed_by_token
from coze_client.core.model import Model
from coze_client.core.paging import Pages
from coze_client.core.request import HARMLESS, Kind, Request, Unanswered, changes, fields, query, segment, texts
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, read_nothing
from coze_client.errors import ConfigurationError

_LARGEST_PAGE = 50

ApiAppType = Literal["normal", "connector"]


class ApiApp(Model):
    """A callback app; ``verify_token`` signs what Coze sends: keep it secret. A ``connector`` app is a channel's."""

    id: str = ""
    app_type: str = ""
    verify_token: str = Field(default="", repr=False)
    name: str = ""
    connector_id: str = ""
    callback_url: str = ""


class ApiAppEvent(Model):
    """A kind of event that Coze sends to a callback app, such as bot.published."""

    api_app_id: str = ""
    name: str = ""
    description: str = ""
    event_type: str = ""


class ApiAppEvents(Resource[ConcurrencyT]):
    """``client.api_apps.events``: which events a callback app gets."""

    @call
    def create(self, *, api_app_id: str, event_types: Sequence[str]) -> Request[None]:
        """Send events of these types to the app.

        `event_types`: bot.published, bot.deleted, bot.unpublished, benefit.usage, benefit.plugin.scale.requested,
        benefit.plugin.scale.expired, or newer ones. Permission: subscribeApiAppEvent. API page:
        subscribe_callback_message.
        """
        return Request(
            "POST",
            _events(api_app_id),
            read_nothing,
            body={"event_types": texts("event_types", event_types)},
            kind=Kind.START,
            unanswered=HARMLESS,
        )

    @call
    def delete(self, *, api_app_id: str, event_types: Sequence[str]) -> Request[None]:
        """Send no more events of these types to the app.

        Permission: unsubscribeApiAppEvent. API page: unsubscribe_callback_message.
        """
        body = {"event_types": texts("event_types", event_types)}
        return Request("DELETE", _events(api_app_id), read_nothing, body=body, kind=Kind.START, unanswered=HARMLESS)

    @paged
    def list(self, *, api_app_id: str, page_size: int = _LARGEST_PAGE) -> Pages[ApiAppEvent]:
        """List the events that the app gets, in pages of 1 to 50 (default 50).

        Permission: listApiApp. API page: list_subscribed_callback_message.
        """
        return listed_by_token(
            _events(api_app_id),
            ItemsOf(ApiAppEvent),
            {},
            attrgetter("event_type"),
            size=page_size,
            largest=_LARGEST_PAGE,
        )


class ApiApps(Resource[ConcurrencyT]):
    """``client.api_apps``: callback apps, to whose URL Coze sends events."""

    @cached_property
    def events(self) -> ApiAppEvents[ConcurrencyT]:
        """``client.api_apps.events``: which events a callback app gets."""
        return ApiAppEvents(self._session, self._concurrency)

    @call
    def create(
        self, *, app_type: ApiAppType, name: str | None = None, connector_id: str | None = None
    ) -> Request[ApiApp]:
        """Create a callback app; ``update`` gives it a URL. Keep its ``verify_token``, which signs every event.

        `app_type`: "normal" needs a `name` of at most 128 characters, "connector" a `connector_id`; raises
        ConfigurationError without. Permission: createApiApp. API page: create_callback_app.
        """
        if not (name if app_type == "normal" else connector_id):
            needed = "name" if app_type == "normal" else "connector_id"
            raise ConfigurationError(f"An app of type {app_type!r} needs a {needed}")
        body = fields(app_type=app_type, name=name, connector_id=connector_id)
        return Request(
            "POST",
            "/v1/api_apps",
            Payload(ApiApp, needed="id"),
            body=body,
            kind=Kind.START,
            unanswered=Unanswered("client.api_apps.list shows whether the app exists"),
        )

    @call
    def update(self, *, api_app_id: str, name: str | None = None, callback_url: str | None = None) -> Request[None]:
        """Change the name or the URL of a callback app; raises ConfigurationError if neither is given.

        Coze first sends a challenge to `callback_url`, which must answer within 3 seconds
        (``coze_client.answer_challenge`` says with what). Permission: updateApiApp. API page: update_callback_app.
        """
        return Request("PUT", _app(api_app_id), read_nothing, body=changes(name=name, callback_url=callback_url))

    @call
    def delete(self, *, api_app_id: str) -> Request[None]:
        """Delete a callback app; Coze sends it nothing any more.

        Permission: deleteApiApp. API page: delete_callback_app.
        """
        return Request("DELETE", _app(api_app_id), read_nothing, kind=Kind.START, unanswered=HARMLESS)

    @paged
    def list(self, *, app_type: ApiAppType | None = None, page_size: int = _LARGEST_PAGE) -> Pages[ApiApp]:
        """List the callback apps of the account, or those of one type, in pages of 1 to 50 (default 50).

        Permission: listApiApp. API page: list_callback_app.
        """
        return listed_by_token(
            "/v1/api_apps",
            ItemsOf(ApiApp),
            query(app_type=app_type),
            attrgetter("id"),
            size=page_size,
            largest=_LARGEST_PAGE,
        )


def _app(api_app_id: str) -> str:
    return f"/v1/api_apps/{segment(api_app_id)}"


def _events(api_app_id: str) -> str:
    return f"{_app(api_app_id)}/events"
