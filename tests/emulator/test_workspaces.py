"""Workspaces that are made and renamed, and who is in them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.support.api_calls import ApiClient, code, data

OWNER = "2478774393250001001"


def create(api: ApiClient, **changed: Any) -> httpx.Response:
    return api.post("/v1/workspaces", json={"name": "w", "description": "d", **changed})


def add(api: ApiClient, workspace_id: str, **users: str) -> httpx.Response:
    given = [{"user_id": name.strip("_"), "role_type": role} for name, role in users.items()]
    return api.post(f"/v1/workspaces/{workspace_id}/members", json={"users": given})


def remove(api: ApiClient, workspace_id: str, *user_ids: str) -> httpx.Response:
    return api.request("DELETE", f"/v1/workspaces/{workspace_id}/members", json={"user_ids": list(user_ids)})


def told(response: httpx.Response) -> dict[str, list[str]]:
    """The lists that are not empty; an answer has all of them."""
    lists: dict[str, list[str]] = data(response)
    assert len(lists) in (3, 5)
    return {name: ids for name, ids in lists.items() if ids}


def roles(api: ApiClient, workspace_id: str) -> dict[str, str]:
    found = data(api.get(f"/v1/workspaces/{workspace_id}/members", params={"page_size": "50"}))
    assert found["total_count"] == len(found["items"])
    return {member["user_id"]: member["role_type"] for member in found["items"]}


def test_a_new_workspace_belongs_to_its_maker(api: ApiClient, emulator: Emulator) -> None:
    workspace_id = data(create(api, name="Ö" * 50))["id"]
    first, second = data(api.get("/v1/workspaces"))["workspaces"]
    assert (first["id"], second["id"], second["role_type"]) == (WORKSPACE, workspace_id, "owner")
    assert (second["name"], second["description"], second["owner_uid"]) == ("Ö" * 50, "d", OWNER)
    with ApiClient(emulator, emulator.issue_token(account="7")) as other:
        assert [each["id"] for each in data(other.get("/v1/workspaces"))["workspaces"]] == [WORKSPACE]
        assert code(other.get(f"/v1/workspaces/{workspace_id}/members")) == 4200


def test_an_empty_text_changes_nothing(api: ApiClient) -> None:
    for workspace_id in (data(create(api))["id"], WORKSPACE):
        assert code(api.put(f"/v1/workspaces/{workspace_id}", json={"name": "new", "description": ""})) == 0
        assert code(api.put(f"/v1/workspaces/{workspace_id}", json={"description": "other"})) == 0
    shown = [(each["name"], each["description"]) for each in data(api.get("/v1/workspaces"))["workspaces"]]
    assert shown == [("new", "other")] * 2


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": "x" * 51}, 4000),
        ({"name": ""}, 4000),
        ({"description": "x" * 2001}, 4000),
        ({"description": None}, 4000),
        ({"icon_file_id": "7"}, 4200),
        ({"owner_uid": "7"}, 501),
    ],
)
def test_a_workspace_keeps_the_limits_of_coze(api: ApiClient, changed: dict[str, Any], expected: int) -> None:
    assert code(create(api, **changed)) == expected


def test_each_user_is_told_what_became_of_them(api: ApiClient, emulator: Emulator) -> None:
    emulator.issue_token(account="7")
    emulator.issue_token(account="8")
    workspace_id = data(create(api))["id"]
    assert told(add(api, workspace_id, _7="admin", _9="member")) == {
        "added_success_user_ids": ["7"],
        "not_exist_user_ids": ["9"],
    }
    assert told(add(api, workspace_id, _7="member")) == {"already_joined_user_ids": ["7"]}
    assert roles(api, workspace_id) == {OWNER: "owner", "7": "admin"}
    assert told(remove(api, workspace_id, "7", "8", OWNER)) == {
        "removed_success_user_ids": ["7"],
        "not_in_workspace_user_ids": ["8"],
        "owner_not_support_remove_user_ids": [OWNER],
    }
    assert roles(api, workspace_id) == {OWNER: "owner"}


def test_on_a_free_plan_users_are_invited() -> None:
    with Emulator(plan="free") as emulator, ApiClient(emulator) as api:
        emulator.issue_token(account="7")
        workspace_id = data(create(api))["id"]
        assert told(add(api, workspace_id, _7="admin")) == {"invited_success_user_ids": ["7"]}
        assert told(add(api, workspace_id, _7="admin")) == {"already_invited_user_ids": ["7"]}
        assert roles(api, workspace_id) == {OWNER: "owner"}


def test_only_owner_and_admins_manage_a_workspace(api: ApiClient, emulator: Emulator) -> None:
    with ApiClient(emulator, emulator.issue_token(account="7")) as member:
        assert roles(member, WORKSPACE) == {OWNER: "owner", "7": "member"}
        refused = [add(member, WORKSPACE, _8="member"), remove(member, WORKSPACE, "8")]
        refused.append(member.put(f"/v1/workspaces/{WORKSPACE}", json={"name": "mine"}))
        assert [code(each) for each in refused] == [4101] * 3
        assert told(remove(api, WORKSPACE, "7")) == {"removed_success_user_ids": ["7"]}
        assert code(member.get(f"/v1/workspaces/{WORKSPACE}/members")) == 4200
        assert told(add(api, WORKSPACE, _7="admin")) == {"added_success_user_ids": ["7"]}
        assert code(member.put(f"/v1/workspaces/{WORKSPACE}", json={"name": "ours"})) == 0


def test_members_are_added_by_twenty_and_removed_by_five(api: ApiClient) -> None:
    assert [code(add(api, WORKSPACE, **{f"_{n}": "member" for n in range(count)})) for count in (0, 20, 21)] == [
        4000,
        0,
        4000,
    ]
    assert code(add(api, WORKSPACE, _7="owner")) == 4000
    assert [code(remove(api, WORKSPACE, *map(str, range(count)))) for count in (0, 5, 6)] == [4000, 0, 4000]
