"""Databases of the emulator: tables, rows that filters mean, pages, and tasks that are followed to their end."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from coze_client import ConfigurationError, CozeError, NotFound, PermissionDenied, RowCondition, RowFilter
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.support.api_calls import ApiClient, code, data
from tests.support.clients import ConnectedClient, Driver

FIELDS = [
    {"name": "name", "type": "string", "is_required": True},
    {"name": "age", "type": "integer"},
    {"name": "tall", "type": "boolean"},
]
TABLE = {"table_name": "people", "fields": FIELDS, "rw_mode": "unlimited_read_write"}
PEOPLE = [
    {"name": "Ada", "age": 9, "tall": True},
    {"name": "Bea", "age": 10, "tall": False},
    {"name": "Cy"},
    {"name": "Ada", "age": 30},
]


def table(coze: ConnectedClient, rows: list[Any] = PEOPLE, **options: Any) -> str:
    """Make a table with these rows; return its id."""
    made: str = coze.run(coze.client.databases.create(workspace_id=WORKSPACE, **{**TABLE, **options}))
    if rows:
        assert coze.run(coze.client.databases.records.create(database_id=made, insert_rows=rows)).affected_rows
    return made


def names(coze: ConnectedClient, database_id: str, **options: Any) -> list[str]:
    rows = coze.collect(coze.client.databases.records.list(database_id=database_id, **options))
    return [row["name"] for row in rows]


def test_a_table_is_made_listed_and_deleted_with_its_rows(coze: ConnectedClient) -> None:
    databases = coze.client.databases
    made = [table(coze, table_name=f"t{number}") for number in range(3)]
    listed = coze.collect(databases.list(workspace_id=WORKSPACE, page_size=2))
    assert [(each.id, each.table_name) for each in listed] == [(id_, f"t{n}") for n, id_ in enumerate(made)]
    assert [(each.name, each.type, each.is_required) for each in listed[0].fields] == [
        ("name", "string", True),
        ("age", "integer", False),
        ("tall", "boolean", False),
    ]
    coze.run(databases.delete(database_id=made[1]))
    assert [each.id for each in coze.collect(databases.list(workspace_id=WORKSPACE))] == [made[0], made[2]]
    with pytest.raises(NotFound):
        coze.collect(databases.records.list(database_id=made[1]))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 1000])
def test_rows_come_whole_and_in_order_whatever_the_page_size(coze: ConnectedClient, size: int) -> None:
    rows = coze.collect(coze.client.databases.records.list(database_id=table(coze), page_size=size))
    assert rows == [
        {"name": "Ada", "age": "9", "tall": "true"},
        {"name": "Bea", "age": "10", "tall": "false"},
        {"name": "Cy", "age": None, "tall": None},
        {"name": "Ada", "age": "30", "tall": None},
    ]


FILTERS: list[tuple[Any, list[str]]] = [
    (RowCondition("age", "less_than", 10), ["Ada"]),  # as a text, "10" would be less
    (RowCondition("age", "greater_equal", 10), ["Bea", "Ada"]),
    (RowCondition("age", "equal", "010"), ["Bea"]),
    (RowCondition("name", "not_equal", "Ada"), ["Bea", "Cy"]),
    (RowCondition("tall", "equal", False), ["Bea"]),
    (RowCondition("age", "is_null"), ["Cy"]),
    (RowCondition("tall", "is_not_null"), ["Ada", "Bea"]),
    (RowCondition("name", "like", "_e%"), ["Bea"]),
    (RowCondition("name", "not_like", "%a"), ["Cy"]),
    (RowFilter.all(RowCondition("name", "equal", "Ada"), RowCondition("age", "greater_than", 9)), ["Ada"]),
    (RowFilter.any(RowCondition("name", "equal", "Cy"), RowCondition("age", "less_equal", 10)), ["Ada", "Bea", "Cy"]),
]


def test_a_filter_means_the_same_rows_for_a_listing_a_change_and_a_deletion(coze: ConnectedClient) -> None:
    records = coze.client.databases.records
    for where, expected in FILTERS:
        database_id = table(coze)
        assert names(coze, database_id, where=where) == expected, where
        changed = coze.run(records.update(database_id=database_id, update_fields={"name": "Zoe"}, where=where))
        assert changed.affected_rows == len(expected)
        assert names(coze, database_id).count("Zoe") == len(expected)
        meant = RowCondition("name", "equal", "Zoe")
        assert coze.run(records.delete(database_id=database_id, where=meant)).affected_rows == len(expected)
        assert len(names(coze, database_id)) == len(PEOPLE) - len(expected)


def test_rows_are_ordered_by_the_type_of_a_field_and_shown_once_if_told(coze: ConnectedClient) -> None:
    database_id = table(coze)
    assert names(coze, database_id, order_by={"age": "desc"}) == ["Ada", "Bea", "Ada", "Cy"]
    assert names(coze, database_id, order_by={"name": "desc", "age": "asc"}) == ["Cy", "Bea", "Ada", "Ada"]
    rows = coze.client.databases.records.list(database_id=database_id, field_names=["name"], is_distinct=True)
    assert coze.collect(rows) == [{"name": "Ada"}, {"name": "Bea"}, {"name": "Cy"}]


@pytest.mark.parametrize(("mode", "seen"), [("independent_connector", []), ("shared_all_connectors", ["Ada"])])
def test_rows_of_another_channel_are_seen_only_if_the_table_shares_them(
    coze: ConnectedClient, mode: str, seen: list[str]
) -> None:
    database_id = table(coze, [], connector_read_mode=mode)
    records = coze.client.databases.records
    coze.run(records.create(database_id=database_id, insert_rows=PEOPLE[:1], connector_id="999"))
    assert names(coze, database_id) == seen
    assert names(coze, database_id, connector_id="999") == ["Ada"]
    everyone = RowCondition("name", "is_not_null")
    assert coze.run(records.delete(database_id=database_id, where=everyone)).affected_rows == 0


@pytest.mark.parametrize("looks", [0, 3])
def test_a_task_is_followed_to_its_end(driver: Driver, sleeps: list[float], looks: int) -> None:
    with Emulator(processing_looks=looks) as emulator:
        coze = ConnectedClient(driver, emulator)
        records, tasks = coze.client.databases.records, coze.client.databases.tasks
        database_id = table(coze)
        started = coze.run(
            records.delete(database_id=database_id, where=RowCondition("name", "equal", "Ada"), is_async=True)
        )
        assert started.affected_rows is None
        task = coze.run(tasks.wait(task_id=started.task_id))
        assert (task.status, task.affected_rows, task.select_items_file_url) == ("succeed", 2, "")
        assert names(coze, database_id) == ["Bea", "Cy"]
        assert len(sleeps) == looks


@pytest.mark.parametrize(
    ("page", "expected"), [({}, range(20)), ({"page_num": 2}, range(20, 25)), ({"page_size": 25}, range(25))]
)
def test_an_export_writes_a_page_to_a_file_and_says_what_it_lacks(
    coze: ConnectedClient, page: dict[str, int], expected: range
) -> None:
    database_id = table(coze, [{"name": str(number)} for number in range(25)])
    exported = coze.run(coze.client.databases.records.export(database_id=database_id, field_names=["name"], **page))
    task = coze.run(coze.client.databases.tasks.wait(task_id=exported.task_id))
    assert (task.select_total_count, task.has_more) == (25, expected.stop < 25)
    assert httpx.get(task.select_items_file_url).json() == [{"name": str(number)} for number in expected]


@pytest.mark.parametrize("size", [0, 1001])
def test_an_export_of_pages_that_coze_refuses_is_not_sent(coze: ConnectedClient, size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"page_size must be 1 to 1000, not {size}"):
        coze.run(coze.client.databases.records.export(database_id="1", page_size=size))


def test_a_task_is_shown_for_twelve_hours_to_who_started_it(coze: ConnectedClient, emulator: Emulator) -> None:
    exported = coze.run(coze.client.databases.records.export(database_id=table(coze)))
    other = coze.driver.client(emulator.issue_token(account="7"), base_url=emulator.url)
    with pytest.raises(NotFound):
        coze.run(other.databases.tasks.retrieve(task_id=exported.task_id))
    url = coze.run(coze.client.databases.tasks.retrieve(task_id=exported.task_id)).select_items_file_url
    began, now = emulator.clock(), emulator.clock
    emulator.clock = lambda: began + 12 * 60 * 60 + now() - began
    with pytest.raises(NotFound):
        coze.run(coze.client.databases.tasks.retrieve(task_id=exported.task_id))
    assert httpx.get(url).status_code == 404


def test_a_table_is_for_the_members_of_its_workspace(coze: ConnectedClient, emulator: Emulator) -> None:
    workspace_id = coze.run(coze.client.workspaces.create(name="w", description="d"))
    database_id = coze.run(coze.client.databases.create(workspace_id=workspace_id, **TABLE))
    other = coze.driver.client(emulator.issue_token(account="7"), base_url=emulator.url)
    for refused in (
        lambda: coze.collect(other.databases.list(workspace_id=workspace_id)),
        lambda: coze.collect(other.databases.records.list(database_id=database_id)),
        lambda: coze.run(other.databases.delete(database_id=database_id)),
    ):
        with pytest.raises(NotFound):
            refused()


def test_a_table_of_an_app_needs_a_permission_more(coze: ConnectedClient, emulator: Emulator) -> None:
    token = emulator.issue_token(["Workspace.createDatabase", "Workspace.listDatabase"])
    client = coze.driver.client(token, base_url=emulator.url)
    assert coze.run(client.databases.create(workspace_id=WORKSPACE, **TABLE))
    with pytest.raises(PermissionDenied, match=r"Project\.createDatabase"):
        coze.run(client.databases.create(workspace_id=WORKSPACE, app_id="7", **TABLE))


@pytest.mark.parametrize("list_form", ["in", "not_in"])
def test_what_nobody_documents_is_not_served(coze: ConnectedClient, list_form: Any) -> None:
    with pytest.raises(CozeError, match="does not serve the operations in and not_in"):
        names(coze, table(coze), where=RowCondition("name", list_form, "Ada"))
    unserved: list[dict[str, Any]] = [
        {"connector_read_mode": "shared_coze_connectors"},
        {"connector_rw_config": [{"connector_id": "7", "connector_rw_mode": "draft"}]},
    ]
    for option in unserved:
        with pytest.raises(CozeError, match=r"databases\.create is not served"):
            table(coze, **option)


@pytest.mark.parametrize(
    "changed",
    [
        {"workspace_id": None},
        {"table_name": ""},
        {"fields": []},
        {"fields": [{"name": "a", "type": "date"}]},
        {"fields": [{"name": "a", "type": "time"}] * 2},
        {"rw_mode": None},
        {"rw_mode": "free"},
        {"indexs": [{"index_name": "i", "field_names": ["no"]}]},
        {"indexs": [{"index_name": "i", "field_names": ["name", "age"]}]},
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(api: ApiClient, changed: dict[str, Any]) -> None:
    assert code(api.post("/v1/databases", json={"workspace_id": WORKSPACE, **TABLE, **changed})) == 4000


UPDATE = {"update_fields": [{"field_name": "age", "value": "7"}], "filter": {"conditions": []}}
CONDITION = {"left": "name", "operation": "equal", "right": "Ada"}
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "", {}),
    ("POST", "", {"insert_rows": [{"name": "a"}] * 1001}),
    ("POST", "", {"insert_rows": [{"age": "7"}]}),
    ("POST", "", {"insert_rows": [{"name": "a", "age": 7}]}),
    ("POST", "", {"insert_rows": [{"name": "a", "age": "seven"}]}),
    ("POST", "", {"insert_rows": [{"name": "a", "age": "7.5"}]}),
    ("POST", "", {"insert_rows": [{"name": "a", "tall": "True"}]}),
    ("POST", "", {"insert_rows": [{"name": "a", "no": "x"}]}),
    ("POST", "/query", {"page_size": 1001}),
    ("POST", "/query", {"page_num": 0}),
    ("POST", "/query", {"order_by": [{"field_name": "no", "direction": "asc"}]}),
    ("POST", "/query", {"select_fields": {"field_names": ["no"]}}),
    ("POST", "/query", {"filter": {"logic": "xor", "conditions": [CONDITION]}}),
    ("POST", "/query", {"filter": {"logic": "and", "conditions": [{**CONDITION, "operation": "is"}]}}),
    ("POST", "/query", {"filter": {"logic": "and", "conditions": [{**CONDITION, "left": "age"}]}}),
    ("PUT", "", UPDATE),
    ("PUT", "", {"filter": {"logic": "and", "conditions": [CONDITION]}}),
    ("DELETE", "", {}),
]


def test_what_coze_refuses_changes_no_row(api: ApiClient) -> None:
    database_id = data(api.post("/v1/databases", json={"workspace_id": WORKSPACE, **TABLE}))["database_id"]
    path = f"/v1/databases/{database_id}/records"
    data(api.post(path, json={"insert_rows": [{"name": "Ada"}]}))
    for method, more, body in REFUSED:
        assert code(api.request(method, path + more, json=body)) == 4000, json.dumps(body)[:200]
    assert data(api.post(f"{path}/query", json={}))["items"] == [{"name": "Ada", "age": None, "tall": None}]
