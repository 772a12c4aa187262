"""Listings, fetched page by page as far as the caller iterates."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from coze_client.core.concurrency import Blocking
from coze_client.core.known_items import KnownItems, no_new_item
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.errors import ConfigurationError, InvalidRequest

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def by_number(cursor: str | None, page: Page[T]) -> str | None:
    """The number of the next page, for listings that number their pages from 1; ``None`` after the last page."""
    return str(int(cursor or 1) + 1) if page.has_more else None


@dataclass(frozen=True)
class Page(Generic[T_co]):
    """One page of a listing.

    ``items``: its items. ``has_more``: True if another page follows. ``total``: the number of items on all pages, if
    Coze reports it. ``cursor``: the cursor of the next page, in listings without page numbers.
    """

    items: tuple[T_co, ...]
    has_more: bool
    total: int | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Pages(Generic[T]):
    """Describes a listing.

    ``page``: the request for the page at a cursor (``None``: the first page). ``next_cursor``: the cursor after a page,
    from the page's own cursor and the page; ``None`` after the last one. ``key``: the unique id of an item; an item on
    several pages is returned once. ``beyond``: the cursor of a page that cannot exist, from a page; for listings whose
    items have no ids, so that equal pages alone do not tell whether the server repeats itself.
    """

    page: Callable[[str | None], Request[Page[T]]]
    next_cursor: Callable[[str | None, Page[T]], str | None]
    key: Callable[[T], str]
    numbering: Numbering | None = None
    beyond: Callable[[Page[T]], str] | None = None


def check_page_size(size: int, largest: int | None) -> None:
    """Raise ConfigurationError for a page size below 1 or above the API's limit (``None``: not documented)."""
    if size < 1 or size > (largest or size):
        allowed = f"1 to {largest}" if largest else "1 or more"
        raise ConfigurationError(f"page_size must be {allowed}, not {size}")


@dataclass(frozen=True)
class Numbering:
    """How to fetch a listing that numbers its pages from 1 and reports its total.

    ``size``: items per page, at most ``largest``. ``concurrency``: how many pages to fetch at a time after the first.
    ``maybe_from_zero``: True if some servers number these pages from 0. Raises ConfigurationError for a size or
    concurrency out of range.
    """

    size: int
    concurrency: int = 1
    maybe_from_zero: bool = False
    largest: int | None = None

    def __post_init__(self) -> None:
        check_page_size(self.size, self.largest)
        if self.concurrency < 1:
            raise ConfigurationError(f"concurrency must be 1 or more, not {self.concurrency}")


def numbered(page: Callable[[int], Request[Page[T]]], key: Callable[[T], str], numbering: Numbering) -> Pages[T]:
    """A listing described by the request for the page of a number, and by the unique `key` of an item."""
    return Pages(lambda cursor: page(int(cursor or 1)), by_number, key, numbering)


class Cursor(Generic[T]):
    """Fetches a listing page by page.

    It stops where the server says so, at an empty page, and at a repeated cursor. Raises ProtocolError if the server
    ignores page numbers, or if 100 pages in a row have no new item, because the list is then incomplete.
    """

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._fetcher = (
            _NumberedPages(session, pages, pages.numbering) if pages.numbering else _LinkedPages(session, pages)
        )

    async def next(self) -> Page[T] | None:
        """The next page; ``None`` after the last."""
        return await self._fetcher.next()


class _LinkedPages(Generic[T]):
    """A listing in which each page tells whether there is a next one. A repeated cursor ends it."""

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._session = session
        self._pages = pages
        self._cursor: str | None = None
        self._seen_cursors: set[str] = set()
        self._known = KnownItems(pages.key)
        self._last: tuple[T, ...] = ()
        self._looked_beyond = pages.beyond is None
        self._began = False
        self._ended = False

    async def next(self) -> Page[T] | None:
        while not self._ended:
            page = await self._session.send(self._pages.page(self._cursor))
            await self._refuse_repetition(page)
            self._follow(page)
            new_items = self._known.take_new(page.items)
            if new_items or not self._began:
                self._began = True
                return replace(page, items=new_items)
        return None

    def _follow(self, page: Page[T]) -> None:
        cursor = self._pages.next_cursor(self._cursor, page) if page.items else None
        self._ended = cursor is None or cursor in self._seen_cursors
        if cursor is not None:
            self._seen_cursors.add(cursor)
            self._cursor = cursor

    async def _refuse_repetition(self, page: Page[T]) -> None:
        """Look beyond the end, once, when a page without ids is like the one before it."""
        repeated = page.items and page.items == self._last
        self._last = page.items
        if repeated and not self._looked_beyond and self._pages.beyond:
            self._looked_beyond = True
            await _refuse_items_at(self._session, self._pages, self._pages.beyond(page), page.items)


async def _refuse_items_at(session: Session, pages: Pages[T], cursor: str, items: tuple[T, ...]) -> None:
    """Raise ProtocolError if the page at the cursor, beyond the end, has these items: the server ignores numbers."""
    with suppress(InvalidRequest):
        found = await session.send(pages.page(cursor))
        if found.items == items:
            raise no_new_item(1)


class _NumberedPages(Generic[T]):
    """A listing with page numbers and a total. Once the total is known, several pages are fetched at a time.

    The list may change meanwhile. Only the server ends it: by its latest total, by an empty page, or by a short one if
    it reports no total. New items move others to the next page, where they are left out. If the total has fallen, items
    may have moved to pages that were read; then it goes back, until a page has an item that was returned before. It
    does not notice deleted items if as many were added at the same time.
    """

    def __init__(self, session: Session, pages: Pages[T], numbering: Numbering) -> None:
        self._session = session
        self._pages = pages
        self._numbering = numbering
        self._known = KnownItems(pages.key)
        self._ready: deque[Page[T]] = deque()
        self._number = 1
        self._base = 1
        self._total: int | None = None
        self._first_total = 0
        self._longest = 0
        self._returned = 0
        self._first: tuple[T, ...] = ()
        self._going_back = False
        self._fall = (0, 0, 0)  # why it went back last: the page, its total, and the number of items before
        self._zero_requested = not numbering.maybe_from_zero
        self._ended = False

    async def next(self) -> Page[T] | None:
        while not self._ready and not self._ended:
            await self._fetch()
        if not self._ready:
            return None
        page = self._ready.popleft()
        return replace(page, has_more=bool(self._ready) or not self._ended)

    async def _fetch(self) -> None:
        numbers = self._window()
        pages = await self._session.concurrency.gather([partial(self._request, each) for each in numbers], len(numbers))
        for number, page in zip(numbers, pages, strict=True):
            if self._ended or self._goes_back(page, alone=number == numbers[0]):
                return
            self._number += 1
            await self._take(number, page)

    def _window(self) -> range:
        if self._total is None or self._going_back:
            return range(self._number, self._number + 1)
        last = self._base - 1 - -self._total // self._longest
        return range(self._number, min(self._number + self._numbering.concurrency, last + 1))

    async def _request(self, number: int) -> Page[T]:
        return await self._session.send(self._pages.page(str(number)))

    def _goes_back(self, page: Page[T], *, alone: bool) -> bool:
        """True if items may lie between the last page that was taken and this one; then an earlier page is next.

        Of pages that were requested at one time, not `alone`, the later may be the older one, so new items hide others.
        """
        before, self._total = self._total, max(page.total or 0, 0) or self._total
        change = (self._total or 0) - (before or 0)
        fallen = max(-change, 0 if alone else change)
        fall = (self._number, self._total or 0, self._returned)
        if self._going_back:
            self._going_back = self._number > self._base and not self._known.includes_any_of(page.items)
        elif fallen and fall != self._fall:  # twice the same with nothing new between: the totals are wrong
            self._going_back, self._fall = True, fall
        if self._going_back:
            self._number = max(self._number - max(-(-fallen // self._longest), 1), self._base)
        return self._going_back

    async def _take(self, number: int, page: Page[T]) -> None:
        self._first_total = self._first_total or self._total or 0
        self._first = self._first or page.items
        self._longest = max(self._longest, len(page.items))
        self._add(page)
        if number == 1 and self._starts_late(page):
            await self._take_page_zero()
            self._ready.rotate()  # page 0 comes before page 1
        self._ended = not page.items or self._is_last(number, page)
        if self._ended and self._returned < max(self._total or 0, self._first_total):
            await self._take_page_zero()
            await self._refuse_repetition(number, page)

    async def _refuse_repetition(self, number: int, page: Page[T]) -> None:
        """Look beyond the end, if all pages were like the first one: the server may ignore their numbers."""
        if number > 1 and page.items == self._first and self._returned == len(self._first):
            await _refuse_items_at(self._session, self._pages, str(number + 1), page.items)

    def _is_last(self, number: int, page: Page[T]) -> bool:
        if self._total is None:
            return len(page.items) < self._numbering.size
        return (number - self._base + 1) * self._longest >= self._total

    def _starts_late(self, page: Page[T]) -> bool:
        """True if page 1 is too short for this total, so that a page 0 may come before it."""
        return len(page.items) < min(self._numbering.size, self._total or 0)

    async def _take_page_zero(self) -> None:
        """Request page 0, once: some servers number their pages from 0. Others take page 0 for page 1."""
        if self._zero_requested:
            return
        self._zero_requested = True
        try:
            page = await self._request(0)
        except InvalidRequest:
            return
        if page.items and not self._known.includes_any_of(page.items):
            self._base = 0
        self._longest = max(self._longest, len(page.items))
        self._add(page)
        if self._base == 0 and (page.total or 0) > self._first_total:  # items of page 0 may have moved to page 1
            self._number, self._ended = 0, False

    def _add(self, page: Page[T]) -> None:
        new_items = self._known.take_new(page.items)
        self._returned += len(new_items)
        if new_items or not self._returned:
            self._ready.append(replace(page, items=new_items))


class Listing(Generic[T]):
    """An iterator over all items of a listing, in order; ``pages()`` iterates over its pages instead."""

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._session = session
        self._pages = pages

    def pages(self) -> Iterator[Page[T]]:
        """The pages, with ``total`` and ``has_more``; each is fetched when the iteration reaches it."""
        cursor = Cursor(self._session, self._pages)
        while (page := Blocking.run(cursor.next())) is not None:
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items


class AsyncListing(Generic[T]):
    """An iterator over all items of a listing, in order; ``pages()`` iterates over its pages instead."""

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._session = session
        self._pages = pages

    async def pages(self) -> AsyncIterator[Page[T]]:
        """The pages, with ``total`` and ``has_more``; each is fetched when the iteration reaches it."""
        cursor = Cursor(self._session, self._pages)
        while (page := await cursor.next()) is not None:
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item
