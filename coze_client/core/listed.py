"""Listings that are described by a path, the type of their items, and the parameters of each page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import AliasChoices, Field

from coze_client.core.model import Model, convert
from coze_client.core.paging import Numbering, Page, Pages, check_page_size, numbered
from coze_client.core.request import Request, query
from coze_client.core.response import Payload, RawResponse, read_envelope
from coze_client.errors import ProtocolError

T = TypeVar("T")


class _AroundItems(Model):
    has_more: bool = False
    total: int | None = Field(default=None, validation_alias=AliasChoices("total", "total_count"))
    next_token: str = Field(default="", validation_alias=AliasChoices("next_page_token", "page_token"))


@dataclass(frozen=True)
class ItemsOf(Generic[T]):
    """Reads one page: its items of type ``kind`` under ``name``, and beside them the total or the next page's token."""

    kind: type[T]
    name: str = "items"

    def __call__(self, response: RawResponse) -> Page[T]:
        payload = Payload(dict).extract(read_envelope(response))
        found = payload if isinstance(payload, dict) else {}
        around = convert(_AroundItems, found)
        items = convert(tuple[self.kind, ...], found.get(self.name) or [])  # type: ignore[name-defined]  # a value
        return Page(items, around.has_more, around.total, around.next_token or None)


def listed_by_number(
    path: str,
    read: Callable[[RawResponse], Page[T]],
    params: Mapping[str, str],
    key: Callable[[T], str],
    numbering: Numbering,
    *,
    number: str = "page_num",
) -> Pages[T]:
    """A listing over GET whose pages have numbers, sent as `number`, and that tells its total; `key`: an item's id."""

    def page(count: int) -> Request[Page[T]]:
        return Request("GET", path, read, {**params, **query(**{number: count}, page_size=numbering.size)})

    return numbered(page, key, numbering)


def listed_by_token(
    path: str,
    read: Callable[[RawResponse], Page[T]],
    params: Mapping[str, str],
    key: Callable[[T], str],
    *,
    size: int,
    largest: int,
) -> Pages[T]:
    """A listing over GET in which each page has the token of the next one; pages of 1 to `largest` items.

    Raises ConfigurationError for another `size`.
    """
    check_page_size(size, largest)

    def page(token: str | None) -> Request[Page[T]]:
        return Request("GET", path, read, {**params, **query(page_size=size, page_token=token)})

    return Pages(page, _next_token, key)


def _next_token(_: str | None, page: Page[object]) -> str | None:
    if page.has_more and not page.cursor:
        raise ProtocolError("The server says that the list goes on, but sent no token of the next page")
    return page.cursor if page.has_more else None
