"""Templates that become bots."""

from __future__ import annotations

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, code, data

PLACE = {"workspace_id": "7340000000000000001"}


def duplicate(api: ApiClient, template_id: str, **more: str) -> str:
    made = data(api.post(f"/v1/templates/{template_id}/duplicate", json={**PLACE, **more}))
    assert made["entity_type"] == "agent"
    return str(made["entity_id"])


def draft(api: ApiClient, bot_id: str) -> str:
    return str(data(api.get(f"/v1/bots/{bot_id}", params={"is_published": "false"}))["name"])


def test_each_copy_is_a_draft_of_its_own(api: ApiClient, emulator: Emulator) -> None:
    template_id = emulator.add_template("echo")
    assert emulator.templates == {"echo": template_id}
    first, second = duplicate(api, template_id), duplicate(api, template_id, name="parrot")
    assert [draft(api, bot_id) for bot_id in (first, second)] == ["echo", "parrot"]
    assert code(api.ask(first, "Hello")) == 4015


def test_an_unknown_template_or_no_workspace_is_refused(api: ApiClient, emulator: Emulator) -> None:
    template_id = emulator.add_template("echo")
    assert code(api.post("/v1/templates/1/duplicate", json=PLACE)) == 4200
    assert code(api.post(f"/v1/templates/{template_id}/duplicate", json={})) == 4000
