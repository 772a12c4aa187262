"""Which items of a listing were returned before: a listing by page numbers shifts while it is read; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from coze_client.errors import ProtocolError

T = TypeVar("T")

_MOST_KNOWN_PAGES = 100


def no_new_item(pages: int) -> ProtocolError:
    """The error of a listing that goes on after so many pages that were known."""
    had = "1 page more had" if pages == 1 else f"{pages} pages in a row had"
    return ProtocolError(
        f"The server says that a listing goes on, but {had} no new item",
        cure="The list is incomplete: the server may ignore page numbers, or the list changes while it is read",
    )


class KnownItems(Generic[T]):
    """The items that a listing has returned, by `key`. Without a key, an item is new unless its page is repeated."""

    def __init__(self, key: Callable[[T], str]) -> None:
        self._key = key
        self._keys: set[str] = set()
        self._last: Sequence[T] = ()
        self._known_pages = 0

    def includes_any_of(self, items: Sequence[T]) -> bool:
        """True if one of these items was returned before, or has no key."""
        return any(not key or key in self._keys for key in map(self._key, items))

    def take_new(self, items: Sequence[T]) -> tuple[T, ...]:
        """Return the items of a page that were not returned before, and remember them.

        Raises ProtocolError after 100 pages in a row without such an item: the server repeats itself, or the list
        changes faster than it can be read.
        """
        repeated = items == self._last
        new = tuple(item for item in items if self._remember(self._key(item), repeated=repeated))
        self._last = items
        self._known_pages = 0 if new else self._known_pages + 1
        if self._known_pages > _MOST_KNOWN_PAGES:
            raise no_new_item(self._known_pages - 1)
        return new

    def _remember(self, key: str, *, repeated: bool) -> bool:
        if (key in self._keys) if key else repeated:
            return False
        self._keys.add(key)
        return True
