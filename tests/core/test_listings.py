"""Listings that report a total: every item once and in order, for any number of pages fetched at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coze_client import ConfigurationError, Document, InvalidRequest, Page, ProtocolError
from coze_client.api.datasets.documents import Documents
from coze_client.api.datasets.images import Images
from coze_client.core.concurrency import Blocking
from coze_client.core.paging import Cursor
from coze_client.core.request import Request
from coze_client.core.session import Session
from tests.support.clients import Driver
from tests.support.json_server import Body, JsonServer

Serve = Callable[[int, int], Page[Document]]


def documents(first: int, after: int) -> tuple[Document, ...]:
    return tuple(Document(document_id=str(number)) for number in range(first, after))


def document_server(count: int, base: int = 1, *, most: int = 10**6, total: int | None = -1) -> Serve:
    """A server with `count` documents whose pages are numbered from `base`; it reports no total if that is None."""

    def serve(number: int, size: int) -> Page[Document]:
        size = min(size, most)
        start = max(number - base, 0) * size
        return Page(documents(start, min(start + size, count)), False, count if total == -1 else total)

    return serve


class Served:
    """A session whose listings come from a function; ``asked`` has the requested page numbers.

    With `backwards`, the pages that are requested at one time are answered from the last to the first.
    """

    def __init__(self, serve: Serve, *, backwards: bool = False) -> None:
        self._serve = serve
        self._backwards = backwards
        self.asked: list[int] = []
        self.windows: list[int] = []
        self.concurrency = self

    async def gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, Any]]], limit: int) -> list[Any]:
        assert limit == len(jobs)
        self.windows.append(limit)
        if self._backwards:
            return [await job() for job in reversed(jobs)][::-1]
        return [await job() for job in jobs]

    async def send(self, request: Request[Any]) -> Any:
        assert request.body is not None
        number, size = cast("int", request.body["page"]), cast("int", request.body["size"])
        self.asked.append(number)
        return self._serve(number, size)

    def walk(self, page_size: int = 10, concurrency: int = 1) -> list[Page[Document]]:
        listing = Documents.list(dataset_id="1", page_size=page_size, concurrency=concurrency)
        cursor = Cursor(cast("Session", self), listing)
        pages: list[Page[Document]] = []
        while (page := Blocking.run(cursor.next())) is not None:
            pages.append(page)
        return pages

    def ids(self, page_size: int = 10, concurrency: int = 1) -> list[int]:
        return [int(item.document_id) for page in self.walk(page_size, concurrency) for item in page.items]


@given(st.integers(0, 70), st.integers(1, 12), st.integers(1, 9), st.sampled_from([0, 1]), st.booleans())
def test_every_document_is_given_once_whatever_the_sizes_and_the_first_number(
    count: int, size: int, concurrency: int, base: int, clipped: bool
) -> None:
    served = Served(document_server(count, base, most=5 if clipped else 10**6))
    assert sorted(served.ids(size, concurrency)) == list(range(count))


@given(st.integers(0, 70), st.integers(1, 12), st.integers(1, 9))
def test_the_order_is_the_servers_and_no_page_is_asked_for_twice(count: int, size: int, concurrency: int) -> None:
    served = Served(document_server(count))
    assert served.ids(size, concurrency) == list(range(count))
    assert served.asked == list(range(1, max(-(-count // size), 1) + 1))


def test_the_first_page_comes_alone_and_the_rest_in_windows() -> None:
    served = Served(document_server(95))
    assert len(served.ids(10, 4)) == 95
    assert served.windows == [1, 4, 4, 1]


def test_by_default_one_page_is_asked_for_at_a_time() -> None:
    served = Served(document_server(35))
    served.ids()
    assert served.windows == [1, 1, 1, 1]


def test_pages_tell_whether_there_are_more() -> None:
    assert [page.has_more for page in Served(document_server(25)).walk(10, 2)] == [True, True, False]
    assert [page.has_more for page in Served(document_server(0)).walk()] == [False]


def test_a_server_that_counts_from_zero_is_found_out_by_its_short_page_one() -> None:
    served = Served(document_server(14, base=0))
    assert served.ids() == list(range(14))
    assert served.asked == [1, 0]


def test_a_server_that_counts_from_zero_gives_its_first_page_last_if_page_one_is_full() -> None:
    served = Served(document_server(25, base=0))
    assert served.ids() == [*range(10, 25), *range(10)]
    assert [page.has_more for page in Served(document_server(25, base=0)).walk()] == [True, True, False]


def test_a_server_that_refuses_page_zero_has_none() -> None:
    def serve(number: int, size: int) -> Page[Document]:
        if number == 0:
            raise InvalidRequest("page must be 1 or more", code=4000)
        return document_server(14, most=5)(number, size)

    assert Served(serve).ids() == list(range(14))


def test_a_total_that_grows_under_way_is_heeded() -> None:
    seen: list[int] = []

    def serve(number: int, size: int) -> Page[Document]:
        seen.append(number)
        return document_server(30 if len(seen) < 3 else 45)(number, size)

    assert Served(serve).ids(10, 3) == list(range(45))


def test_a_total_that_shrinks_under_way_ends_with_an_empty_page() -> None:
    def serve(number: int, size: int) -> Page[Document]:
        return document_server(95 if number == 1 else 20)(number, size)

    assert Served(serve).ids(10, 4) == list(range(20))


@pytest.mark.parametrize("after", [1, 2, 3])
@pytest.mark.parametrize("new", [1, 9])
def test_what_moves_to_the_next_page_while_it_is_listed_is_given_once(after: int, new: int) -> None:
    def serve(number: int, size: int) -> Page[Document]:
        moved = documents(100, 100 + new) + documents(0, 45) if number > after else documents(0, 45)
        return Page(moved[(number - 1) * size : number * size], False, len(moved))

    assert Served(serve).ids() == list(range(45))


class ChangingList:
    """A list, newest first, of which `count` documents were there at first; before each page comes one of `changes`.

    A change adds so many documents in front, then deletes others, from an index on: so many.
    """

    def __init__(self, count: int, changes: Sequence[tuple[int, int, int]], most: int = 10**6) -> None:
        self.now = list(range(count))
        self.kept = set(self.now)  # the documents that are there all the time
        self._changes = list(changes)
        self._added = 1000
        self._most = most

    def __call__(self, number: int, size: int) -> Page[Document]:
        size = min(size, self._most)
        if self._changes:
            self._change(*self._changes.pop(0))
        shown = self.now[(number - 1) * size : number * size]
        return Page(tuple(Document(document_id=str(each)) for each in shown), False, len(self.now))

    def _change(self, new: int, start: int, gone: int) -> None:
        self._added += new
        self.now[:0] = range(self._added - new, self._added)
        self.kept -= set(self.now[start : start + gone])
        del self.now[start : start + gone]


_NO_CHANGE = (0, 0, 0)
_CHANGES = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 60), st.sampled_from([0, 0, 3, 10, 40])), max_size=9)


@settings(max_examples=200)
@given(st.integers(0, 60), _CHANGES, st.integers(2, 10), st.integers(1, 4), st.booleans(), st.booleans())
@example(45, [_NO_CHANGE] * 3 + [(10, 0, 0)], 10, 1, False, False)  # a whole page of new documents
@example(45, [_NO_CHANGE] * 3 + [(0, 0, 20)], 10, 1, False, False)  # all that was left moves to pages that were read
def test_what_is_there_all_the_time_is_given_once_however_the_list_changes(
    count: int, changes: list[tuple[int, int, int]], size: int, concurrency: int, backwards: bool, clipped: bool
) -> None:
    if backwards:  # nothing can tell that as many documents came as went
        changes = [(new, start, 0 if new else gone) for new, start, gone in changes]
    server = ChangingList(count, changes, most=3 if clipped else 10**6)
    ids = Served(server, backwards=backwards).ids(size, concurrency)
    assert server.kept <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("concurrency", [1, 4])
def test_new_documents_on_pages_from_zero_hide_none_of_the_first_page(concurrency: int) -> None:
    def serve(number: int, size: int) -> Page[Document]:
        new = 10 if len(served.asked) > 2 else 0
        now = documents(1000, 1000 + new) + documents(0, 45)
        return Page(now[number * size : (number + 1) * size], False, len(now))

    served = Served(serve)
    ids = served.ids(10, concurrency)
    assert set(range(45)) <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("growth", [0, 100])
@pytest.mark.parametrize("key", ["1", ""], ids=["with ids", "without"])
def test_a_server_that_repeats_its_page_for_ever_ends_in_an_error(concurrency: int, growth: int, key: str) -> None:
    served = Served(lambda *_: Page((Document(document_id=key),), False, 10**6 + growth * len(served.asked)))
    with pytest.raises(ProtocolError, match="no new item"):
        served.walk(10, concurrency)
    assert len(served.asked) < 110 * concurrency


@given(st.integers(1, 12), st.integers(1, 200), st.integers(1, 5), st.booleans())
def test_a_server_that_ignores_page_numbers_never_gives_a_part_for_the_whole(
    most: int, total: int, concurrency: int, backwards: bool
) -> None:
    served = Served(lambda _, size: Page(documents(0, min(size, most, total)), False, total), backwards=backwards)
    if total <= min(10, most):
        assert served.ids(10, concurrency) == list(range(total))
    else:
        with pytest.raises(ProtocolError, match="no new item"):
            served.walk(10, concurrency)


def test_a_list_that_has_moved_by_a_page_is_none_that_repeats_itself() -> None:
    served = Served(ChangingList(20, [_NO_CHANGE, (10, 20, 10)]))
    assert served.ids() == list(range(10))  # ten came and ten went: nothing tells that
    assert served.asked == [1, 2, 0, 3]


def test_a_total_that_differs_from_page_to_page_ends_a_listing_all_the_same() -> None:
    def serve(number: int, size: int) -> Page[Document]:
        return document_server(45, total=50 - number % 2)(number, size)

    assert Served(serve).ids() == list(range(45))


@pytest.mark.parametrize("total", [None, 0, -5])
def test_without_a_total_a_short_page_is_the_last(total: int | None) -> None:
    served = Served(document_server(25, total=total))
    assert served.ids(10, 4) == list(range(25))
    assert served.asked == [1, 2, 3]


def test_both_clients_fetch_several_pages_at_a_time(driver: Driver) -> None:
    together = threading.Barrier(3, timeout=20)

    def respond(body: Body) -> dict[str, object]:
        number = int(body["page"])
        if number > 1:
            together.wait()  # breaks unless three are under way at once
        items = [{"document_id": each} for each in range((number - 1) * 10, number * 10)]
        return {"code": 0, "document_infos": items, "total": 40}

    with JsonServer(respond) as server:
        client = driver.client("t", base_url=server.url)
        listing = client.datasets.documents.list(dataset_id="1", page_size=10, concurrency=3)
        assert [int(item.document_id) for item in driver.collect(listing)] == list(range(40))
    assert server.bodies[0]["page"] == 1


def test_who_stops_early_has_asked_for_no_more_than_a_window(driver: Driver) -> None:
    def respond(body: Body) -> dict[str, object]:
        number = int(body["page"])
        items = [{"document_id": each} for each in range((number - 1) * 10, number * 10)]
        return {"code": 0, "document_infos": items, "total": 10**6}

    with JsonServer(respond) as server:
        client = driver.client("t", base_url=server.url)
        listing = client.datasets.documents.list(dataset_id="1", page_size=10, concurrency=3)
        assert len(driver.collect(iter(listing) if driver.name == "blocking" else aiter(listing), limit=11)) == 11
    assert len(server.bodies) == 4


def test_page_size_and_concurrency_are_checked_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="page_size must be 1 to 299, not 300"):
        Images.list(dataset_id="1", page_size=300)
    with pytest.raises(ConfigurationError, match="page_size must be 1 or more, not 0"):
        Documents.list(dataset_id="1", page_size=0)
    with pytest.raises(ConfigurationError, match="concurrency must be 1 or more, not 0"):
        Documents.list(dataset_id="1", concurrency=0)
