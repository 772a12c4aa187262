"""One definition, both faces: decorators that turn a description into a method of either client.

A method of a resource describes (``Request``, ``Pages``, ``Events``) or is a coroutine of several steps. On CozeClient
it then answers ``T``, on AsyncCozeClient an awaitable of ``T``; looked up on the class (``Chats.retrieve(…)``) a call
is the plain request, which flows send and tests compare.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.core.paging import AsyncListing, Listing, Pages
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream import Events
from coze_client.errors import ConfigurationError

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
A = TypeVar("A")
ConcurrencyT = TypeVar("ConcurrencyT", bound="Blocking | Asyncio", covariant=True)


class Resource(Generic[ConcurrencyT]):
    """The calls of one Coze noun, on one face."""

    def __init__(self, session: Session, concurrency: ConcurrencyT) -> None:
        self._session = session
        self._concurrency = concurrency


class call(Generic[P, T]):  # noqa: N801 - a decorator
    """One request. On a client: its answer. On the class: the request itself."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Request[T]]) -> None:
        self._describe = describe
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
        def ask(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._concurrency.run(resource._session.send(self._describe(resource, *args, **kwargs)))

        return ask


class flow(Generic[P, T]):  # noqa: N801 - a decorator
    """Several steps, written once as a coroutine that awaits only the session."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        self._steps = steps
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
        def go(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._concurrency.run(self._steps(resource, *args, **kwargs))

        return go


class paged(Generic[P, T]):  # noqa: N801 - a decorator
    """A listing. On a client: an iterator over every item, fetched page by page when it gets there."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Pages[T]]) -> None:
        self._describe = describe
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
        kind = Listing if isinstance(resource._concurrency, Blocking) else AsyncListing

        @functools.wraps(self._describe)
        def each(*args: P.args, **kwargs: P.kwargs) -> Any:
            return kind(resource._session, self._describe(resource, *args, **kwargs))

        return each


class events(Generic[P, S, A]):  # noqa: N801 - a decorator
    """A stream of events: on a client a context manager and iterator, which opens when it is entered or iterated."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Events[S, A]]) -> None:
        self._describe = describe
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
            request_of = self._describe(resource, *args, **kwargs)
            return (request_of.blocking if blocking else request_of.asyncio)(resource._session)

        return stream


def request_of(method: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Request[Any]:
    """The request that a client's method would send; raises ConfigurationError if it sends more than one."""
    describe = getattr(method, "__wrapped__", None)
    request = describe(None, *args, **kwargs) if describe and not inspect.iscoroutinefunction(describe) else None
    if not isinstance(request, Request):
        raise ConfigurationError("with_response() takes methods that send exactly one request")
    return request
