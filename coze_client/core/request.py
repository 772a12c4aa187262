"""What to ask for, as values: they can be compared, kept and sent by either client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import quote

from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.core.response import RawResponse
    from coze_client.core.upload import Upload

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

NOTHING: Mapping[str, str] = {}


class Kind(Enum):
    """What happens if a request is sent twice; the retry policy goes by it."""

    READ = "read"
    """Nothing: lists, polls and look-ups, whatever their HTTP method."""
    START = "start"
    """Something is made or begun, perhaps billed: never sent again once it may have arrived."""


@dataclass(frozen=True)
class Request(Generic[T_co]):
    """One call: method, path and contents, and how the answer is read.

    ``query`` and ``body`` lack what is not set. ``upload`` is the file of a multipart call. ``stream`` tells that the
    answer is a stream of events, ``signed`` that the client's token goes with it. ``secrets`` are what no error
    may repeat.
    """

    method: str
    path: str
    read: Callable[[RawResponse], T_co]
    query: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    body: Mapping[str, object] | None = None
    kind: Kind = Kind.READ
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    upload: Upload | None = None
    stream: bool = False
    signed: bool = True
    secrets: tuple[str, ...] = field(default=(), repr=False)


def fields(**given: object) -> dict[str, object]:
    """A JSON body of what was set: ``None`` is left out, false, 0 and "" are values."""
    return {name: value for name, value in given.items() if value is not None}


def query(**given: str | int | bool | None) -> dict[str, str]:
    """Query parameters of what was set, as the text that goes over the wire."""
    return {name: _text(value) for name, value in given.items() if value is not None}


def segment(identifier: str) -> str:
    """An id as one segment of a path, whatever is in it; raises ConfigurationError for what would name another path."""
    if not isinstance(identifier, str):
        raise ConfigurationError(f"An id is text, not {type(identifier).__name__}: numbers lose digits on their way")
    if identifier in ("", ".", ".."):
        raise ConfigurationError(f"An id is empty or only dots: {identifier!r}")
    return quote(identifier, safe="", errors="backslashreplace")


def _text(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
