"""Requests as values, which can be compared, stored and sent by either client."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote

from coze_client.core.telemetry import Operation
from coze_client.errors import ConfigurationError, CozeError

if TYPE_CHECKING:
    from coze_client.core.reading import Reading
    from coze_client.core.response import RawResponse
    from coze_client.core.upload import Upload

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

NOTHING: Mapping[str, str] = {}


class Kind(Enum):
    """Whether a request may be sent twice; the retry policy depends on it."""

    READ = "read"
    """It changes nothing and may be repeated: lists, polls and look-ups, with any HTTP method."""
    START = "start"
    """It creates or starts something, perhaps billed: never sent again once it may have reached the server."""


class Unanswered(NamedTuple):
    """What to tell about a start whose answer was lost.

    ``cure``: how to see what became of it, and which call survives a long run. The ids: of the chat that it continues,
    and of its conversation; ``None`` if unknown.
    """

    cure: str = ""
    chat_id: str | None = None
    conversation_id: str | None = None


HARMLESS = Unanswered("the same call again does no harm")
"""Of a start that changes nothing more if it is repeated, such as a deletion; still, only its caller repeats it."""


class OtherForm(NamedTuple):
    """Another form of a request's body, for servers that refuse the first one with an error of which `wanted` is true.

    A client remembers by ``name`` that its server wants the other form, and then sends no other.
    """

    name: str
    body: Mapping[str, object]
    wanted: Callable[[CozeError], bool]


@dataclass(frozen=True)
class Request(Generic[T_co]):
    """One call: method, path, contents, and the function ``read`` that converts the response.

    ``query``, ``body`` and ``form``: only the parameters that are set. ``form``: the texts of a multipart call, which
    ``body`` excludes. ``upload``: the file of a multipart call. ``stream``: True if the response is a stream of events.
    ``binary``: True if it is a file, and JSON only in an error. ``signed``: True if the client's token goes with the
    request. ``secrets``: texts that no error may show. ``if_silent``: what helps if the server answers a call for a
    stream with nothing, as coze-studio does when it refuses a workflow before its start; it tells no code then.
    ``other_form``: another body, only for a ``READ``. ``reading``: makes what reads a body of at most so many bytes; an
    error keeps what it finds. ``before``: a flow that must run first; it returns the request to send. ``unanswered``:
    what an error says if a start may have happened. ``operation``: what its span says; without it, it has none.
    """

    method: str
    path: str
    read: Callable[[RawResponse], T_co]
    query: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    body: Mapping[str, object] | None = None
    kind: Kind = Kind.READ
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    upload: Upload | None = None
    form: Mapping[str, str] | None = None
    stream: bool = False
    binary: bool = False
    signed: bool = True
    secrets: tuple[str, ...] = field(default=(), repr=False)
    if_silent: str = field(default="", repr=False, compare=False)
    other_form: OtherForm | None = field(default=None, repr=False, compare=False)
    before: Callable[[Any, Request[Any]], Coroutine[Any, Any, Request[Any]]] | None = None  # Any: a Session
    reading: Callable[[int], Reading[Any]] | None = field(default=None, repr=False, compare=False)
    unanswered: Unanswered = field(default=Unanswered(), repr=False, compare=False)
    operation: Operation | None = field(default=None, repr=False, compare=False)


def fields(**given: object) -> dict[str, object]:
    """A JSON body of the given parameters without those that are ``None``; false, 0 and "" are values."""
    return {name: value for name, value in given.items() if value is not None}


def changes(**given: object) -> dict[str, object]:
    """A JSON body of what shall change, as by ``fields``; raises ConfigurationError if nothing was given."""
    check_changes(**given)
    return fields(**given)


def check_changes(**given: object) -> None:
    """Raise ConfigurationError if all of these are ``None``: there is nothing to change."""
    if all(value is None for value in given.values()):
        raise ConfigurationError(f"There is nothing to change: give {' or '.join(given)}")


def texts(name: str, given: Sequence[str]) -> list[str]:
    """A list of texts; raises ConfigurationError for a single text, which Python takes letter by letter."""
    if isinstance(given, str):
        raise ConfigurationError(f"{name} must be a list of texts, not a single text")
    return [*given]


def query(**given: str | int | bool | None) -> dict[str, str]:
    """Query parameters as text, without those that are ``None``; booleans become "true" and "false"."""
    return {name: _text(value) for name, value in given.items() if value is not None}


def segment(identifier: str) -> str:
    """Quote an id as one segment of a path; raises ConfigurationError for "", "." and "..", and for numbers."""
    if not isinstance(identifier, str):
        raise ConfigurationError(
            f"An id must be text, not {type(identifier).__name__}",
            cure="Quote the id: JSON numbers of this size lose digits",
        )
    if identifier in ("", ".", ".."):
        raise ConfigurationError(f"{identifier!r} is no id: an id must not be empty or only dots")
    return quote(identifier, safe="", errors="backslashreplace")


def _text(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
