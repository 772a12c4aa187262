"""Messages of a conversation: created, changed, rated, deleted, and listed in both directions."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from coze_client import InvalidRequest, NotFound
from coze_client.emulator import Emulator
from tests.support.clients import ConnectedClient, Driver


def begin(coze: ConnectedClient, count: int = 0) -> tuple[str, list[str]]:
    """A conversation and the ids of its messages, oldest first."""
    conversation_id = coze.run(coze.client.conversations.create()).id
    messages = coze.client.conversations.messages
    made = [
        coze.run(messages.create(conversation_id=conversation_id, role="user", content=f"m{n}")).id
        for n in range(count)
    ]
    return conversation_id, made


def test_a_message_is_made_found_changed_and_deleted(coze: ConnectedClient) -> None:
    conversation_id, _ = begin(coze)
    messages = coze.client.conversations.messages
    made = coze.run(messages.create(conversation_id=conversation_id, role="user", content="hi", meta_data={"k": "v"}))
    ids = {"conversation_id": conversation_id, "message_id": made.id}
    assert coze.run(messages.retrieve(**ids)) == made
    changed = coze.run(messages.update(**ids, content="hello"))
    assert (changed.id, changed.content, changed.meta_data) == (made.id, "hello", {"k": "v"})
    assert coze.run(messages.update(**ids, meta_data={"k": "w"})).meta_data == {"k": "w"}
    assert coze.run(messages.delete(**ids)).id == made.id
    with pytest.raises(InvalidRequest, match="4005"):
        coze.run(messages.retrieve(**ids))


def test_an_answer_can_be_rated_and_the_rating_taken_back(coze: ConnectedClient) -> None:
    chat = coze.run(coze.ask("hi").read())
    answer = {"conversation_id": chat.conversation_id, "message_id": chat.messages[0].id}
    messages = coze.client.conversations.messages
    assert coze.run(messages.create_feedback(**answer, feedback_type="like")) is None
    coze.run(messages.create_feedback(**answer, feedback_type="unlike", reason_types=["wrong"], comment="no"))
    assert coze.run(messages.delete_feedback(**answer)) is None
    with pytest.raises(InvalidRequest):
        coze.run(messages.create_feedback(**answer, feedback_type="like", comment="x" * 251))


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_every_message_is_listed_once_whatever_the_page_size(
    coze: ConnectedClient, limit: int, order: str, count: int
) -> None:
    conversation_id, made = begin(coze, count)
    listing = coze.client.conversations.messages.list(conversation_id=conversation_id, order=order, limit=limit)
    found = [message.id for message in coze.collect(listing)]
    assert found == (made if order == "asc" else made[::-1])


def test_paging_forward_begins_after_a_message(coze: ConnectedClient) -> None:
    conversation_id, made = begin(coze, 6)
    listing = coze.client.conversations.messages.list(
        conversation_id=conversation_id, order="asc", after_id=made[1], limit=2
    )
    assert [[message.id for message in page.items] for page in coze.collect(listing.pages())] == [made[2:4], made[4:]]


def test_paging_backward_begins_before_a_message_and_goes_away_from_it(coze: ConnectedClient) -> None:
    conversation_id, made = begin(coze, 6)
    listing = coze.client.conversations.messages.list(
        conversation_id=conversation_id, order="asc", before_id=made[5], limit=2
    )
    pages = [[message.id for message in page.items] for page in coze.collect(listing.pages())]
    assert pages == [made[3:5], made[1:3], made[:1]]
    for call in coze.emulator.calls_to("/v1/conversation/message/list"):
        assert isinstance(call.body, dict)
        assert not {"before_id", "after_id"} <= call.body.keys(), "their meaning together is not documented"


def test_what_lies_between_question_and_answer_comes_on_request(coze: ConnectedClient) -> None:
    chat = coze.run(coze.ask("hi", bot="several_answers").read())
    messages = coze.client.conversations.messages
    plain = coze.collect(messages.list(conversation_id=chat.conversation_id, order="asc"))
    assert {message.type for message in plain} <= {"question", "answer"}
    whole = coze.collect(messages.list(conversation_id=chat.conversation_id, include_middle_message=True))
    assert {"function_call", "tool_response"} <= {message.type for message in whole}
    only = coze.collect(messages.list(conversation_id=chat.conversation_id, chat_id=chat.chat_id))
    assert {message.chat_id for message in only} == {chat.chat_id}


def test_messages_of_an_unknown_conversation_are_not_found(coze: ConnectedClient) -> None:
    with pytest.raises(NotFound):
        coze.collect(coze.client.conversations.messages.list(conversation_id="1"))


class Pages:
    """A server that returns one page after the other and repeats the last; it records the cursors."""

    def __init__(self, *pages: dict[str, object]) -> None:
        self.pages = list(pages)
        self.cursors: list[object] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.cursors.append(body.get("after_id") or body.get("before_id"))
        if len(self.cursors) > 20:
            raise AssertionError("an endless listing")
        page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        return httpx.Response(200, content=json.dumps({"code": 0, **page}))


def page(*ids: str, **beside: object) -> dict[str, object]:
    return {"data": [{"id": each} for each in ids], **beside}


def walk(driver: Driver, pages: Pages, **options: Any) -> list[str]:
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(pages))
    listing = client.conversations.messages.list(conversation_id="1", **options)
    return [message.id for message in driver.collect(listing)]


@pytest.mark.parametrize(
    ("pages", "ids", "cursors"),
    [
        ([page("1", "2", has_more=False, last_id="2")], ["1", "2"], [None]),
        ([page("1", has_more=True, last_id="1"), page("2", last_id="2")], ["1", "2"], [None, "1"]),
        ([page("1", has_more=True, last_id=17), page("2")], ["1", "2"], [None, "17"]),
        ([page("1", has_more=True, last_id="a"), page(has_more=True, last_id="b")], ["1"], [None, "a"]),
        ([page("1", has_more=True), page("2")], ["1", "2"], [None, "1"]),
        ([page("1", has_more=True, last_id="0"), page("2")], ["1", "2"], [None, "1"]),
        ([page("1", has_more=True, last_id="a")], ["1"], [None, "a"]),
        ([page("1", has_more=True, last_id="a"), page("2", has_more=True, last_id="a")], ["1", "2"], [None, "a"]),
        ([page(has_more=True, last_id="0", first_id="0")], [], [None]),
        ([{"data": None, "has_more": None}], [], [None]),
    ],
)
def test_a_listing_follows_the_servers_cursor_and_ends(
    driver: Driver, pages: list[dict[str, object]], ids: list[str], cursors: list[object]
) -> None:
    server = Pages(*pages)
    assert walk(driver, server) == ids
    assert server.cursors == cursors


def test_a_backward_listing_ends_where_a_server_repeats_itself(driver: Driver) -> None:
    server = Pages(page("3", "4", has_more=True, first_id="3", last_id="4"))
    assert walk(driver, server, before_id="5") == ["3", "4"]
    assert server.cursors == ["5", "3"]


def test_a_self_hosted_studio_lists_newest_first_and_each_once(driver: Driver) -> None:
    with Emulator(dialect="studio") as emulator:
        coze: ConnectedClient = ConnectedClient(driver, emulator)
        chat = coze.run(coze.ask("hi").read())
        coze.run(coze.ask("again", conversation_id=chat.conversation_id).read())
        listing = coze.client.conversations.messages.list(conversation_id=chat.conversation_id, limit=1)
        found = coze.collect(listing)
        assert [message.type for message in found] == ["answer", "question", "answer", "question"]
        assert len({message.id for message in found}) == 4
