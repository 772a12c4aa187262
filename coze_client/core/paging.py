"""Walking a listing page by page, as far as somebody goes."""

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


def by_number(at: str | None, page: Page[T]) -> str | None:
    """The page after this one, of listings that number their pages from 1."""
    return str(int(at or 1) + 1) if page.has_more else None


@dataclass(frozen=True)
class Page(Generic[T_co]):
    """One page of a listing: its ``items``, the ``total`` of all pages if Coze tells it, and whether there are more."""

    items: tuple[T_co, ...]
    has_more: bool
    total: int | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Pages(Generic[T]):
    """A listing: the request for the page at a cursor (``None``: the first), and the cursor that follows a page."""

    page: Callable[[str | None], Request[Page[T]]]
    following: Callable[[str | None, Page[T]], str | None]
    numbering: Numbering[T] | None = None


@dataclass(frozen=True)
class Numbering(Generic[T]):
    """How a listing is walked that numbers its pages from 1 and tells its total: pages of ``size`` items.

    ``key`` is what no two items have in common; after the first page ``concurrency`` pages are fetched at a time. Some
    servers of a listing count ``maybe_from_zero``.
    """

    size: int
    key: Callable[[T], str]
    concurrency: int = 1
    maybe_from_zero: bool = False
    largest: int | None = None

    def __post_init__(self) -> None:
        if self.size < 1 or self.size > (self.largest or self.size):
            told = f"1 to {self.largest}" if self.largest else "1 or more"
            raise ConfigurationError(f"page_size is {told}, not {self.size}")
        if self.concurrency < 1:
            raise ConfigurationError(f"concurrency is 1 or more, not {self.concurrency}")


def numbered(page: Callable[[int], Request[Page[T]]], numbering: Numbering[T]) -> Pages[T]:
    """A listing by the request for a page's number."""
    return Pages(lambda at: page(int(at or 1)), by_number, numbering)


class Cursor(Generic[T]):
    """Walks a listing; stops at its end, at an empty page, and where a server repeats itself."""

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._walk = _Counted(session, pages, pages.numbering) if pages.numbering else _Chained(session, pages)

    async def next(self) -> Page[T] | None:
        """The next page; ``None`` after the last."""
        return await self._walk.next()


class _Chained(Generic[T]):
    """Each page tells the next one's cursor."""

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._session = session
        self._pages = pages
        self._at: str | None = None
        self._been: set[str] = set()
        self._last: Page[T] | None = None
        self._ended = False

    async def next(self) -> Page[T] | None:
        if self._ended:
            return None
        page = await self._session.send(self._pages.page(self._at))
        if self._last is not None and page.items and page.items == self._last.items:
            self._ended = True
            return None
        self._last = page
        following = self._pages.following(self._at, page) if page.items else None
        self._ended = following is None or following in self._been
        if following is not None:
            self._been.add(following)
            self._at = following
        return page


class _Counted(Generic[T]):
    """Pages have numbers, and tell a total: once it is known, a window of them is fetched at a time.

    A total may change under way, and a page may be shorter than asked for: what counts is the latest total and the
    longest page. Items that moved to the next page are given once.
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
        self._given = 0
        self._first: frozenset[str] = frozenset()
        self._previous: frozenset[str] = frozenset()
        self._zero_asked = not numbering.maybe_from_zero
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
        pages = await self._session.concurrency.gather([partial(self._ask, each) for each in numbers], len(numbers))
        for page in pages:
            if not self._ended:
                await self._take(page)
                self._number += 1

    def _window(self) -> range:
        if self._total is None:
            return range(self._number, self._number + 1)
        last = self._base - 1 - -self._total // self._longest
        return range(self._number, min(self._number + self._numbering.concurrency, last + 1))

    async def _ask(self, number: int) -> Page[T]:
        return await self._session.send(self._pages.page(str(number)))

    async def _take(self, page: Page[T]) -> None:
        self._total = max(page.total or 0, 0) or self._total
        keys = self._keys(page)
        if self._number == 1 and self._starts_late(page):
            await self._take_page_zero(keys)
        fresh = self._fresh(page, keys, self._first | self._previous)
        self._longest = max(self._longest, len(page.items))
        self._ended = not fresh or self._is_last(page)
        self._first = self._first or keys
        self._previous = keys
        self._give(page, fresh)
        if self._ended and self._given < (self._total or 0):
            await self._take_page_zero(self._first | self._previous)

    def _is_last(self, page: Page[T]) -> bool:
        if self._total is None:
            return len(page.items) < self._numbering.size
        return (self._number - self._base + 1) * self._longest >= self._total

    def _starts_late(self, page: Page[T]) -> bool:
        """Page 1 is too short to be the first one of so many."""
        return len(page.items) < min(self._numbering.size, self._total or 0)

    async def _take_page_zero(self, known: frozenset[str]) -> None:
        """Asks, once, for a page before the first, which some servers have."""
        if self._zero_asked:
            return
        self._zero_asked = True
        try:
            page = await self._ask(0)
        except InvalidRequest:
            return
        if fresh := self._fresh(page, self._keys(page), known):
            self._base = 0
            self._longest = max(self._longest, len(page.items))
            self._give(page, fresh)

    def _fresh(self, page: Page[T], keys: frozenset[str], known: frozenset[str]) -> tuple[T, ...]:
        if keys.isdisjoint(known):
            return page.items
        key = self._numbering.key
        return tuple(item for item in page.items if not (name := key(item)) or name not in known)

    def _keys(self, page: Page[T]) -> frozenset[str]:
        return frozenset(map(self._numbering.key, page.items))

    def _give(self, page: Page[T], items: tuple[T, ...]) -> None:
        self._given += len(items)
        if items or not self._given:
            self._ready.append(replace(page, items=items))


class Listing(Generic[T]):
    """Every item of a listing, in order; ``pages()`` gives them page by page, with ``total`` and ``has_more``."""

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._session = session
        self._pages = pages

    def pages(self) -> Iterator[Page[T]]:
        """The pages, each fetched when it is asked for."""
        cursor = Cursor(self._session, self._pages)
        while (page := Blocking.run(cursor.next())) is not None:
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items


class AsyncListing(Generic[T]):
    """Every item of a listing, in order; ``pages()`` gives them page by page, with ``total`` and ``has_more``."""

    def __init__(self, session: Session, pages: Pages[T]) -> None:
        self._session = session
        self._pages = pages

    async def pages(self) -> AsyncIterator[Page[T]]:
        """The pages, each fetched when it is asked for."""
        cursor = Cursor(self._session, self._pages)
        while (page := await cursor.next()) is not None:
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item
