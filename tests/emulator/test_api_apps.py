"""Callback apps of the emulator: made, listed by tokens, given a URL that answers a challenge, subscribed to events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coze_client import InvalidRequest, NotFound, answer_challenge
from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, code, data
from tests.support.clients import ConnectedClient
from tests.support.json_server import JsonServer


def app(coze: ConnectedClient, name: str = "ears") -> Any:
    return coze.run(coze.client.api_apps.create(app_type="normal", name=name))


def test_an_app_is_made_renamed_listed_and_deleted(coze: ConnectedClient) -> None:
    apps = coze.client.api_apps
    made = app(coze)
    other = coze.run(apps.create(app_type="connector", connector_id="999"))
    assert len(made.verify_token) > 30
    assert made.verify_token != other.verify_token
    coze.run(apps.update(api_app_id=made.id, name="Ohren"))
    listed = coze.collect(apps.list())
    assert [(each.id, each.name, each.connector_id) for each in listed] == [
        (made.id, "Ohren", ""),
        (other.id, "", "999"),
    ]
    assert listed[0].verify_token == made.verify_token
    assert [each.id for each in coze.collect(apps.list(app_type="connector"))] == [other.id]
    coze.run(apps.delete(api_app_id=made.id))
    assert [each.id for each in coze.collect(apps.list())] == [other.id]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_apps_and_events_are_all_listed_whatever_the_page_size(coze: ConnectedClient, size: int) -> None:
    made = [app(coze, f"a{number}") for number in range(4)]
    apps = coze.client.api_apps
    assert [each.id for each in coze.collect(apps.list(page_size=size))] == [each.id for each in made]
    types = ["bot.published", "bot.deleted", "bot.unpublished", "benefit.usage"]
    coze.run(apps.events.create(api_app_id=made[0].id, event_types=types))
    events = coze.collect(apps.events.list(api_app_id=made[0].id, page_size=size))
    assert [each.event_type for each in events] == types
    assert {(each.api_app_id, each.name) for each in events} == {(made[0].id, "a0")}


def test_events_are_subscribed_once_and_given_up(coze: ConnectedClient) -> None:
    app_id, events = app(coze).id, coze.client.api_apps.events
    for _ in range(2):
        coze.run(events.create(api_app_id=app_id, event_types=["bot.deleted", "bot.published"]))
    coze.run(events.delete(api_app_id=app_id, event_types=["bot.deleted", "benefit.usage"]))
    assert [each.event_type for each in coze.collect(events.list(api_app_id=app_id))] == ["bot.published"]
    with pytest.raises(InvalidRequest, match="event_types must be some of"):
        coze.run(events.create(api_app_id=app_id, event_types=["bot.born"]))


def test_a_url_that_answers_the_challenge_becomes_the_apps(coze: ConnectedClient) -> None:
    app_id, apps = app(coze).id, coze.client.api_apps
    with JsonServer(lambda body: answer_challenge(json.dumps(body).encode()) or {}) as listener:
        coze.run(apps.update(api_app_id=app_id, callback_url=listener.url))
    [listed] = coze.collect(apps.list())
    assert (listed.callback_url, listed.name) == (listener.url, "ears")


@pytest.mark.parametrize("answer", [{"challenge": "guessed"}, {"ok": True}, {}])
def test_a_url_that_does_not_answer_the_challenge_is_refused(coze: ConnectedClient, answer: dict[str, object]) -> None:
    app_id, apps = app(coze).id, coze.client.api_apps
    with JsonServer(lambda _: answer) as listener, pytest.raises(InvalidRequest, match="challenge"):
        coze.run(apps.update(api_app_id=app_id, callback_url=listener.url, name="new"))
    assert [(each.name, each.callback_url) for each in coze.collect(apps.list())] == [("ears", "")]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "file:///etc/hosts", "nonsense"])
def test_a_url_where_nobody_answers_is_refused(coze: ConnectedClient, url: str) -> None:
    with pytest.raises(InvalidRequest, match="challenge"):
        coze.run(coze.client.api_apps.update(api_app_id=app(coze).id, callback_url=url))


def test_an_app_is_seen_by_its_account_alone(coze: ConnectedClient, emulator: Emulator) -> None:
    app_id = app(coze).id
    apps = coze.driver.client(emulator.issue_token(account="7"), base_url=emulator.url).api_apps
    assert coze.collect(apps.list()) == []
    with pytest.raises(NotFound):
        coze.run(apps.update(api_app_id=app_id, name="theirs"))
    with pytest.raises(NotFound):
        coze.run(apps.delete(api_app_id=app_id))
    with pytest.raises(NotFound):
        coze.collect(apps.events.list(api_app_id=app_id))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, 4000),
        ({"app_type": "normal"}, 4000),
        ({"app_type": "connector", "name": "a"}, 4000),
        ({"app_type": "special", "name": "a"}, 4000),
        ({"app_type": "normal", "name": "x" * 129}, 4000),
        ({"app_type": "normal", "name": "x" * 128}, 0),
    ],
)
def test_an_app_keeps_the_limits_of_coze(api: ApiClient, body: dict[str, str], expected: int) -> None:
    assert code(api.post("/v1/api_apps", json=body)) == expected


@pytest.mark.parametrize("params", [{"page_size": "51"}, {"page_size": "0"}, {"page_token": "x"}, {"app_type": "x"}])
def test_a_listing_of_apps_that_cannot_be_meant_is_refused(api: ApiClient, params: dict[str, str]) -> None:
    assert code(api.get("/v1/api_apps", params=params)) == 4000


def test_the_last_page_of_apps_has_no_token(api: ApiClient) -> None:
    for number in range(51):
        data(api.post("/v1/api_apps", json={"app_type": "normal", "name": str(number)}))
    first = data(api.get("/v1/api_apps"))
    assert (len(first["items"]), first["has_more"]) == (50, True)
    last = data(api.get("/v1/api_apps", params={"page_token": first["next_page_token"]}))
    assert (len(last["items"]), last["has_more"], last["next_page_token"]) == (1, False, "")
