"""Copies of bots, apps and workflows on the emulator: drafts of the caller's own, told at once or by a task."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client import NotFound, PermissionDenied
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.support.api_calls import ApiClient, code
from tests.support.clients import ConnectedClient, Driver

COPIED = ("bot", "app", "workflow")


def original(emulator: Emulator, entity_type: str) -> str:
    """The id of a published one of this type."""
    if entity_type == "app":
        return emulator.add_app("notes")
    return emulator.bots["echo"] if entity_type == "bot" else emulator.workflows["book_table"]


def start(coze: ConnectedClient, client: Any, entity_type: str, **more: str) -> Any:
    entity_id = more.pop("entity_id", "") or original(coze.emulator, entity_type)
    return coze.run(client.copy_tasks.create(entity_type=entity_type, entity_id=entity_id, **more))


def copied(coze: ConnectedClient, entity_type: str, **more: str) -> str:
    """Copy one; return the id of the copy, whichever way it is told."""
    started = start(coze, coze.client, entity_type, **more)
    if started.copied_entity_id:
        return str(started.copied_entity_id)
    return str(coze.run(coze.client.copy_tasks.wait(task_id=started.task_id)).target_entity_id)


def drafts(coze: ConnectedClient, entity_type: str, workspace_id: str) -> list[str]:
    """The ids of the unpublished ones of a workspace, oldest first."""
    noun = getattr(coze.client, f"{entity_type}s")
    listed = coze.collect(noun.list(workspace_id=workspace_id, publish_status="unpublished_draft"))
    return [getattr(each, "id" if entity_type == "app" else f"{entity_type}_id") for each in listed]


@pytest.mark.parametrize("entity_type", COPIED)
def test_each_copy_is_a_draft_of_its_own_where_it_was_wanted(coze: ConnectedClient, entity_type: str) -> None:
    entity_id = original(coze.emulator, entity_type)
    elsewhere = coze.run(coze.client.workspaces.create(name="w", description="d"))
    before = drafts(coze, entity_type, WORKSPACE)
    here = [copied(coze, entity_type, entity_id=entity_id) for _ in range(2)]
    there = copied(coze, entity_type, entity_id=entity_id, to_workspace_id=elsewhere)
    assert drafts(coze, entity_type, WORKSPACE) == before + here
    assert drafts(coze, entity_type, elsewhere) == [there]
    assert len({entity_id, there, *here}) == 4
    assert original(coze.emulator, entity_type) == entity_id or entity_type == "app"


@pytest.mark.parametrize("looks", [0, 2])
@pytest.mark.parametrize("entity_type", COPIED)
def test_a_copy_is_told_by_a_task_unless_it_is_a_bot_in_its_own_workspace(
    driver: Driver, entity_type: str, looks: int
) -> None:
    with Emulator(processing_looks=looks) as emulator:
        coze = ConnectedClient(driver, emulator)
        assert bool(start(coze, coze.client, entity_type).copied_entity_id) == (entity_type == "bot")
        elsewhere = coze.run(coze.client.workspaces.create(name="w", description="d"))
        task_id = start(coze, coze.client, entity_type, to_workspace_id=elsewhere).task_id
        for _ in range(looks):
            task = coze.run(coze.client.copy_tasks.retrieve(task_id=task_id))
            assert (task.task_status, task.target_entity_id) == ("in_progress", "")
        task = coze.run(coze.client.copy_tasks.retrieve(task_id=task_id))
        assert (task.task_status, task.entity_type, task.target_workspace_id) == ("successful", entity_type, elsewhere)
        assert drafts(coze, entity_type, elsewhere) == [task.target_entity_id]


def test_a_copied_app_has_workflows_and_variables_of_its_own(coze: ConnectedClient) -> None:
    app_id = coze.emulator.add_app("notes")
    coze.emulator.add_variables(app_id, {"tone": "calm"})

    @coze.emulator.workflow(app_id=app_id)
    def note(text: str) -> str:
        return text

    made = copied(coze, "app", entity_id=app_id)
    listed = coze.collect(coze.client.workflows.list(app_id=made, publish_status="all"))
    assert [(each.workflow_name, each.workflow_id == note.id) for each in listed] == [("Note", False)]
    assert coze.emulator.workflows["note"] == coze.emulator.workflow_id("Note") == note.id
    assert coze.emulator.apps["notes"] == app_id
    found = coze.run(coze.client.variables.retrieve(connector_uid="u", app_id=made))
    assert [(each.keyword, each.value) for each in found] == [("tone", "calm")]


@pytest.mark.parametrize("entity_type", COPIED)
def test_only_the_owner_and_collaborators_copy_and_into_workspaces_that_they_joined(
    coze: ConnectedClient, entity_type: str
) -> None:
    foreign = coze.driver.client(coze.emulator.issue_token(account="7"), base_url=coze.emulator.url)
    with pytest.raises(PermissionDenied):
        start(coze, foreign, entity_type)
    private = coze.run(foreign.workspaces.create(name="w", description="d"))
    with pytest.raises(NotFound):
        start(coze, coze.client, entity_type, to_workspace_id=private)
    assert drafts(coze, entity_type, WORKSPACE) == []


def test_a_task_is_seen_by_who_started_it(coze: ConnectedClient) -> None:
    task_id = start(coze, coze.client, "app").task_id
    foreign = coze.driver.client(coze.emulator.issue_token(account="7"), base_url=coze.emulator.url)
    for client, asked in ((foreign, task_id), (coze.client, "1")):
        with pytest.raises(NotFound):
            coze.run(client.copy_tasks.retrieve(task_id=asked))


PERMISSIONS = {
    "bot": ["Bot.duplicate", "Workspace.createBot"],
    "app": ["Project.copy", "Workspace.createProject"],
    "workflow": ["Workflow.copy", "Workspace.createWorkflow"],
}


@pytest.mark.parametrize("entity_type", COPIED)
def test_a_copy_needs_both_permissions_of_its_type(coze: ConnectedClient, entity_type: str) -> None:
    needed = PERMISSIONS[entity_type]
    for missing in needed:
        scopes = [name for names in PERMISSIONS.values() for name in names if name != missing]
        client = coze.driver.client(coze.emulator.issue_token(scopes), base_url=coze.emulator.url)
        with pytest.raises(PermissionDenied, match=missing):
            start(coze, client, entity_type)
    start(coze, coze.driver.client(coze.emulator.issue_token(needed), base_url=coze.emulator.url), entity_type)


@pytest.mark.parametrize(
    "given", [{"entity_type": "plugin", "entity_id": "7"}, {"entity_id": "7"}, {"entity_type": "bot"}]
)
def test_what_cannot_be_meant_is_refused(api: ApiClient, given: dict[str, str]) -> None:
    assert code(api.post("/v1/entities/copy_tasks", json=given)) == 4000


@pytest.mark.parametrize("entity_type", COPIED)
def test_nothing_unknown_is_copied(coze: ConnectedClient, entity_type: str) -> None:
    with pytest.raises(NotFound):
        start(coze, coze.client, entity_type, entity_id="7")
