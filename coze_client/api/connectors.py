"""Connectors: channels of your own, over which others publish and use bots.

API pages: install_channel, bind_connector_config, update_review_result. Not on coze-studio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from coze_client.core.model import Model
from coze_client.core.request import HARMLESS, Kind, Request, changes, fields, segment
from coze_client.core.resource import ConcurrencyT, Resource, call
from coze_client.core.response import read_nothing


class ConnectorOption(Model):
    """One choice of a setting: what the user reads, and the value behind it, such as the id of a device."""

    label: str = ""
    value: str = ""


class ConnectorConfig(Model):
    """A setting of a channel with its choices; ``key`` is the name that Coze agreed to when it opened the channel."""

    key: str = ""
    enums: tuple[ConnectorOption, ...] = ()


class ConnectorBots(Resource[ConcurrencyT]):
    """``client.connectors.bots``: the bots that others want to publish to your channel."""

    @call
    def update(
        self, *, connector_id: str, bot_id: str, audit_status: int | None = None, reason: str | None = None
    ) -> Request[None]:
        """Tell the result of a review: `audit_status` 1 pending, 2 passed, 3 rejected, with its `reason`.

        The token must be of this channel. Raises ConfigurationError if neither is given. Permission:
        Connector.botUpdateProfile. API page: update_review_result.
        """
        path = f"/v1/connectors/{segment(connector_id)}/bots/{segment(bot_id)}"
        return Request("PUT", path, read_nothing, body=changes(audit_status=audit_status, reason=reason))


class Connectors(Resource[ConcurrencyT]):
    """``client.connectors``: install a channel in a workspace, and tell Coze what its users can choose."""

    @cached_property
    def bots(self) -> ConnectorBots[ConcurrencyT]:
        """``client.connectors.bots``: the bots that others want to publish to your channel."""
        return ConnectorBots(self._session, self._concurrency)

    @call
    def install(self, *, connector_id: str, workspace_id: str) -> Request[None]:
        """Let a workspace publish to a channel; enterprise plans, only super admins and admins.

        Permission: installConnector. API page: install_channel.
        """
        path = f"/v1/connectors/{segment(connector_id)}/install"
        return Request(
            "POST", path, read_nothing, body={"workspace_id": workspace_id}, kind=Kind.START, unanswered=HARMLESS
        )

    @call
    def bind(
        self,
        *,
        connector_id: str,
        configs: Sequence[ConnectorConfig | Mapping[str, object]],
        user_id: str | None = None,
    ) -> Request[None]:
        """Tell Coze what a user of the channel can choose, such as their devices; many in one call.

        `user_id`: the developer's id at Coze. Coze must have allowed this for the channel. Permission:
        bindConnectorConfig. API page: bind_connector_config.
        """
        sent = [each.model_dump() if isinstance(each, ConnectorConfig) else dict(each) for each in configs]
        path = f"/v1/connectors/{segment(connector_id)}/user_configs"
        return Request(
            "POST", path, read_nothing, body=fields(configs=sent, user_id=user_id), kind=Kind.START, unanswered=HARMLESS
        )
