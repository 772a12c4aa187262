"""Routes of workflows: lists and versions, and who may have a collaboration mode."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, Json, code, data


def greet(name: str) -> str:
    """Says hello."""
    return f"Hello {name}"


def listed(api: ApiClient, **query: Any) -> list[str]:
    return [item["workflow_name"] for item in data(api.get("/v1/workflows", params=query))["items"]]


def test_the_demo_workflow_is_there(api: ApiClient, emulator: Emulator) -> None:
    assert emulator.workflow_id("Book table") == emulator.workflows["book_table"]
    with pytest.raises(KeyError):
        emulator.workflow_id("Sell table")


def test_title_and_description_are_the_functions_unless_given(api: ApiClient, emulator: Emulator) -> None:
    emulator.workflow()(greet)
    emulator.workflow(title="Say hello", description="Politely.")(greet)
    found = data(api.get("/v1/workflows"))["items"]
    names = [(item["workflow_name"], item["description"]) for item in found[1:]]
    assert names == [("Greet", "Says hello."), ("Say hello", "Politely.")]
    assert found[1]["created_at"].isdecimal()
    assert isinstance(data(api.get(f"/v1/workflows/{found[1]['workflow_id']}"))["workflow_detail"]["created_at"], int)


def test_a_workflow_is_still_a_function(emulator: Emulator) -> None:
    assert emulator.workflow()(greet)("Ada") == "Hello Ada"


def test_lists_are_filtered(api: ApiClient, emulator: Emulator) -> None:
    emulator.workflow(title="Draft", published=False)(greet)
    emulator.workflow(title="Elsewhere", workspace_id="7")(greet)
    emulator.workflow(title="Of an app", app_id="9")(greet)
    emulator.workflow(title="Talk", chatflow=True)(greet)
    assert listed(api) == ["Book table", "Elsewhere", "Of an app", "Talk"]
    assert listed(api, workspace_id="7") == ["Elsewhere"]
    assert listed(api, app_id="9") == ["Of an app"]
    assert listed(api, workflow_mode="chatflow") == ["Talk"]
    assert listed(api, publish_status="unpublished_draft") == ["Draft"]
    assert len(listed(api, publish_status="all")) == 5


def test_lists_have_pages_of_at_most_thirty(api: ApiClient, emulator: Emulator) -> None:
    for n in range(4):
        emulator.workflow(title=f"W{n}")(greet)
    first = data(api.get("/v1/workflows", params={"page_num": 1, "page_size": 3}))
    assert (len(first["items"]), first["has_more"]) == (3, True)
    assert listed(api, page_num=2, page_size=3) == ["W2", "W3"]
    for wrong in ({"page_size": 31}, {"page_size": 0}, {"page_num": 0}, {"workflow_mode": "graph"}):
        assert code(api.get("/v1/workflows", params=wrong)) == 4000


def test_versions_come_newest_first_with_their_schema_if_asked(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow(versions=("v0.0.1", "v0.0.2", "v0.0.3"))(greet)
    path = f"/v1/workflows/{workflow.id}/versions"
    first = data(api.get(path, params={"page_size": 2}))
    assert [item["version"] for item in first["items"]] == ["v0.0.3", "v0.0.2"]
    assert "input" not in first["items"][0]
    more = {"page_size": 2, "page_token": first["next_page_token"], "include_input_output": "true"}
    last = data(api.get(path, params=more))
    assert [item["version"] for item in last["items"]] == ["v0.0.1"]
    assert last["items"][0]["input"]["parameters"]["name"]["type"] == "string"
    assert (first["has_more"], last["has_more"], last["next_page_token"] != "") == (True, False, True)


def test_an_unknown_workflow_is_not_found(api: ApiClient) -> None:
    assert code(api.get("/v1/workflows/7")) == 4200
    assert code(api.get("/v1/workflows/7/versions")) == 4200


@pytest.mark.parametrize(
    ("app_id", "body", "expected"),
    [
        ("0", {"collaboration_mode": "single"}, 0),
        ("0", {"collaboration_mode": "chaos"}, 4000),
        ("0", {}, 4000),
        ("9", {"collaboration_mode": "single"}, 4000),
    ],
)
def test_only_library_workflows_change_their_collaboration_mode(
    api: ApiClient, emulator: Emulator, app_id: str, body: Json, expected: int
) -> None:
    workflow = emulator.workflow(app_id=app_id)(greet)
    assert code(api.post(f"/v1/workflows/{workflow.id}/collaboration_mode", json=body)) == expected
