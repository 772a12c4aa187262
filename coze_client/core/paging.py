"""Listings, fetched page by page as far as the caller iterates."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from coze_client.core.concurrency import Blocking
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
    from the page's own cursor and the page; ``None`` after the last one.
    """

    page: Callable[[str | None], Request[Page[T]]]
    next_cursor: Callable[[str | None, Page[T]], str | None]
    numbering: Numbering[T] | None = None


def check_page_size(size: int, largest: int | None) -> None:
    """Raise ConfigurationError for a page size below 1 or above the API's limit (``None``: not documented)."""
    if size < 1 or size > (largest or size):
        allowed = f"1 to {largest}" if largest else "1 or more"
        raise ConfigurationError(f"page_size must be {allowed}, not {size}")


@dataclass(frozen=True)
class Numbering(Generic[T]):
    """How to fetch a listing that numbers its pages from 1 and reports its total.

    ``size``: items per page, at most ``largest``. ``key``: the unique id of an item. ``concurrency``: how many pages to
    fetch at a time after the first one. ``maybe_from_zero``: True if some servers number these pages from 0. Raises
    ConfigurationError for a size or concurrency out of range.
    """

    size: int
    key: Callable[[T], str]
    concurrency: int = 1
    maybe_from_zero: bool = False
    largest: int | None = None

    def __post_init__(self) -> None:
        check_page_size(self.size, self.largest)
        if self.concurrency < 1:
            raise ConfigurationError(f"concurrency must be 1 or more, not {self.concurrency}")


def numbered(page: Callable[[int], Request[Page[T]]], numbering: Numbering[T]) -> Pages[T]:
    """A listing described by the request for the page of a number."""
    return Pages(lambda cursor: page(int(cursor or 1)), by_number, numbering)


class Cursor(Generic[T]):
    """Fetches a listing page by page.

    It stops at the end, at an empty page, and where the server repeats a page or a cursor.
    """

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._fetcher = (
            _NumberedPages(session, pages, pages.numbering) if pages.numbering else _LinkedPages(session, pages)
        )

    async def next(self) -> Page[T] | None:
        """The next page; ``None`` after the last."""
        return await self._fetcher.next()


class _LinkedPages(Generic[T]):
    """A listing in which each page contains the cursor of the next one."""

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._session = session
        self._pages = pages
        self._cursor: str | None = None
        self._seen_cursors: set[str] = set()
        self._last: Page[T] | None = None
        self._ended = False

    async def next(self) -> Page[T] | None:
        if self._ended:
            return None
        page = await self._session.send(self._pages.page(self._cursor))
        if self._last is not None and page.items and page.items == self._last.items:
            self._ended = True
            return None
        self._last = page
        cursor = self._pages.next_cursor(self._cursor, page) if page.items else None
        self._ended = cursor is None or cursor in self._seen_cursors
        if cursor is not None:
            self._seen_cursors.add(cursor)
            self._cursor = cursor
        return page


class _NumberedPages(Generic[T]):
    """A listing with page numbers and a total. Once the total is known, several pages are fetched at a time.

    The total may change during the listing, and a page may be shorter than requested. So the latest total and the
    longest page decide where the end is. An item that moved to the next page is returned only once.
    """

    def __init__(self, session: Session, pages: Pages[T], numbering: Numbering[T]) -> None:
        self._session = session
        self._pages = pages
        self._numbering = numbering
        self._ready: deque[Page[T]] = deque()
        self._number = 1
        self._base = 1
        self._total: int | None = None
        self._longest = 0
        self._returned = 0
        self._first: frozenset[str] = frozenset()
        self._previous: frozenset[str] = frozenset()
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
        for page in pages:
            if not self._ended:
                await self._take(page)
                self._number += 1

    def _window(self) -> range:
        if self._total is None:
            return range(self._number, self._number + 1)
        last = self._base - 1 - -self._total // self._longest
        return range(self._number, min(self._number + self._numbering.concurrency, last + 1))

    async def _request(self, number: int) -> Page[T]:
        return await self._session.send(self._pages.page(str(number)))

    async def _take(self, page: Page[T]) -> None:
        self._total = max(page.total or 0, 0) or self._total
        keys = self._keys(page)
        if self._number == 1 and self._starts_late(page):
            await self._take_page_zero(keys)
        new_items = self._new_items(page, keys, self._first | self._previous)
        self._longest = max(self._longest, len(page.items))
        self._ended = not new_items or self._is_last(page)
        self._first = self._first or keys
        self._previous = keys
        self._add(page, new_items)
        if self._ended and self._returned < (self._total or 0):
            await self._take_page_zero(self._first | self._previous)

    def _is_last(self, page: Page[T]) -> bool:
        if self._total is None:
            return len(page.items) < self._numbering.size
        return (self._number - self._base + 1) * self._longest >= self._total

    def _starts_late(self, page: Page[T]) -> bool:
        """True if page 1 is too short for this total, so that a page 0 may come before it."""
        return len(page.items) < min(self._numbering.size, self._total or 0)

    async def _take_page_zero(self, known: frozenset[str]) -> None:
        """Request page 0, once: some servers number their pages from 0."""
        if self._zero_requested:
            return
        self._zero_requested = True
        try:
            page = await self._request(0)
        except InvalidRequest:
            return
        if new_items := self._new_items(page, self._keys(page), known):
            self._base = 0
            self._longest = max(self._longest, len(page.items))
            self._add(page, new_items)

    def _new_items(self, page: Page[T], keys: frozenset[str], known: frozenset[str]) -> tuple[T, ...]:
        if keys.isdisjoint(known):
            return page.items
        key = self._numbering.key
        return tuple(item for item in page.items if not (name := key(item)) or name not in known)

    def _keys(self, page: Page[T]) -> frozenset[str]:
        return frozenset(map(self._numbering.key, page.items))

    def _add(self, page: Page[T], items: tuple[T, ...]) -> None:
        self._returned += len(items)
        if items or not self._returned:
            self._ready.append(replace(page, items=items))


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
