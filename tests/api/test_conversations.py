"""Conversations: created, retrieved, renamed, cleared, deleted, and listed page by page."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from coze_client import CozeError, InvalidRequest, NotFound, ProtocolError
from coze_client.emulator import Emulator
from tests.support.clients import ConnectedClient, Driver


def made(coze: ConnectedClient, count: int) -> list[str]:
    bot = coze.emulator.bots["echo"]
    return [coze.run(coze.client.conversations.create(bot_id=bot, name=f"c{n}")).id for n in range(count)]


def listed(coze: ConnectedClient, **options: Any) -> Any:
    return coze.client.conversations.list(bot_id=coze.emulator.bots["echo"], **options)


def test_a_conversation_is_made_found_renamed_and_deleted(coze: ConnectedClient) -> None:
    conversations = coze.client.conversations
    conversation = coze.run(conversations.create(name="trip", meta_data={"k": "v"}))
    assert (conversation.name, conversation.meta_data) == ("trip", {"k": "v"})
    found = coze.run(conversations.retrieve(conversation_id=conversation.id))
    assert found == conversation
    assert coze.run(conversations.update(conversation_id=conversation.id, name="tour")).name == "tour"
    assert coze.run(conversations.delete(conversation_id=conversation.id)) is None
    with pytest.raises(NotFound, match="4002"):
        coze.run(conversations.retrieve(conversation_id=conversation.id))


def test_a_conversation_may_begin_with_messages(coze: ConnectedClient) -> None:
    messages = [{"role": "user", "content": "my name is Ada"}, {"role": "assistant", "content": "hello Ada"}]
    conversation = coze.run(coze.client.conversations.create(messages=messages))
    found = coze.collect(coze.client.conversations.messages.list(conversation_id=conversation.id, order="asc"))
    assert [message.content for message in found] == ["my name is Ada", "hello Ada"]


def test_a_cleared_conversation_has_a_new_section_and_forgets(coze: ConnectedClient) -> None:
    first = coze.run(coze.ask("my name is Ada", bot="assistant").read())
    section = coze.run(coze.client.conversations.clear(conversation_id=first.conversation_id))
    assert section.conversation_id == first.conversation_id
    asked = coze.ask("what is my name?", bot="assistant", conversation_id=first.conversation_id)
    assert "Ada" not in coze.run(asked.read()).text


def test_a_name_that_is_too_long_is_refused(coze: ConnectedClient) -> None:
    with pytest.raises(InvalidRequest, match="100"):
        coze.run(coze.client.conversations.create(name="x" * 101))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("count", [0, 1, 6])
def test_every_conversation_is_listed_once_whatever_the_page_size(coze: ConnectedClient, size: int, count: int) -> None:
    expected = made(coze, count)
    newest = coze.collect(listed(coze, page_size=size))
    assert [conversation.id for conversation in newest] == expected[::-1]
    oldest = coze.collect(listed(coze, page_size=size, sort_order="ASC"))
    assert [conversation.id for conversation in oldest] == expected


def test_pages_are_fetched_when_they_are_reached(coze: ConnectedClient) -> None:
    made(coze, 5)
    listing = listed(coze, page_size=2)
    assert coze.emulator.calls_to("/v1/conversations") == []
    coze.collect(listing, limit=3)
    assert len(coze.emulator.calls_to("/v1/conversations")) == 2


def test_pages_know_whether_there_are_more(coze: ConnectedClient) -> None:
    made(coze, 5)
    pages = coze.collect(listed(coze, page_size=2).pages())
    assert [(len(page.items), page.has_more, page.total) for page in pages] == [
        (2, True, None),
        (2, True, None),
        (1, False, None),
    ]


def test_a_listing_can_be_walked_again(coze: ConnectedClient) -> None:
    made(coze, 3)
    listing = listed(coze, page_size=2)
    assert coze.collect(listing) == coze.collect(listing)


def page_of(*ids: str, has_more: bool) -> httpx.Response:
    data = {"conversations": [{"id": each} for each in ids], "has_more": has_more}
    return httpx.Response(200, content=json.dumps({"code": 0, "data": data}))


class Pages:
    """A server that returns one page after the other and repeats the last."""

    def __init__(self, *pages: httpx.Response) -> None:
        self.pages = list(pages)
        self.asked = 0

    def __call__(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked > 200:
            raise AssertionError("an endless listing")
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def walk(driver: Driver, pages: Pages) -> list[str]:
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(pages))
    return [conversation.id for conversation in driver.collect(client.conversations.list(bot_id="1"))]


def test_a_server_that_repeats_a_page_for_ever_ends_in_an_error(driver: Driver) -> None:
    pages = Pages(page_of("1", "2", has_more=True))
    with pytest.raises(ProtocolError, match="no new item"):
        walk(driver, pages)


def test_a_page_whose_items_all_moved_there_ends_no_listing(driver: Driver) -> None:
    first, moved = page_of("1", "2", has_more=True), page_of("1", "2", has_more=True)
    pages = Pages(first, moved, page_of("2", "3", has_more=True), page_of("4", has_more=False))
    assert walk(driver, pages) == ["1", "2", "3", "4"]


def test_an_empty_page_ends_a_listing_even_if_the_server_says_there_is_more(driver: Driver) -> None:
    pages = Pages(page_of("1", has_more=True), page_of(has_more=True))
    assert walk(driver, pages) == ["1"]
    assert pages.asked == 2


def test_an_error_on_a_later_page_comes_through_after_what_was_before(driver: Driver) -> None:
    pages = Pages(page_of("1", has_more=True), httpx.Response(200, json={"code": 4000, "msg": "no"}))
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(pages))
    listing = client.conversations.list(bot_id="1")
    assert [found.id for found in driver.collect(listing, limit=1)] == ["1"]
    with pytest.raises(CozeError):
        driver.collect(client.conversations.list(bot_id="1"))


def test_a_self_hosted_studio_keeps_conversations_the_same_way(driver: Driver) -> None:
    with Emulator(dialect="studio") as emulator:
        coze: ConnectedClient = ConnectedClient(driver, emulator)
        expected = made(coze, 3)
        found = coze.run(coze.client.conversations.retrieve(conversation_id=expected[0]))
        assert found.id == expected[0]
        assert found.creator_id
        assert [each.id for each in coze.collect(listed(coze, page_size=2))] == expected[::-1]
        assert coze.run(coze.client.conversations.update(conversation_id=expected[0], name="tour")).name == "tour"
        assert coze.run(coze.client.conversations.clear(conversation_id=expected[0])).conversation_id == expected[0]
        coze.run(coze.client.conversations.delete(conversation_id=expected[0]))
        assert [each.id for each in coze.collect(listed(coze))] == expected[:0:-1]
        assert coze.run(coze.client.conversations.retrieve(conversation_id=expected[0])).name == "tour"
