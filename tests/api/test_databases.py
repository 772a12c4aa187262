"""Databases: rows are whole and sent as text, filters are values, tasks are followed to their end."""

from __future__ import annotations

import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import httpx
import pytest

from coze_client import ConfigurationError, DatabaseField, ProtocolError, RowCondition, RowFilter, TimedOut
from tests.support.clients import Driver


def client_of(driver: Driver, answer: Callable[[dict[str, Any]], object]) -> Any:
    """A client whose requests get as data what `answer` makes of their JSON body."""

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"code": 0, "data": answer(json.loads(request.content or b"{}"))})

    return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_equal_rows_are_all_listed_whatever_the_page_size(driver: Driver, size: int) -> None:
    rows = [{"drink": "tea"}] * 5 + [{"drink": "coffee"}] * 2

    def page(body: dict[str, Any]) -> object:
        start = (body["page_num"] - 1) * body["page_size"]
        return {"items": rows[start : start + body["page_size"]], "total_count": len(rows)}

    listed = client_of(driver, page).databases.records.list(database_id="1", page_size=size)
    assert driver.collect(listed) == rows


def test_a_listing_of_rows_ends_where_the_server_has_no_more_whatever_total_it_tells(driver: Driver) -> None:
    def page(body: dict[str, Any]) -> object:
        return {"items": [{"a": "1"}] if body["page_num"] < 3 else [], "total_count": 1_000_000, "has_more": True}

    assert len(driver.collect(client_of(driver, page).databases.records.list(database_id="1", page_size=1))) == 2


@pytest.mark.parametrize("size", [1, 2, 10])
@pytest.mark.parametrize("told", [{"total_count": 30}, {"has_more": True}, {"total_count": 30, "has_more": True}])
def test_a_server_that_ignores_the_number_of_a_page_gives_no_row_twice(
    driver: Driver, size: int, told: dict[str, Any]
) -> None:
    rows = [{"drink": f"tea {number}"} for number in range(size)]
    records = client_of(driver, lambda _: {"items": rows, **told}).databases.records
    assert driver.collect(records.list(database_id="1"), size) == rows
    with pytest.raises(ProtocolError, match="no new item"):
        driver.collect(records.list(database_id="1"), size + 1)


@pytest.mark.parametrize("refused", [True, False])
def test_equal_pages_are_all_given_if_the_server_heeds_their_numbers(driver: Driver, refused: bool) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        number = json.loads(request.content)["page_num"]
        if number > 4 and refused:
            return httpx.Response(200, json={"code": 4000, "msg": "page_num is too large"})
        items = [{"drink": "tea"}] * 2 if number <= 4 else []
        return httpx.Response(200, json={"code": 0, "data": {"items": items, "has_more": number < 4}})

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(page))
    assert driver.collect(client.databases.records.list(database_id="1", page_size=2)) == [{"drink": "tea"}] * 8


def test_every_cell_travels_as_text(driver: Driver) -> None:
    seen: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> object:
        seen.append(body)
        return {"affected_rows": 1}

    records = client_of(driver, answer).databases.records
    cells = {"name": "é", "age": 7, "price": 1.5, "open": True, "gone": False}
    driver.run(records.create(database_id="1", insert_rows=[cells]))
    driver.run(records.update(database_id="1", update_fields={"open": False}, where=RowCondition("age", "equal", 7)))
    assert seen[0]["insert_rows"] == [{"name": "é", "age": "7", "price": "1.5", "open": "true", "gone": "false"}]
    assert seen[1] == {
        "update_fields": [{"field_name": "open", "value": "false"}],
        "filter": {"logic": "and", "conditions": [{"left": "age", "operation": "equal", "right": "7"}]},
    }


def test_a_cell_of_another_type_is_read_as_text_and_an_empty_one_stays(driver: Driver) -> None:
    rows = [{"text": "a", "number": 12345678901234567890, "real": 1.5, "yes": True, "none": None, "list": ["é"]}]
    client = client_of(driver, lambda _: {"items": rows, "total_count": 1})
    assert driver.collect(client.databases.records.list(database_id="1")) == [
        {"text": "a", "number": "12345678901234567890", "real": "1.5", "yes": "true", "none": None, "list": '["é"]'}
    ]


def test_a_filter_is_a_value() -> None:
    either = RowFilter.any(RowCondition("a", "is_null"), RowCondition("b", "like", "x%"))
    assert either == RowFilter((RowCondition("a", "is_null"), RowCondition("b", "like", "x%")), "or")
    assert either.wire()["conditions"] == [
        {"left": "a", "operation": "is_null"},
        {"left": "b", "operation": "like", "right": "x%"},
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: RowFilter.all(),
        lambda: RowCondition("a", "is_null", "x"),
        lambda: RowCondition("a", "is_not_null", False),
        lambda: RowCondition("a", "equal"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError, match=r"RowCondition|value"):
        make()


@pytest.mark.parametrize("count", [0, 1001])
def test_rows_that_coze_would_refuse_for_their_number_are_not_sent(driver: Driver, count: int) -> None:
    client = client_of(driver, lambda _: pytest.fail("it was sent"))
    with pytest.raises(ConfigurationError, match=f"1 to 1000 rows, not {count}"):
        driver.run(client.databases.records.create(database_id="1", insert_rows=[{"a": "b"}] * count))


def test_a_field_of_a_new_table_is_sent_as_it_was_given(driver: Driver) -> None:
    seen: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> object:
        seen.append(body)
        return {"database_id": 7}

    create = client_of(driver, answer).databases.create
    given = [DatabaseField(name="a", type="string"), {"name": "b", "type": "time", "is_required": True}]
    options = {"workspace_id": "1", "table_name": "t", "rw_mode": "limited_read_write"}
    assert driver.run(create(fields=given, **options)) == "7"
    assert seen[0]["fields"] == [{"name": "a", "type": "string"}, {"name": "b", "type": "time", "is_required": True}]


@pytest.mark.parametrize(("end", "failed"), [("succeed", False), ("failed", True)])
def test_a_task_is_polled_until_it_ends(driver: Driver, sleeps: list[float], end: str, failed: bool) -> None:
    states = ["pending", "running", end]
    tasks = client_of(driver, lambda _: {"status": states.pop(0), "error_msg": "why"}).databases.tasks
    task = driver.run(tasks.wait(task_id="7"))
    assert (task.status, task.failed, task.error_msg, states) == (end, failed, "why", [])
    assert sleeps == [1.0, 1.5]


def test_a_wait_that_is_over_says_that_the_task_goes_on(driver: Driver, sleeps: list[float]) -> None:
    tasks = client_of(driver, lambda _: {"status": "running"}).databases.tasks
    with pytest.raises(TimedOut, match=r"within 4 s.*The task goes on.*databases\.tasks\.wait"):
        driver.run(tasks.wait(task_id="7", timeout=4))
    assert sleeps == [1.0, 1.5, 2.25, 3.375]  # the next pause would end after the timeout


def test_a_change_is_counted_or_has_a_task(driver: Driver) -> None:
    answers: list[object] = [{"affected_rows": 0}, {"task_id": 8}, {}]
    delete = client_of(driver, lambda _: answers.pop(0)).databases.records.delete
    where = RowCondition("a", "equal", "b")
    assert driver.run(delete(database_id="1", where=where)).affected_rows == 0
    assert driver.run(delete(database_id="1", where=where, is_async=True)).task_id == "8"
    with pytest.raises(ProtocolError, match="sent no affected_rows"):
        driver.run(delete(database_id="1", where=where))


def test_a_row_that_was_read_is_inserted_without_its_empty_cells(driver: Driver) -> None:
    seen: list[object] = []

    def answer(body: dict[str, Any]) -> object:
        if "insert_rows" not in body:
            return {"items": [{"a": None, "b": "", "c": "x"}], "total_count": 1}
        seen.append(body["insert_rows"])
        return {"affected_rows": 1}

    records = client_of(driver, answer).databases.records
    read = driver.collect(records.list(database_id="1"))
    driver.run(records.create(database_id="1", insert_rows=read))
    assert seen == [[{"b": "", "c": "x"}]]


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, b"x"])
def test_what_is_no_cell_is_refused_instead_of_stored_as_its_python_text(driver: Driver, value: Any) -> None:
    records = client_of(driver, lambda _: pytest.fail("was sent")).databases.records
    where = RowCondition("a", "equal", 1)
    with pytest.raises(ConfigurationError, match="A cell"):
        driver.run(records.update(database_id="1", update_fields={"a": value}, where=where))
    if value is not None:
        with pytest.raises(ConfigurationError, match="A cell"):
            driver.run(records.create(database_id="1", insert_rows=[{"a": value}]))
        with pytest.raises(ConfigurationError, match="A cell"):
            RowCondition("a", "equal", value).wire()


@pytest.mark.parametrize("most", [1, 2, 3])
def test_pages_that_are_smaller_than_asked_for_are_all_read(driver: Driver, most: int) -> None:
    rows = [{"a": str(number)} for number in range(7)]

    def page(body: dict[str, Any]) -> object:
        start = (body["page_num"] - 1) * most
        return {"items": rows[start : start + most], "total_count": len(rows), "has_more": False}

    assert driver.collect(client_of(driver, page).databases.records.list(database_id="1", page_size=5)) == rows


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.databases.records.list(database_id="1", field_names="name"),
        lambda client: client.databases.records.export(database_id="1", field_names="name"),
        lambda client: client.api_apps.events.create(api_app_id="1", event_types="bot.published"),
        lambda client: client.api_apps.events.delete(api_app_id="1", event_types="bot.published"),
        lambda client: client.plugins.batch_retrieve(plugin_ids="123"),
    ],
)
def test_a_text_in_place_of_a_list_is_not_taken_letter_by_letter(driver: Driver, call: Callable[[Any], object]) -> None:
    with pytest.raises(ConfigurationError, match="single text"):
        driver.run(call(client_of(driver, lambda _: pytest.fail("was sent"))))


GOING_ON: dict[str, dict[str, str]] = {
    "api_apps.list": {},
    "api_apps.events.list": {"api_app_id": "1"},
    "benefit_limitations.list": {"entity_type": "enterprise_all_custom_consumers", "benefit_type": "b"},
}


@pytest.mark.parametrize("name", GOING_ON)
def test_a_list_that_goes_on_without_saying_where_is_an_error(driver: Driver, name: str) -> None:
    items = [{"id": "1", "event_type": "e", "benefit_id": "1"}]
    client = client_of(driver, lambda _: {"items": items, "benefit_infos": items, "has_more": True})
    with pytest.raises(ProtocolError, match="goes on"):
        driver.collect(attrgetter(name)(client)(**GOING_ON[name]))
