"""The two clients, with the same resources and the same arguments: blocking, and on asyncio."""

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
from coze_client.core.rate_limit import RateLimit
from coze_client.core.request import Request
from coze_client.core.resource import ConcurrencyT, request_of
from coze_client.core.response import Response
from coze_client.core.retry import Retry
from coze_client.core.session import KeyedLocks, Session
from coze_client.core.transport import AsyncioTransport, BlockingTransport
from coze_client.custom_request import send_custom
from coze_client.errors import ConfigurationError
from coze_client.resources import Resources

if TYPE_CHECKING:
    import httpx
    from typing_extensions import Self

    from coze_client.api.files.values import FileSource

P = ParamSpec("P")
T = TypeVar("T")

_STANDARD_RETRY = Retry()
_CLOSING_SECONDS = 2.0
_UNCHANGED = Timeout()  # compared by identity: means "not given", while None means no timeout
_UNCHANGED_LIMIT = RateLimit(per_second=1)  # the same


class _Setup(NamedTuple):
    """What a client is created from; a pickle of a client contains it, a literal token in clear text included."""

    credentials: Credentials
    config: Config
    client: Any = None  # the user's own httpx client
    transport: Any = None  # the user's own httpx transport, or "aiohttp"

    @property
    def portable(self) -> bool:
        """True if it has no HTTP client or transport of the user's own, which cannot leave the process."""
        return self.client is None and (self.transport is None or isinstance(self.transport, str))

    def for_other_client(self, name: str) -> _Setup:
        """The setup for the client class `name`; raises ConfigurationError if it has connections of the user's own."""
        if not self.portable:
            raise ConfigurationError(
                f"{name} cannot use this client's own http_client or transport", cure=f"Create a {name} with one for it"
            )
        return self._replace(transport=None)


class _Client(Resources[ConcurrencyT]):
    """The part that both clients share."""

    _setup: _Setup
    _original: Self | None = None  # set in copies that ``options`` returns

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
        rate_limit: RateLimit | None = _UNCHANGED_LIMIT,
        token: str | TokenFunction | Credentials | None = None,
    ) -> Self:
        """A copy of the client with other settings, over the same connections: for one call or for many.

        ``client.options(timeout=5).chats.retrieve(…)``. Settings that are not given stay; `headers` are added. With a
        `token`, the copy is another user's: one connection pool serves many users. Raises ConfigurationError for
        invalid settings.
        """
        old = self._session.config
        config = old._replace(
            timeout=old.timeout if timeout is _UNCHANGED else Timeout.of(timeout),
            headers={**old.headers, **checked_headers(headers or {})},
            retry=old.retry if retry is _STANDARD_RETRY else retry,
            when_busy=old.when_busy if when_busy is None else checked_when_busy(when_busy),
            rate_limit=old.rate_limit if rate_limit is _UNCHANGED_LIMIT else rate_limit,
        )
        return self._copy(config, self._setup.credentials if token is None else credentials(token))

    def _copy(self, config: Config, who: Credentials) -> Self:
        copy = object.__new__(type(self))
        copy._concurrency = self._concurrency
        copy._setup = self._setup._replace(config=config, credentials=who)
        copy._session = self._session.with_settings(config, who)
        copy._original = self._original or self
        return copy

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __reduce__(self) -> tuple[object, ...]:
        if not self._setup.portable:
            raise TypeError(f"A {type(self).__name__} with your own http_client or transport cannot be pickled")
        return type(self)._from_setup, (self._setup,)

    def __deepcopy__(self, memo: object) -> Self:
        return self._from_setup(self._setup)

    @classmethod
    def _from_setup(cls, setup: _Setup) -> Self:
        client = object.__new__(cls)
        client._set_up(setup)
        return client

    def _set_up(self, setup: _Setup) -> None:
        raise NotImplementedError

    def _init_session(self, setup: _Setup, concurrency: ConcurrencyT, transport: Transport) -> None:  # type: ignore[misc]  # must be covariant for the overloads of `call`; nothing is stored through it
        self._setup = setup
        self._concurrency = concurrency
        self._session = Session(setup.config, concurrency, transport, setup.credentials, KeyedLocks())


class CozeClient(_Client[Blocking]):
    """The blocking client of Coze.

    `token`: text, a function that returns a token for each request (blocking or async), or credentials. Default: what
    ``from_env`` finds, ``COZE_API_TOKEN`` first. `base_url`, or `region` ("com" or "cn"): the server; default:
    ``COZE_API_BASE``, then https://api.coze.com. `timeout`: a Timeout, or the seconds between two pieces of a response
    (default 600; connecting: 5). `retry`: how often to retry; ``None`` for a single try. `when_busy`: "wait" until no
    other chat runs in the conversation, or "raise" ConversationBusy. `headers`: sent with every request. `proxy` (URL)
    and `ca_bundle` (path) default to the environment (``HTTPS_PROXY``, ``SSL_CERT_FILE`` …). `max_event_bytes`: the
    longest allowed event of a stream. `rate_limit`: a RateLimit, for which calls wait their turn. `http_client` or
    `transport`: your own httpx object, which you close yourself.

    Threads may share a client, and a forked child may use it. It can be deep-copied and pickled; the pickle contains a
    literal token in clear text, so treat it as a secret. Raises ConfigurationError for invalid arguments.
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
        rate_limit: RateLimit | None = None,
        http_client: httpx.Client | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        who = credentials(token)
        base_url = base_url or (None if region else server_of(who))
        config = Config.of(
            base_url, region, timeout, retry, when_busy, headers, proxy, ca_bundle, max_event_bytes, rate_limit
        )
        self._set_up(_Setup(who, config, http_client, transport))

    def _set_up(self, setup: _Setup) -> None:
        self._init_session(setup, Blocking(), BlockingTransport(setup.config, setup.client, setup.transport))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, FileSource | tuple[str, FileSource]] | None = None,
    ) -> Mapping[str, object]:
        """Call an endpoint that has no method here, and return the JSON object of the response.

        Of a response that is no JSON but sound, a picture or another file, the object has ``content`` (its bytes) and
        ``content_type``. `files`: one file by the name of its part, ``{"file": path}`` or ``{"file": (name, bytes)}``;
        `form`: the texts beside it. Token, retries and errors are those of the other methods. GET and HEAD may be
        repeated; any other method is repeated only if the request certainly did nothing. Raises ConfigurationError for
        a `path` without a leading slash, OSError for a file that cannot be read.
        """
        return Blocking.run(send_custom(self._session, method, path, query, json, headers, form, files))

    @overload
    def with_response(self, call: Request[T]) -> Response[T]: ...
    @overload
    def with_response(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Response[T]: ...
    def with_response(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Send a call; return its value with the HTTP status, the headers and the logid of the response.

        ``client.with_response(client.chats.retrieve, conversation_id=…, chat_id=…)``, or a plain Request instead of the
        method. Raises ConfigurationError for a method that does not send exactly one request.
        """
        request = call if isinstance(call, Request) else request_of(call, *args, **kwargs)
        return Blocking.run(self._session.send_for_response(request))

    @cached_property
    def aio(self) -> AsyncCozeClient:
        """The asyncio client with the same settings and token."""
        if self._original:
            return self._original.aio._copy(self._session.config, self._setup.credentials)
        return AsyncCozeClient._from_setup(self._setup.for_other_client("AsyncCozeClient"))

    def close(self) -> None:
        """Close the idle connections. A second call does nothing; a later request opens new connections."""
        Blocking.run(self._session.transport.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncCozeClient(_Client[Asyncio]):
    """The asyncio client of Coze, with the arguments and properties of CozeClient.

    One client works in any number of event loops; each loop gets its own connections. `transport="aiohttp"` sends over
    aiohttp (extra ``aiohttp``), which uses a fraction of the CPU time under load.
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
        rate_limit: RateLimit | None = None,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | Literal["aiohttp"] | None = None,
    ) -> None:
        who = credentials(token)
        base_url = base_url or (None if region else server_of(who))
        config = Config.of(
            base_url, region, timeout, retry, when_busy, headers, proxy, ca_bundle, max_event_bytes, rate_limit
        )
        self._set_up(_Setup(who, config, http_client, transport))

    def _set_up(self, setup: _Setup) -> None:
        self._init_session(setup, Asyncio(), AsyncioTransport(setup.config, setup.client, setup.transport))

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, FileSource | tuple[str, FileSource]] | None = None,
    ) -> Mapping[str, object]:
        """Like ``CozeClient.request``."""
        return await send_custom(self._session, method, path, query, json, headers, form, files)

    @overload
    async def with_response(self, call: Request[T]) -> Response[T]: ...
    @overload
    async def with_response(
        self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Response[T]: ...
    async def with_response(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Like ``CozeClient.with_response``."""
        request = call if isinstance(call, Request) else request_of(call, *args, **kwargs)
        return await self._session.send_for_response(request)

    @cached_property
    def blocking(self) -> CozeClient:
        """The blocking client with the same settings and token."""
        if self._original:
            return self._original.blocking._copy(self._session.config, self._setup.credentials)
        return CozeClient._from_setup(self._setup.for_other_client("CozeClient"))

    async def close(self) -> None:
        """Close the idle connections of the running loop and of ``blocking``; a later request opens new ones.

        What is still being left is left first, for 2 seconds at most: streams that were dropped unclosed, and chats
        whose task was cancelled.
        """
        await self._concurrency.finish_late(_CLOSING_SECONDS)
        await self._session.transport.close()
        if blocking := self.__dict__.get("blocking"):  # only if it was used
            blocking.close()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
