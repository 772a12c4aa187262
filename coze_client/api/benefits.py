"""Benefits: what the account's plan allows, and how much of it is used.

API page: get_benefit. Not on coze-studio.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from coze_client.core.model import Model
from coze_client.core.request import Request, query
from coze_client.core.resource import ConcurrencyT, Resource, call
from coze_client.core.response import Payload
from coze_client.errors import ConfigurationError

_NEEDS_RESOURCE = "api_run_qps"


class BenefitBasis(Model):
    """The plan: ``user_level`` free, pro_personal, team or enterprise; the server may send others."""

    user_level: str = ""


class BenefitItem(Model):
    """An amount with its time, in unix seconds; ``strategy`` by_quota, unlimit or forbidden (then ``total`` is 1)."""

    total: float | None = None
    used: float | None = None
    start_at: int | None = None
    end_at: int | None = None
    strategy: str = ""


class BenefitStatus(Model):
    """An amount and its status: valid, frozen, cancel, pending, invalid, auditing or expired."""

    item_info: BenefitItem | None = None
    status: str = ""


class Benefit(Model):
    """One benefit: what the plan has (``basic``), what was bought beside it (``extra``), and what is in force."""

    benefit_type: str = ""
    resource_id: str = ""
    basic: BenefitStatus | None = None
    effective: BenefitStatus | None = None
    extra: tuple[BenefitStatus, ...] = ()


class PlanBenefits(Model):
    """The plan of an account, and the benefits that were asked for."""

    basic_info: BenefitBasis = Field(default_factory=BenefitBasis)
    benefit_info: tuple[Benefit, ...] = ()


class Benefits(Resource[ConcurrencyT]):
    """``client.benefits``: what the account's plan allows."""

    @call
    def retrieve(
        self,
        *,
        benefit_type_list: Sequence[str] | None = None,
        resource_id: Literal["plugin", "chat", "workflow"] | None = None,
    ) -> Request[PlanBenefits]:
        """Retrieve the plan and these benefits, such as the calls a second that Coze allows.

        `benefit_type_list`: call_tool_limit, api_run_qps (which needs a `resource_id`, else ConfigurationError), or
        newer ones; default only the plan. The limit in force is ``effective.item_info.total``. Permission: getBenefit.
        API page: get_benefit.
        """
        if _NEEDS_RESOURCE in (benefit_type_list or ()) and resource_id is None:
            raise ConfigurationError("api_run_qps needs a resource_id: plugin, chat or workflow")
        types = ",".join(benefit_type_list) if benefit_type_list else None
        params = query(benefit_type_list=types, resource_id=resource_id)
        return Request("GET", "/v1/commerce/benefit/benefits/get", Payload(PlanBenefits), params)
