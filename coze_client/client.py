"""The two clients: the same nouns, the same arguments, blocking or on asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, ParamSpec, TypeVar, overload

from coze_client.auth.environment import credentials, server_of
from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.core.config import Config, Region, Timeout, WhenBusy, checked_headers, checked_when_busy
from coze_client.core.credentials import Credentials, TokenFunction
from coze_client.core.http import Transport
from coze_client.core.request import Kind, Request
from coze_client.core.resource import ConcurrencyT, request_of
from coze_client.core.response import Response, read_envelope
from coze_client.core.retry import Retry
from coze_client.core.session import KeyedLocks, Session
from coze_client.core.transport import AsyncioTransport, BlockingTransport
from coze_client.errors import ConfigurationError
from coze_client.resources import Resources

if TYPE_CHECKING:
    import httpx
    from typing_extensions import Self

P = ParamSpec("P")
T = TypeVar("T")

_STANDARD_RETRY = Retry()
_UNCHANGED = Timeout()  # compared by identity: tells "not given" from None, which waits for ever


class _Given(NamedTuple):
    """What a client was made of, to make it again elsewhere; a literal token is in a pickle in clear text."""

    credentials: Credentials
    config: Config
    client: Any = None  # the user's own HTTP client, of this face's kind
    transport: Any = None  # the user's own HTTP transport, of this face's kind, or "aiohttp"

    @property
    def portable(self) -> bool:
        """True if nothing in it is bound to this process."""
        return self.client is None and (self.transport is None or isinstance(self.transport, str))

    def elsewhere(self, twin: str) -> _Given:
        """The same for the client of the other face; a connection of the user's own serves only one."""
        if not self.portable:
            raise ConfigurationError(
                "This client sends over an HTTP client or transport of your own, which the other face cannot use",
                cure=f"Make a {twin} with one of its kind",
            )
        return self._replace(transport=None)


class _Client(Resources[ConcurrencyT]):
    """What both clients share."""

    _given: _Given
    _original: Self | None = None  # of which this is a copy by ``options``

    @property
    def base_url(self) -> str:
        """The server's address, without trailing slash."""
        return self._session.config.base_url

    def options(
        self,
        *,
        timeout: float | Timeout | None = _UNCHANGED,
        headers: Mapping[str, str] | None = None,
        retry: Retry | None = _STANDARD_RETRY,
        when_busy: WhenBusy | None = None,
        token: str | TokenFunction | Credentials | None = None,
    ) -> Self:
        """A copy for one call or a few, over the same connections; what is not given stays as it is.

        `headers` are added to the client's own. ``client.options(timeout=5).chats.retrieve(…)``. With a `token`, the
        copy is another user's: one pool serves a client per tenant.
        """
        old = self._session.config
        config = old._replace(
            timeout=old.timeout if timeout is _UNCHANGED else Timeout.of(timeout),
            headers={**old.headers, **checked_headers(headers or {})},
            retry=old.retry if retry is _STANDARD_RETRY else retry,
            when_busy=old.when_busy if when_busy is None else checked_when_busy(when_busy),
        )
        return self._copy(config, self._given.credentials if token is None else credentials(token))

    def _copy(self, config: Config, who: Credentials) -> Self:
        copy = object.__new__(type(self))
        copy._concurrency = self._concurrency
        copy._given = self._given._replace(config=config, credentials=who)
        copy._session = self._session.with_settings(config, who)
        copy._original = self._original or self
        return copy

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __reduce__(self) -> tuple[object, ...]:
        if not self._given.portable:
            raise TypeError(f"A {type(self).__name__} with an HTTP client or transport of your own cannot be pickled")
        return type(self)._made_of, (self._given,)

    def __deepcopy__(self, memo: object) -> Self:
        return self._made_of(self._given)

    @classmethod
    def _made_of(cls, given: _Given) -> Self:
        client = object.__new__(cls)
        client._open(given)
        return client

    def _open(self, given: _Given) -> None:
        raise NotImplementedError

    def _begin(self, given: _Given, concurrency: ConcurrencyT, transport: Transport) -> None:  # type: ignore[misc]  # covariant as the sketch of both faces needs it; nothing is stored through it
        self._given = given
        self._concurrency = concurrency
        self._session = Session(given.config, concurrency, transport, given.credentials, KeyedLocks())


class CozeClient(_Client[Blocking]):
    """Coze, in blocking calls.

    `token`: text, a function that gives one each time (sync or async), or credentials; default: what ``from_env``
    finds, ``COZE_API_TOKEN`` first. `base_url` or `region` ("com", "cn"); default ``COZE_API_BASE``, then https://api.coze.com.
    `timeout`: a Timeout, or seconds between two pieces of an answer (default 600; connecting 5). `retry`: how stubborn,
    ``None`` for one try. `when_busy`: "wait" for a conversation's turn, or "raise" ConversationBusy. `headers` go with
    every request. `proxy` and `ca_bundle` (a path) default to the environment (``HTTPS_PROXY``, ``SSL_CERT_FILE`` …).
    `http_client` or `transport`: your own of httpx, which you close. `max_event_bytes`: longest event of a stream.

    Threads may share a client, a forked child may go on with it; it can be deep-copied, and pickled (a literal token is
    then in the pickle in clear text: treat it as a secret). Raises ConfigurationError for what cannot work.
    """

    def __init__(
        self,
        token: str | TokenFunction | Credentials | None = None,
        *,
        base_url: str | None = None,
        region: Region | None = None,
        timeout: float | Timeout | None = Timeout(),  # noqa: B008 - frozen
        retry: Retry | None = _STANDARD_RETRY,
        when_busy: WhenBusy = "wait",
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        max_event_bytes: int = 32 * 1024 * 1024,
        http_client: httpx.Client | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        who = credentials(token)
        base_url = base_url or (None if region else server_of(who))
        config = Config.of(base_url, region, timeout, retry, when_busy, headers, proxy, ca_bundle, max_event_bytes)
        self._open(_Given(who, config, http_client, transport))

    def _open(self, given: _Given) -> None:
        self._begin(given, Blocking(), BlockingTransport(given.config, given.client, given.transport))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, object]:
        """Any endpoint that has no method here, with the same token, retries and errors: the answer's JSON object.

        A POST counts as a start: it is repeated only if nothing of it can have happened.
        """
        return Blocking.run(self._session.send(_free(method, path, query, json, headers)))

    @overload
    def with_response(self, call: Request[T]) -> Response[T]: ...
    @overload
    def with_response(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Response[T]: ...
    def with_response(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """A call's value with the HTTP status, headers and logid of its answer.

        ``client.with_response(client.chats.retrieve, conversation_id=…, chat_id=…)``, or a plain request:
        ``client.with_response(Chats.retrieve(…))``.
        """
        request = call if isinstance(call, Request) else request_of(call, *args, **kwargs)
        return Blocking.run(self._session.send_for_response(request))

    @cached_property
    def aio(self) -> AsyncCozeClient:
        """The asyncio client of the same settings and token."""
        if self._original:
            return self._original.aio._copy(self._session.config, self._given.credentials)
        return AsyncCozeClient._made_of(self._given.elsewhere("AsyncCozeClient"))

    def close(self) -> None:
        """Close idle connections; twice does nothing, and a later call opens new ones."""
        Blocking.run(self._session.transport.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncCozeClient(_Client[Asyncio]):
    """Coze, on asyncio; arguments and properties as CozeClient's.

    One client works in any number of event loops, each with connections of its own. `transport="aiohttp"` sends over
    aiohttp (extra ``aiohttp``), which costs a fraction of the CPU time under load.
    """

    def __init__(
        self,
        token: str | TokenFunction | Credentials | None = None,
        *,
        base_url: str | None = None,
        region: Region | None = None,
        timeout: float | Timeout | None = Timeout(),  # noqa: B008 - frozen
        retry: Retry | None = _STANDARD_RETRY,
        when_busy: WhenBusy = "wait",
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        max_event_bytes: int = 32 * 1024 * 1024,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | Literal["aiohttp"] | None = None,
    ) -> None:
        who = credentials(token)
        base_url = base_url or (None if region else server_of(who))
        config = Config.of(base_url, region, timeout, retry, when_busy, headers, proxy, ca_bundle, max_event_bytes)
        self._open(_Given(who, config, http_client, transport))

    def _open(self, given: _Given) -> None:
        self._begin(given, Asyncio(), AsyncioTransport(given.config, given.client, given.transport))

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, object]:
        """As ``CozeClient.request``."""
        return await self._session.send(_free(method, path, query, json, headers))

    @overload
    async def with_response(self, call: Request[T]) -> Response[T]: ...
    @overload
    async def with_response(
        self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Response[T]: ...
    async def with_response(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """As ``CozeClient.with_response``."""
        request = call if isinstance(call, Request) else request_of(call, *args, **kwargs)
        return await self._session.send_for_response(request)

    @cached_property
    def blocking(self) -> CozeClient:
        """The blocking client of the same settings and token."""
        if self._original:
            return self._original.blocking._copy(self._session.config, self._given.credentials)
        return CozeClient._made_of(self._given.elsewhere("CozeClient"))

    async def close(self) -> None:
        """Close idle connections, the running loop's and those of ``blocking``; a later call opens new ones."""
        await self._session.transport.close()
        if twin := self.__dict__.get("blocking"):  # if it was made
            twin.close()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _free(
    method: str,
    path: str,
    query: Mapping[str, str] | None,
    json: Mapping[str, object] | None,
    headers: Mapping[str, str] | None,
) -> Request[Mapping[str, object]]:
    if not path.startswith("/"):
        raise ConfigurationError("path begins with a slash and names no host, like /v1/bots/123")
    kind = Kind.READ if method.upper() in ("GET", "HEAD") else Kind.START
    return Request(method.upper(), path, read_envelope, dict(query or {}), json, kind, checked_headers(headers or {}))
