"""Decorators that make one definition a method of both clients.

A method of a resource returns a description (``Request``, ``Pages``, ``Events``), or it is a coroutine of several
steps. The decorated method returns ``T`` on CozeClient and an awaitable of ``T`` on AsyncCozeClient. Called on the
class (``Chats.retrieve(…)``), it returns the plain description, which flows send and tests compare.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.core.given_ids import checked_ids
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream import Events
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.core.paging import AsyncListing, Listing, Pages

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
A = TypeVar("A")
ConcurrencyT = TypeVar("ConcurrencyT", bound="Blocking | Asyncio", covariant=True)

CarryOut = Callable[[Session, Request[T]], Coroutine[Any, Any, T]]


class Resource(Generic[ConcurrencyT]):
    """The methods of one resource of Coze, on one client."""

    def __init__(self, session: Session, concurrency: ConcurrencyT) -> None:
        self._session = session
        self._concurrency = concurrency


def _with_checked_ids(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """`method` with the ids among its arguments stripped; raises ConfigurationError for an empty one."""

    optional = getattr(method, "__kwdefaults__", None) or {}

    @functools.wraps(method)
    def checked(resource: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return method(resource, *args, **checked_ids(kwargs, optional))

    return checked


class call(Generic[P, T]):  # noqa: N801 - a decorator
    """A method that sends one request. On a client it returns the result, on the class the ``Request``.

    `carry_out` sends the request; default ``Session.send``.
    """

    def __init__(
        self, describe: Callable[Concatenate[Any, P], Request[T]], carry_out: CarryOut[T] = Session.send
    ) -> None:
        self._describe = _with_checked_ids(describe)
        self._carry_out = carry_out
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> Callable[P, Request[T]]: ...
    @overload
    def __get__(self, resource: Resource[Blocking], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Asyncio], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        if resource is None:
            return functools.partial(self._describe, None)

        @functools.wraps(self._describe)
        def send(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._concurrency.run(
                self._carry_out(resource._session, self._describe(resource, *args, **kwargs))
            )

        return send


def call_by(
    carry_out: CarryOut[T],
) -> Callable[[Callable[Concatenate[Any, P], Request[T]]], call[P, T]]:
    """A ``call`` whose request is sent by `carry_out`, because its response needs more than reading."""
    return lambda describe: call(describe, carry_out)


class flow(Generic[P, T]):  # noqa: N801 - a decorator
    """A method of several steps, written once as a coroutine that awaits only the session."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        self._steps = _with_checked_ids(steps)
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> flow[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Blocking], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Asyncio], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        if resource is None:
            return self

        @functools.wraps(self._steps)
        def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._concurrency.run(self._steps(resource, *args, **kwargs))

        return run


class paged(Generic[P, T]):  # noqa: N801 - a decorator
    """A method that lists items. On a client it returns a lazy iterator over all items, on the class ``Pages``."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Pages[T]]) -> None:
        self._describe = _with_checked_ids(describe)
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> Callable[P, Pages[T]]: ...
    @overload
    def __get__(self, resource: Resource[Blocking], owner: type) -> Callable[P, Listing[T]]: ...
    @overload
    def __get__(self, resource: Resource[Asyncio], owner: type) -> Callable[P, AsyncListing[T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        if resource is None:
            return functools.partial(self._describe, None)
        from coze_client.core.paging import AsyncListing, Listing  # loaded by the first resource that lists

        kind = Listing if isinstance(resource._concurrency, Blocking) else AsyncListing

        @functools.wraps(self._describe)
        def iterate(*args: P.args, **kwargs: P.kwargs) -> Any:
            return kind(resource._session, self._describe(resource, *args, **kwargs))

        return iterate


class events(Generic[P, S, A]):  # noqa: N801 - a decorator
    """A method that streams events. On a client it returns a stream, on the class ``Events``.

    The stream is a context manager and an iterator. It sends its request when it is entered or iterated.
    """

    def __init__(self, describe: Callable[Concatenate[Any, P], Events[S, A]]) -> None:
        self._describe = _with_checked_ids(describe)
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> Callable[P, Events[S, A]]: ...
    @overload
    def __get__(self, resource: Resource[Blocking], owner: type) -> Callable[P, S]: ...
    @overload
    def __get__(self, resource: Resource[Asyncio], owner: type) -> Callable[P, A]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        if resource is None:
            return functools.partial(self._describe, None)
        blocking = isinstance(resource._concurrency, Blocking)

        @functools.wraps(self._describe)
        def stream(*args: P.args, **kwargs: P.kwargs) -> Any:
            described = self._describe(resource, *args, **kwargs)
            return (described.blocking if blocking else described.asyncio)(resource._session)

        return stream


def request_of(method: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Request[Any]:
    """The request that a method of a client sends; raises ConfigurationError if it does not send exactly one."""
    describe = getattr(method, "__wrapped__", None)
    request = describe(None, *args, **kwargs) if describe and not _is_flow(describe) else None
    if not isinstance(request, Request):
        raise ConfigurationError("with_response() accepts only methods that send exactly one request")
    return request


def _is_flow(method: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(inspect.unwrap(method))
