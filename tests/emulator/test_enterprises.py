"""The staff of an enterprise, the reviews of a channel, and rooms: what the emulator keeps and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client import APIError, InvalidRequest, NotFound, PermissionDenied
from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, code
from tests.support.clients import ConnectedClient

OWNER = "2478774393250001001"


def test_members_come_change_and_go(coze: ConnectedClient, emulator: Emulator) -> None:
    emulator.issue_token(account="7")
    enterprise_id, members = emulator.add_enterprise(), coze.client.enterprises.members
    of_seven = {"enterprise_id": enterprise_id, "user_id": "7"}
    coze.run(members.create(**of_seven, role="enterprise_member"))
    assert emulator.enterprises == {enterprise_id: {"7": "enterprise_member"}}
    coze.run(members.update(**of_seven, role="enterprise_admin"))
    assert emulator.enterprises == {enterprise_id: {"7": "enterprise_admin"}}
    with pytest.raises(InvalidRequest, match="receiver_user_id must be an admin"):
        coze.run(members.delete(**of_seven, receiver_user_id="7"))
    coze.run(members.delete(**of_seven, receiver_user_id=OWNER))
    assert emulator.enterprises == {enterprise_id: {}}
    with pytest.raises(NotFound):
        coze.run(members.update(**of_seven, role="enterprise_admin"))


def test_only_admins_manage_an_enterprise(coze: ConnectedClient, emulator: Emulator) -> None:
    enterprise_id = emulator.add_enterprise({"7": "enterprise_member", "8": "enterprise_admin"})
    for account, allowed in (("7", False), ("8", True), ("9", False)):
        members = coze.driver.client(emulator.issue_token(account=account), base_url=emulator.url).enterprises.members
        call = {"enterprise_id": enterprise_id, "user_id": "7", "role": "enterprise_admin"}
        if not allowed:
            with pytest.raises(PermissionDenied):
                coze.run(members.update(**call))
        else:
            coze.run(members.update(**call))
            with pytest.raises(PermissionDenied, match="super admin"):
                coze.run(members.update(**{**call, "user_id": OWNER}))


def test_a_standard_plan_has_a_hundred_members(coze: ConnectedClient, emulator: Emulator) -> None:
    emulator.issue_token(account="7")
    emulator.issue_token(account="8")
    enterprise_id = emulator.add_enterprise({str(number): "enterprise_member" for number in range(100, 198)})
    members, role = coze.client.enterprises.members, "enterprise_member"
    coze.run(members.create(enterprise_id=enterprise_id, user_id="7", role=role))
    with pytest.raises(APIError) as raised:
        coze.run(members.create(enterprise_id=enterprise_id, user_id="8", role=role))
    assert raised.value.code == 777074011
    assert len(emulator.enterprises[enterprise_id]) == 99


@pytest.mark.parametrize("users", [[], [{"user_id": OWNER}], [{"user_id": OWNER, "role": "enterprise_admin"}] * 2])
def test_one_user_with_a_role_is_added_a_call(api: ApiClient, emulator: Emulator, users: list[dict[str, str]]) -> None:
    path = f"/v1/enterprises/{emulator.add_enterprise()}/members"
    assert code(api.post(path, json={"users": users})) == 4000


def test_what_is_not_there_is_not_found(api: ApiClient, emulator: Emulator) -> None:
    users = [{"user_id": "99", "role": "enterprise_member"}]
    assert code(api.post("/v1/enterprises/volcano_1/members", json={"users": users})) == 4200
    assert code(api.post(f"/v1/enterprises/{emulator.add_enterprise()}/members", json={"users": users})) == 4200


def test_a_review_is_kept_until_the_next_one(coze: ConnectedClient, emulator: Emulator) -> None:
    bot_id, bots = emulator.bots["echo"], coze.client.connectors.bots
    coze.run(bots.update(connector_id="1024", bot_id=bot_id, audit_status=1))
    coze.run(bots.update(connector_id="1024", bot_id=bot_id, audit_status=3, reason="rude"))
    assert emulator.reviews == {bot_id: (3, "rude")}
    with pytest.raises(PermissionDenied):
        coze.run(bots.update(connector_id="999", bot_id=bot_id, audit_status=2))
    with pytest.raises(InvalidRequest):
        coze.run(bots.update(connector_id="1024", bot_id=bot_id, audit_status=4))
    assert emulator.reviews == {bot_id: (3, "rude")}


def test_a_room_is_told_for_a_bot_that_is_published(coze: ConnectedClient, emulator: Emulator) -> None:
    rooms = coze.client.audio.rooms
    room = coze.run(rooms.create(bot_id=emulator.bots["echo"], config={"room_mode": "podcast"}))
    assert all([room.room_id, room.app_id, room.uid, room.token])
    assert coze.run(rooms.create(bot_id=emulator.bots["echo"])).room_id != room.room_id
    with pytest.raises(NotFound):
        coze.run(rooms.create(bot_id="7"))
    with pytest.raises(APIError) as raised:
        coze.run(rooms.create(bot_id=emulator.add_bot("draft", published=False)))
    assert raised.value.code == 4015


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"conversation_id": "7"}, 4002),
        ({"voice_id": "7"}, 4200),
        ({"workflow_id": "7"}, 4200),
        ({"config": {"audio_config": {"codec": "opus"}}}, 4000),
        ({"config": {"video_config": {"codec": "H265"}}}, 4000),
        ({"config": {"video_config": {"video_frame_rate": 25}}}, 4000),
        ({"config": {"video_config": {"video_frame_expire_duration": 11}}}, 4000),
        ({"config": {"prologue_delay_duration_ms": 5001}}, 4000),
        ({"config": {"turn_detection": {"type": "patience"}}}, 4000),
        ({"config": {"room_mode": "translate"}}, 4000),
        ({"config": {"room_mode": "translate", "translate_config": {"from": "zh", "to": "en"}}}, 0),
        ({"connector_id": "999"}, 4015),
    ],
)
def test_a_room_keeps_the_limits_of_coze(
    api: ApiClient, emulator: Emulator, changed: dict[str, Any], expected: int
) -> None:
    assert code(api.post("/v1/audio/rooms", json={"bot_id": emulator.bots["echo"], **changed})) == expected
