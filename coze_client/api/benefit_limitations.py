"""Limits that an enterprise sets on what its devices and customers use.

API pages: create_device_quotas, get_device_quotas, update_device_quotas. The top enterprise plan, an admin's token. Not
on coze-studio.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Literal

from coze_client.core.listed import ItemsOf, listed_by_token
from coze_client.core.model import Model, convert
from coze_client.core.paging import Pages
from coze_client.core.request import Kind, Request, Unanswered, changes, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_envelope, read_nothing
from coze_client.errors import ConfigurationError

_PATH = "/v1/commerce/benefit/limitations"
_LARGEST_PAGE = 200

BenefitEntityType = Literal[
    "enterprise_all_devices", "enterprise_all_custom_consumers", "single_device", "single_custom_consumer"
]
BenefitTriggerUnit = Literal["never", "minute", "hour", "day"]


class BenefitLimitation(Model):
    """A limit on a benefit, from ``started_at`` to ``ended_at`` (unix seconds; 253402300799, year 9999, is for ever).

    ``limit``: resource points, for the voice types seconds. It is for the whole time, or with a ``trigger_unit`` other
    than never for each ``trigger_time`` of them. ``status`` valid or frozen.
    """

    benefit_id: str = ""
    benefit_type: str = ""
    entity_type: str = ""
    entity_id: str = ""
    active_mode: str = ""
    started_at: int | None = None
    ended_at: int | None = None
    limit: int | None = None
    status: str = ""
    trigger_unit: str = ""
    trigger_time: int | None = None


class BenefitLimitations(Resource[ConcurrencyT]):
    """``client.benefit_limitations``: limits on what devices and customers use."""

    @call
    def create(
        self,
        *,
        entity_type: BenefitEntityType,
        benefit_type: str,
        limit: int,
        started_at: int,
        ended_at: int,
        entity_id: str | None = None,
        active_mode: Literal["absolute_time"] = "absolute_time",
        status: Literal["valid", "frozen"] | None = None,
        trigger_unit: BenefitTriggerUnit | None = None,
        trigger_time: int | None = None,
    ) -> Request[BenefitLimitation]:
        """Set a limit; the types for all devices or customers take one total limit and one that is renewed.

        `entity_type`: the single ones need an `entity_id`, else ConfigurationError. `benefit_type`: resource_point,
        voice_unified_duration_system, voice_unified_duration_custom, or newer ones. `limit`: points or seconds.
        `started_at`, `ended_at`: unix seconds. `trigger_unit`, `trigger_time`: renew it so often, default never.
        Permission: createBenefitLimitation. API page: create_device_quotas.
        """
        if entity_type.startswith("single_") and entity_id is None:
            raise ConfigurationError(f"A limit on a {entity_type} needs an entity_id")
        info = fields(
            benefit_type=benefit_type,
            active_mode=active_mode,
            started_at=started_at,
            ended_at=ended_at,
            limit=limit,
            status=status,
            trigger_unit=trigger_unit,
            trigger_time=trigger_time,
        )
        body = fields(entity_type=entity_type, entity_id=entity_id, benefit_info=info)
        return Request(
            "POST",
            _PATH,
            _read_created,
            body=body,
            kind=Kind.START,
            unanswered=Unanswered("client.benefit_limitations.list shows whether the limit exists"),
        )

    @paged
    def list(
        self,
        *,
        entity_type: BenefitEntityType,
        benefit_type: str,
        entity_id: str | None = None,
        status: Literal["valid", "frozen"] | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[BenefitLimitation]:
        """List the limits on a benefit, by default the valid ones, in pages of 1 to 200 (default 200).

        `entity_id`: only those of one device or customer. Permission: listBenefitLimitation. API page:
        get_device_quotas.
        """
        params = query(entity_type=entity_type, benefit_type=benefit_type, entity_id=entity_id, status=status)
        return listed_by_token(
            _PATH,
            ItemsOf(BenefitLimitation, "benefit_infos"),
            params,
            attrgetter("benefit_id"),
            size=page_size,
            largest=_LARGEST_PAGE,
        )

    @call
    def update(
        self,
        *,
        benefit_id: str,
        active_mode: Literal["absolute_time"] | None = None,
        started_at: int | None = None,
        ended_at: int | None = None,
        limit: int | None = None,
        status: Literal["valid", "frozen"] | None = None,
        trigger_unit: BenefitTriggerUnit | None = None,
        trigger_time: int | None = None,
    ) -> Request[None]:
        """Change the given parts of a limit; `status` "frozen" suspends it.

        Raises ConfigurationError if nothing is given. Permission: updateBenefitLimitation. API page:
        update_device_quotas.
        """
        body = changes(
            active_mode=active_mode,
            started_at=started_at,
            ended_at=ended_at,
            limit=limit,
            status=status,
            trigger_unit=trigger_unit,
            trigger_time=trigger_time,
        )
        return Request("PUT", f"{_PATH}/{segment(benefit_id)}", read_nothing, body=body)


def _read_created(response: RawResponse) -> BenefitLimitation:
    """The limit: in ``benefit_info`` by the documentation's table, without it by its example."""
    payload = Payload(dict).extract(read_envelope(response))
    inside = payload.get("benefit_info") if isinstance(payload, dict) else None
    return convert(BenefitLimitation, inside or payload)
