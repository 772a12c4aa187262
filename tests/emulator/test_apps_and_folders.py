"""Apps and folders of the emulator: lists by status and page, and what only members of the workspace see."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client import NotFound, PermissionDenied
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.support.api_calls import ApiClient, code
from tests.support.clients import ConnectedClient, Driver


def app_names(coze: ConnectedClient, **options: Any) -> list[str]:
    return [app.name for app in coze.collect(coze.client.apps.list(workspace_id=WORKSPACE, **options))]


def test_apps_are_listed_by_what_was_published(coze: ConnectedClient, emulator: Emulator) -> None:
    emulator.add_app("online")
    emulator.add_app("changed", changed=True)
    emulator.add_app("new", published=False)
    emulator.add_app("elsewhere", workspace_id="7")
    assert app_names(coze) == ["online", "changed"]
    assert app_names(coze, publish_status="published_draft") == ["changed"]
    assert app_names(coze, publish_status="unpublished_draft") == ["new"]
    assert app_names(coze, publish_status="all", connector_id="999") == ["online", "changed", "new"]
    assert app_names(coze, connector_id="999") == []


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
def test_apps_and_folders_are_all_listed_whatever_the_page_size(
    coze: ConnectedClient, emulator: Emulator, size: int
) -> None:
    apps = [emulator.add_app(f"a{number}") for number in range(4)]
    folders = [emulator.add_folder(f"f{number}") for number in range(4)]
    assert [each.id for each in coze.collect(coze.client.apps.list(workspace_id=WORKSPACE, page_size=size))] == apps
    listed = coze.client.folders.list(workspace_id=WORKSPACE, folder_type="development", page_size=min(size, 50))
    assert [each.id for each in coze.collect(listed)] == folders


def test_an_app_says_whose_it_is_where_it_lies_and_when_it_was_published(
    coze: ConnectedClient, emulator: Emulator
) -> None:
    folder_id = emulator.add_folder("shop")
    emulator.add_app("a", folder_id=folder_id, description="d", account="7")
    emulator.add_app("b", published=False)
    first, second = coze.collect(coze.client.apps.list(workspace_id=WORKSPACE, publish_status="all"))
    assert (first.folder_id, first.description, first.owner_user_id, first.is_published) == (folder_id, "d", "7", True)
    assert first.published_at == first.updated_at is not None
    assert (second.published_at, second.is_published) == (None, False)


def test_folders_are_listed_level_by_level(coze: ConnectedClient, emulator: Emulator) -> None:
    outer = emulator.add_folder("outer", description="d")
    inner = emulator.add_folder("inner", parent_folder_id=outer)
    emulator.add_app("app", folder_id=outer)
    folders = coze.client.folders

    def listed(**options: Any) -> list[tuple[str, int]]:
        found = folders.list(workspace_id=WORKSPACE, **{"folder_type": "development", **options})
        return [(each.id, each.children_count) for each in coze.collect(found)]

    assert listed() == listed(parent_folder_id="0") == [(outer, 2)]
    assert listed(parent_folder_id=outer) == [(inner, 0)]
    assert listed(parent_folder_id=inner) == listed(folder_type="library") == []
    with pytest.raises(NotFound):
        listed(parent_folder_id="7")
    retrieved = coze.run(folders.retrieve(folder_id=inner))
    assert (retrieved.name, retrieved.parent_folder_id, retrieved.children_count) == ("inner", outer, None)
    assert coze.run(folders.retrieve(folder_id=outer)).parent_folder_id == ""


def test_a_workspace_shows_its_apps_and_folders_to_its_members(coze: ConnectedClient, emulator: Emulator) -> None:
    workspace_id = coze.run(coze.client.workspaces.create(name="w", description="d"))
    folder_id = emulator.add_folder("f", workspace_id=workspace_id)
    emulator.add_app("a", workspace_id=workspace_id)
    other = coze.driver.client(emulator.issue_token(account="7"), base_url=emulator.url)
    assert len(coze.collect(coze.client.apps.list(workspace_id=workspace_id))) == 1
    with pytest.raises(NotFound):
        coze.collect(other.apps.list(workspace_id=workspace_id))
    with pytest.raises(NotFound):
        coze.collect(other.folders.list(workspace_id=workspace_id, folder_type="development"))
    with pytest.raises(NotFound):
        coze.run(other.folders.retrieve(folder_id=folder_id))


def test_a_personal_plan_lists_apps_only_of_workspaces_that_one_owns(driver: Driver) -> None:
    with Emulator(plan="free") as emulator:
        emulator.add_app("a")
        assert app_names(ConnectedClient(driver, emulator)) == ["a"]
        other = driver.client(emulator.issue_token(account="7"), base_url=emulator.url)
        with pytest.raises(PermissionDenied):
            driver.collect(other.apps.list(workspace_id=WORKSPACE))


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("apps", {}),
        ("apps", {"workspace_id": WORKSPACE, "publish_status": "online"}),
        ("apps", {"workspace_id": WORKSPACE, "page_num": "0"}),
        ("folders", {"workspace_id": WORKSPACE}),
        ("folders", {"workspace_id": WORKSPACE, "folder_type": "attic"}),
        ("folders", {"workspace_id": WORKSPACE, "folder_type": "development", "page_size": "51"}),
    ],
)
def test_what_cannot_be_meant_is_refused(api: ApiClient, path: str, params: dict[str, str]) -> None:
    assert code(api.get(f"/v1/{path}", params=params)) == 4000
