"""Routes that Coze has but the emulator does not implement; they return HTTP 501."""

from __future__ import annotations

from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.protocol.route_lists import read_routes
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend

ROUTES = """
GET /v1/audio/simult_interpretation
GET /v1/audio/speech
GET /v1/audio/transcriptions
GET /v1/chat
GET /v1/commerce/benefit/benefits/get
GET,POST /v1/commerce/benefit/bill_tasks
GET,POST /v1/commerce/benefit/limitations
PUT /v1/commerce/benefit/limitations/{benefit_id}
POST /v1/connectors/{connector_id}/install
POST /v1/connectors/{connector_id}/user_configs
GET,POST /v1/enterprises/{enterprise_id}/organizations
PUT /v1/organizations/{organization_id}
GET,POST /v1/organizations/{organization_id}/members
DELETE,PUT /v1/organizations/{organization_id}/members/{user_id}
"""


async def not_implemented_reply(_backend: Backend, request: IncomingRequest) -> Reply:
    """Return HTTP 501."""
    return json_reply(501, {"code": 501, "msg": f"the emulator does not implement {request.method} {request.path}"})


ENDPOINTS = tuple(Endpoint(method, path, (), not_implemented_reply) for method, path in read_routes(ROUTES))
