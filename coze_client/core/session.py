"""One call from beginning to end: sign, send, retry, read; written once for both faces."""

from __future__ import annotations

import json
import logging
import platform
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from itertools import takewhile
from math import inf
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlencode

from coze_client.core.concurrency import Concurrency, Lock
from coze_client.core.config import Config, Timeout
from coze_client.core.credentials import Credentials, checked_token
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.core.http import HttpRequest, HttpResponse, Transport
from coze_client.core.request import Request
from coze_client.core.response import RawResponse, Response, is_stream, read_envelope
from coze_client.core.retry import Retry, may_retry, retry_loop
from coze_client.errors import (
    AuthenticationError,
    ConfigurationError,
    ConversationBusy,
    CozeError,
    ProtocolError,
    TimedOut,
)
from coze_client.version import __version__

T = TypeVar("T")
Attempt = Callable[[HttpRequest], Coroutine[Any, Any, T]]
_log = logging.getLogger("coze_client")
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

_AGENT = (
    f"coze-adapters/{__version__} python/{sys.version_info.major}.{sys.version_info.minor} {platform.system().lower()}"
)
_HURRIED = Timeout(connect=2.0, read=3.0)
_SHORTEST_SECRET = 8


class KeyedLocks:
    """Whose turn it is in each conversation: Coze runs one chat of a conversation at a time (4016)."""

    def __init__(self) -> None:
        self._guard = ForkSafeLock()
        self._locks: dict[tuple[object, str], tuple[Lock, int]] = {}

    def join(self, key: tuple[object, str], make: Callable[[], Lock]) -> Lock:
        with self._guard:
            lock, users = self._locks.get(key) or (make(), 0)
            self._locks[key] = (lock, users + 1)
            return lock

    def leave(self, key: tuple[object, str]) -> None:
        with self._guard:
            lock, users = self._locks[key]
            if users > 1:
                self._locks[key] = (lock, users - 1)
            else:
                del self._locks[key]


class Session:
    """What requests, listings, streams and flows are carried out by; shared by all resources of a client."""

    def __init__(
        self,
        config: Config,
        concurrency: Concurrency,
        transport: Transport,
        credentials: Credentials,
        locks: KeyedLocks,
    ) -> None:
        self.config = config
        self.concurrency = concurrency
        self.transport = transport
        self.credentials = credentials
        self._locks = locks
        self._headers = {"user-agent": _AGENT, "accept": "*/*", "accept-encoding": "gzip, deflate", **config.headers}

    def with_settings(self, config: Config, credentials: Credentials) -> Session:
        """The same session (connections, turns) under other settings, for another user."""
        return Session(config, self.concurrency, self.transport, credentials, self._locks)

    def for_cleanup(self) -> Session:
        """The same for a last call on the way out: one try, a few seconds."""
        return self.with_settings(self.config._replace(timeout=_HURRIED, retry=None), self.credentials)

    def with_deadline(self, seconds: float) -> Session:
        """The same for a step of a flow that has only so much time left."""
        given = self.config.timeout
        deadline = max(min(seconds, given.deadline or seconds), 0.001)
        return self.with_settings(self.config._replace(timeout=replace(given, deadline=deadline)), self.credentials)

    async def send(self, request: Request[T], credentials: Credentials | None = None) -> T:
        """The answer's value; the request is signed by `credentials` if given. Raises CozeError."""
        session = self if credentials is None else self.with_settings(self.config, credentials)
        return (await session.send_for_response(request)).value

    async def send_for_response(self, request: Request[T]) -> Response[T]:
        """The answer's value with the status, headers and logid it came with; raises CozeError."""

        async def attempt(http_request: HttpRequest) -> Response[T]:
            incoming = await self.transport.open(http_request)
            answer = await incoming.read(http_request.deadline)
            self._told(request, answer)
            return Response(request.read(answer), answer.status, answer.headers, answer.logid)

        return await self._insist(request, attempt)

    async def open(self, request: Request[Any]) -> tuple[HttpResponse, str]:
        """The open stream for `request`, and the token that the request was signed with.

        ``request.read`` is not used here: the stream's own ``Reading`` parses its body.

        Raises CozeError if the answer is a refusal or no stream.
        """

        async def attempt(http_request: HttpRequest) -> tuple[HttpResponse, str]:
            incoming = await self.transport.open(http_request)
            self._told(request, incoming.head)
            if is_stream(incoming.head):
                return incoming, http_request.headers.get("authorization", "").removeprefix("Bearer ")
            answer = await incoming.read(http_request.deadline)
            read_envelope(answer)
            raise ProtocolError("The server answered a stream request with JSON", logid=answer.logid)

        return await self._insist(request, attempt)

    async def lock_conversation(self, conversation_id: str | None) -> Callable[[], None]:
        """Waits until no other chat of this client runs in the conversation; call the result to let the next one in.

        Raises ConversationBusy if that takes longer than the deadline of retries or of the call; at once without retry.
        """
        if not conversation_id or self.config.when_busy == "raise":
            return _nothing
        key = (self.concurrency.scope(), conversation_id)
        lock = self._locks.join(key, self.concurrency.new_lock)
        taken = False
        try:
            taken = await self.concurrency.acquire(lock, self._patience())
        finally:
            if not taken:
                self._locks.leave(key)
        if not taken:
            raise ConversationBusy(
                f"Another chat of this client still runs in conversation {conversation_id}",
                code=4016,
                cure="End or close the other stream, or use another conversation",
            )

        def release() -> None:
            lock.release()
            self._locks.leave(key)

        return _once(release)

    def _patience(self) -> float:
        retry, limit = self.config.retry, self.config.timeout.deadline
        return min(retry.deadline if retry else 0.0, inf if limit is None else limit)

    async def _insist(self, request: Request[Any], attempt: Attempt[T]) -> T:
        """One try, and tenacity's loop only after it failed: the loop costs more than the rest of a call."""
        limit, retry = self.config.timeout.deadline, self.config.retry
        began = monotonic()
        deadline = inf if limit is None else began + limit
        try:
            return await self._try(request, attempt, deadline)
        except CozeError as error:
            if not self._again(request, error, deadline) or retry is None:
                raise
            failures = [error]

        async def again() -> T:
            if failures:
                raise failures.pop()
            return await self._try(request, attempt, deadline)

        left = min(began + retry.deadline, deadline) - monotonic()
        bounded = Retry(retry.attempts, max(left, 0.0))
        loop = retry_loop(bounded, lambda error: self._again(request, error, deadline), sleep=self.concurrency.sleep)
        return await loop(again)

    def _again(self, request: Request[Any], error: BaseException, deadline: float) -> bool:
        again = self.config.retry is not None
        again = again and may_retry(request.kind, error, wait_if_busy=self.config.when_busy == "wait")
        again = again and monotonic() < deadline and (request.upload is None or request.upload.repeatable)
        _log.debug("%s %s failed%s: %s", request.method, request.path, ", trying again" if again else "", error)
        return again

    async def _try(self, request: Request[Any], attempt: Attempt[T], deadline: float) -> T:
        """One try; if Coze refuses the token, another one with a new token, should the credentials have one."""
        if not request.signed:
            return await self._masking(request, attempt, deadline)
        token = await self._token()
        try:
            return await self._masking(request, attempt, deadline, token)
        except AuthenticationError:
            refused = token
            token = await self._token(refused)
            if token == refused:
                raise
        _log.debug("%s %s: the token was refused; once more with a new one", request.method, request.path)
        return await self._masking(request, attempt, deadline, token)

    async def _token(self, refused: str = "") -> str:
        """A token to sign with, another one than `refused` if there is one."""
        try:
            if refused and not await self.credentials.renew(self, refused):
                return refused
            return checked_token(await self.credentials.token(self))
        except CozeError as error:
            error.retried = True
            raise

    async def _masking(self, request: Request[Any], attempt: Attempt[T], deadline: float, token: str = "") -> T:
        try:
            return await attempt(self._wire(request, token, deadline))
        except CozeError as error:
            for secret in (token, *request.secrets):
                mask_secret(error, secret)
            raise

    def _wire(self, request: Request[Any], token: str, deadline: float) -> HttpRequest:
        headers = {**self._headers, **request.headers}
        if token:
            headers["authorization"] = f"Bearer {token}"
        content = None
        if request.body is not None:
            headers["content-type"] = "application/json"
            content = _json(request.body)
        if request.stream:
            headers["accept"] = "text/event-stream"
            headers.pop("accept-encoding", None)
        timeout = self.config.timeout if deadline == inf else self.config.timeout.limited_to(_left(deadline))
        url = self.config.base_url + request.path
        if request.query:
            url = f"{url}?{urlencode(request.query)}"
        return HttpRequest(request.method, url, headers, content, request.upload, timeout, deadline)

    def _told(self, request: Request[Any], answer: RawResponse) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s %s: HTTP %s (logid %s)", request.method, request.path, answer.status, answer.logid)


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimedOut("The deadline of the call has passed", sent=False, cure="Raise the deadline if it needs longer")
    return left


def _json(body: Mapping[str, object]) -> bytes:
    try:
        return _encoder.encode(body).encode()
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"The request cannot be written as JSON: {error}") from error


def mask_secret(error: CozeError, token: str) -> None:
    """Takes a token out of an error's text, in which a server may have repeated it."""
    error.message = _masked(error.message, token)
    error.args = (error.message,)


def _masked(text: str, token: str) -> str:
    """`text` without the token, or what an excerpt left of it: servers may repeat a token in what they say about it."""
    if len(token) < _SHORTEST_SECRET:
        return text
    text = text.replace(token, "[token]")
    rest = text.find(token[:_SHORTEST_SECRET])
    if rest < 0:
        return text
    same = takewhile(lambda pair: pair[0] == pair[1], zip(text[rest:], token, strict=False))
    return text.replace("".join(character for character, _ in same), "[token]")


def _nothing() -> None:
    return None


def _once(release: Callable[[], None]) -> Callable[[], None]:
    """`release`, which a second call does not repeat."""
    left = [release]

    def release_once() -> None:
        if left:
            left.pop()()

    return release_once
