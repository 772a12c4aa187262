"""Apps: projects of a workspace with workflows, data and a user interface.

API pages: published_apps_list; ``retrieve_online`` is a route of coze-studio alone, read in its source (4f786d6).
"""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from coze_client.core.listed import ItemsOf, listed_by_number
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Pages
from coze_client.core.request import Request, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call_by, paged
from coze_client.core.response import Payload
from coze_client.core.studio_only import send_to_studio

if TYPE_CHECKING:
    from coze_client.api.collaborators import AppCollaborators

_DEFAULT_PAGE = 20  # the API's own default; its cap is not documented

AppPublishStatus = Literal["all", "published_online", "published_draft", "unpublished_draft"]


class App(Model):
    """An app; times are unix seconds, ``published_at`` is ``None`` for an app that was never published."""

    id: str = ""
    name: str = ""
    description: str = ""
    icon_url: str = ""
    is_published: bool = False
    owner_user_id: str = ""
    folder_id: str = ""
    updated_at: int | None = None
    published_at: int | None = None


class StudioApp(Model):
    """An app as coze-studio has published it, with its ``version`` and its ``variables``, JSON of the studio."""

    app_id: str = ""
    version: str = ""
    name: str = ""
    description: str = ""
    icon_url: str = ""
    variables: tuple[dict[str, Any], ...] = ()  # JSON, whose members the studio does not document


class Apps(Resource[ConcurrencyT]):
    """``client.apps``: list the apps of a workspace, and say who may change them."""

    @cached_property
    def collaborators(self) -> AppCollaborators[ConcurrencyT]:
        """``client.apps.collaborators``: who may change an app beside its owner."""
        from coze_client.api.collaborators import AppCollaborators

        return AppCollaborators(self._session, self._concurrency)

    @paged
    def list(
        self,
        *,
        workspace_id: str,
        publish_status: AppPublishStatus | None = None,
        connector_id: str | None = None,
        page_size: int = _DEFAULT_PAGE,
        concurrency: int = 1,
    ) -> Pages[App]:
        """List the apps of a workspace; by default those published to the API channel ("1024"), 20 a page.

        `publish_status`: "published_draft" lists the drafts of published apps, "unpublished_draft" apps that were never
        published. `connector_id`: another channel, for published apps and their drafts. `concurrency`: how many pages
        to fetch at a time after the first. On a personal plan, only workspaces that the caller owns. Permission:
        listApp. API page: published_apps_list. Not on coze-studio.
        """
        params = query(workspace_id=workspace_id, publish_status=publish_status, connector_id=connector_id)
        numbering = Numbering(page_size, concurrency)
        return listed_by_number("/v1/apps", ItemsOf(App), params, attrgetter("id"), numbering)

    @call_by(send_to_studio)
    def retrieve_online(self, *, app_id: str, connector_id: str | None = None) -> Request[StudioApp]:
        """Retrieve an app that coze-studio has published to a channel; only there, elsewhere NotFound.

        `connector_id`: the channel, "1024" for the API; the studio finds nothing without one. Raises ProtocolError for
        an app that is not published there, which the studio answers with ``null``. No API page.
        """
        path = f"/v1/apps/{segment(app_id)}"
        return Request("GET", path, Payload(StudioApp, needed="app_id"), query(connector_id=connector_id))
