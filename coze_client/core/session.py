"""One call from beginning to end: sign, send, retry, read. Both clients use this code."""

from __future__ import annotations

import json
import logging
import platform
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from math import inf
from time import monotonic
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from coze_client.core.body import judge_body, keep_told_part, read_body
from coze_client.core.call_errors import explain, name_limit
from coze_client.core.concurrency import Concurrency, Late, Lock
from coze_client.core.config import Config, Timeout
from coze_client.core.credentials import Credentials, checked_token
from coze_client.core.fork import generation
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.core.http import HttpRequest, HttpResponse, Transport
from coze_client.core.json_values import not_json
from coze_client.core.masking import SecretText, mask_secret, masked
from coze_client.core.request import Kind, OtherForm, Request
from coze_client.core.response import RawResponse, Response, redirected
from coze_client.core.retry import Retry, may_retry, retry_loop
from coze_client.core.telemetry import hide_secret, observe
from coze_client.core.turns import Turn, turns_for
from coze_client.errors import (
    AuthenticationError,
    ConversationBusy,
    CozeError,
    TimedOut,
)
from coze_client.version import __version__

T = TypeVar("T")
Attempt = Callable[[HttpRequest], Coroutine[Any, Any, T]]
Hold = Callable[[T, Turn], T]


class Opened(NamedTuple):
    """An open response, the token that signed its request, and its turn of a rate limit, which ends with it."""

    response: HttpResponse
    token: str
    turn: Turn | None = None


_log = logging.getLogger("coze_client")
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

_AGENT = (
    f"coze-adapters/{__version__} python/{sys.version_info.major}.{sys.version_info.minor} {platform.system().lower()}"
)
_CLEANUP_TIMEOUT = Timeout(connect=2.0, read=3.0)


def _do_nothing() -> None:
    return None


def _keep(result: T, _: Turn) -> T:
    return result


def _hold_turn(opened: Opened, turn: Turn) -> Opened:
    return opened._replace(turn=turn)


class KeyedLocks:
    """Locks by key, each kept only while it has users.

    One lock per conversation: Coze runs one chat of a conversation at a time (code 4016).
    """

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        self._locks: dict[tuple[object, str], tuple[Lock, int]] = {}

    def join(self, key: tuple[object, str], new_lock: Callable[[], Lock]) -> Lock:
        """Return the lock of `key`, which `new_lock` creates for its first user; call ``leave`` after use."""
        with self._lock:
            lock, users = self._locks.get(key) or (new_lock(), 0)
            self._locks[key] = (lock, users + 1)
            return lock

    def leave(self, key: tuple[object, str]) -> None:
        """Count one user of the lock less; without users it is dropped."""
        with self._lock:
            lock, users = self._locks[key]
            if users > 1:
                self._locks[key] = (lock, users - 1)
            else:
                del self._locks[key]


class Session:
    """Sends requests, with their token, retries and errors. All resources of a client share one session."""

    def __init__(
        self,
        config: Config,
        concurrency: Concurrency,
        transport: Transport,
        credentials: Credentials,
        locks: KeyedLocks,
        other_forms: set[str] | None = None,
        ends: float = inf,
    ) -> None:
        self._ends = ends
        self.config = config
        self.concurrency = concurrency
        self.transport = transport
        self.credentials = credentials
        self._locks = locks
        self._other_forms = set() if other_forms is None else other_forms
        limit = config.rate_limit
        self._turns = None if limit is None else turns_for(limit, (config.base_url, credentials))
        self._headers = {"user-agent": _AGENT, "accept": "*/*", "accept-encoding": "gzip, deflate", **config.headers}

    def with_settings(self, config: Config, credentials: Credentials) -> Session:
        """A session with other settings and credentials that shares the connections and locks of this one."""
        return Session(
            config, self.concurrency, self.transport, credentials, self._locks, self._other_forms, self._ends
        )

    def for_cleanup(self) -> Session:
        """A session for a last call after an error or a cancellation: one try, a few seconds, outside a rate limit."""
        config = self.config._replace(timeout=_CLEANUP_TIMEOUT, retry=None, rate_limit=None)
        session = self.with_settings(config, self.credentials)
        session._ends = inf
        return session

    def ending_at(self, ends: float) -> Session:
        """A session whose calls all end by `ends`, a time of the monotonic clock."""
        session = self.with_settings(self.config, self.credentials)
        session._ends = min(self._ends, ends)
        return session

    def with_deadline(self, seconds: float) -> Session:
        """A session whose calls all end within `seconds` from now: the time that is left for a step of a flow."""
        timeout = self.config.timeout
        deadline = max(min(seconds, timeout.deadline or seconds), 0.001)
        session = self.with_settings(
            self.config._replace(timeout=replace(timeout, deadline=deadline)), self.credentials
        )
        session._ends = min(self._ends, monotonic() + deadline)
        return session

    async def send(self, request: Request[T], credentials: Credentials | None = None) -> T:
        """Send a request, signed with `credentials` (default: the client's own); return its value. Raises CozeError."""
        session = self if credentials is None else self.with_settings(self.config, credentials)
        return (await session.send_for_response(request)).value

    async def send_for_response(self, request: Request[T]) -> Response[T]:
        """Send a request; return its value with the status, headers and logid of the response. Raises CozeError."""
        if (operation := request.operation) is None:
            return await self._send_for_response(request)
        with observe(operation, self.config.base_url) as observation:
            response = await self._send_for_response(request)
            if operation.describe is not None and observation.is_on:
                observation.note(operation.describe(response.value))
            return response

    async def _send_for_response(self, request: Request[T]) -> Response[T]:
        if request.before is not None:
            request = await request.before(self, request)
        if request.other_form is not None:
            return await self._send_in_either_form(request, request.other_form)

        async def attempt(http_request: HttpRequest) -> Response[T]:
            http_response = await self._open(http_request)
            response = await read_body(request, http_response, http_request.deadline)
            self._log_response(request, response, http_request)
            return Response(_read(request, response), response.status, response.headers, response.logid)

        return await self._send_with_retries(request, attempt)

    async def _send_in_either_form(self, request: Request[T], other: OtherForm) -> Response[T]:
        started, limit = monotonic(), self.config.timeout.deadline
        first, second = replace(request, other_form=None), replace(request, body=other.body, other_form=None)
        if other.name in self._other_forms:
            return await self.send_for_response(second)
        try:
            return await self.send_for_response(first)
        except CozeError as error:
            if not other.wanted(error):
                raise
        session = self if limit is None else self.with_deadline(started + limit - monotonic())
        response = await session.send_for_response(second)
        self._other_forms.add(other.name)
        return response

    async def open(
        self, request: Request[Any], check: Callable[[], None] = _do_nothing, late: Late[Opened] | None = None
    ) -> Opened:
        """Send a request; return the open response, for a ``Reading`` to parse, and the token that signed the request.

        The body is judged by what it is, whatever the content type says: a stream of events, or the JSON of a success,
        which is then complete. ``request.read`` is not used. Raises CozeError if the response is an error or neither.

        `check` is called before each try, and ends the call by raising. If the caller is cancelled after the request
        has been sent, `late` takes the response.
        """
        if request.before is not None:
            request = await request.before(self, request)

        async def attempt(http_request: HttpRequest) -> Opened:
            check()
            return await self.concurrency.shelter(self._open_body(request, http_request), late)

        return await self._send_with_retries(request, attempt, _hold_turn)

    async def _open_body(self, request: Request[Any], http_request: HttpRequest) -> Opened:
        http_response = await self._open(http_request)
        self._log_response(request, http_response.head, http_request)
        token = SecretText(_token_of(http_request))
        try:
            await judge_body(request, http_response, http_request.deadline)
        except BaseException:
            await http_response.close()
            raise
        return Opened(http_response, token)

    async def _open(self, http_request: HttpRequest) -> HttpResponse:
        """Send; raises ProtocolError for a response that is neither a success nor an error."""
        http_response = await self.transport.open(http_request)
        if not (200 <= http_response.head.status < 300 or http_response.head.status >= 400):
            await http_response.close()
            raise redirected(http_response.head, http_request.url)
        return http_response

    async def lock_conversation(self, conversation_id: str | None) -> Callable[[], None]:
        """Wait until no other chat of this client runs in the conversation; call the result to release the lock.

        Raises ConversationBusy if that takes longer than the deadline of the retries or of the call, and at once if the
        client has no retries. With ``when_busy="raise"`` nothing is locked.
        """
        if not conversation_id or self.config.when_busy == "raise":
            return _do_nothing
        key = (self.concurrency.scope(), conversation_id)
        lock = self._locks.join(key, self.concurrency.new_lock)
        acquired = False
        try:
            acquired = await self.concurrency.acquire(lock, self._lock_timeout())
        finally:
            if not acquired:
                self._locks.leave(key)
        if not acquired:
            raise ConversationBusy(
                f"Another chat of this client still runs in conversation {conversation_id}",
                code=4016,
                cure="Finish or close the other stream, or use another conversation",
            )

        def release() -> None:
            lock.release()
            self._locks.leave(key)

        return _call_once(release)

    def _lock_timeout(self) -> float:
        retry, limit = self.config.retry, self.config.timeout.deadline
        return min(retry.deadline if retry else 0.0, inf if limit is None else limit)

    async def _send_with_retries(self, request: Request[Any], attempt: Attempt[T], hold: Hold[T] = _keep) -> T:
        """Try once, and start tenacity's loop only after an error: the loop costs more than the rest of a call.

        A call that holds its turn for longer than the request, like a stream, has it taken by `hold`.
        """
        limit, retry = self.config.timeout.deadline, self.config.retry
        deadline = min(inf if limit is None else monotonic() + limit, self._ends)
        turn = await self._take_turn(request, deadline)
        started = monotonic()  # the time in the queue is none of the retries
        try:
            return await self._in_turn(turn, self._try(request, attempt, deadline), hold)
        except CozeError as error:
            if not self._should_retry(request, error, deadline) or retry is None:
                raise
            first_error = [error]

        async def try_again() -> T:
            if first_error:
                raise first_error.pop()
            turn = await self._take_turn(request, deadline, again=True)
            return await self._in_turn(turn, self._try(request, attempt, deadline), hold)

        left = min(started + retry.deadline, deadline) - monotonic()
        bounded = Retry(retry.attempts, max(left, 0.0))
        loop = retry_loop(
            bounded,
            lambda error: self._should_retry(request, error, deadline),
            sleep=self.concurrency.sleep,
            takes_turns=turn is not None,
        )
        return await loop(try_again)

    async def _take_turn(self, request: Request[Any], deadline: float, *, again: bool = False) -> Turn | None:
        """Wait for a turn of the rate limit; ``None`` if there is no limit, or the request is none of Coze's API."""
        if self._turns is None or not request.signed:
            return None
        if self._turns.generation != generation():  # the queue of a forked child's parent
            self._turns = turns_for(self._turns.limit, (self.config.base_url, self.credentials))
        try:
            return await self._turns.take(self.concurrency, deadline, again=again)
        except TimedOut as error:
            name_limit(error, self.config.timeout)
            raise

    async def _in_turn(self, turn: Turn | None, call: Coroutine[Any, Any, T], hold: Hold[T]) -> T:
        if turn is None:
            return await call
        try:
            result = hold(await call, turn)
        except BaseException as error:
            await turn.end(self.concurrency, error)
            raise
        if hold is _keep:
            await turn.end(self.concurrency)
        return result

    def _should_retry(self, request: Request[Any], error: BaseException, deadline: float) -> bool:
        retry = self.config.retry is not None
        retry = retry and may_retry(request.kind, error, wait_if_busy=self.config.when_busy == "wait")
        retry = retry and monotonic() < deadline and (request.upload is None or request.upload.repeatable)
        _log.debug("%s %s failed%s: %s", request.method, request.path, ", trying again" if retry else "", error)
        return retry

    async def _try(self, request: Request[Any], attempt: Attempt[T], deadline: float) -> T:
        """Try once. If Coze refuses the token, try once more with a new token, if the credentials have one."""
        if not request.signed:
            return await self._attempt(request, attempt, deadline)
        token = await self._token()
        try:
            return await self._attempt(request, attempt, deadline, token)
        except AuthenticationError as error:
            if request.kind is Kind.START and error.code_around is not None:
                raise  # a node of a run that has started may have said so
            refused = token
            token = await self._token(refused)
            if token == refused:
                raise
        _log.debug("%s %s: Coze refused the token; trying again with a new one", request.method, request.path)
        return await self._attempt(request, attempt, deadline, token)

    async def _token(self, refused: str = "") -> str:
        """A token to sign with; not `refused`, if the credentials have another one."""
        try:
            if refused and not await self.credentials.renew(self, refused):
                return refused
            return checked_token(await self.credentials.token(self))
        except CozeError as error:
            error.retried = True
            raise

    async def _attempt(self, request: Request[Any], attempt: Attempt[T], deadline: float, token: str = "") -> T:
        hide_secret(token)
        try:
            return await attempt(self._http_request(request, token, deadline))
        except CozeError as error:
            for secret in (token, *request.secrets):
                mask_secret(error, secret)
            explain(error, request, self.config.timeout, past_deadline=monotonic() >= deadline)
            raise

    def _http_request(self, request: Request[Any], token: str, deadline: float) -> HttpRequest:
        headers = {**self._headers, **request.headers}
        if token:
            headers["authorization"] = SecretText(f"Bearer {token}")
        if request.body is not None:
            headers["content-type"] = "application/json"
        if request.stream:
            headers["accept"] = "text/event-stream"
        if request.stream or request.binary:
            headers["accept-encoding"] = "identity"  # aiohttp would add its own
        timeout = self.config.timeout if deadline == inf else self.config.timeout.limited_to(_seconds_left(deadline))
        url = self.config.base_url + request.path
        if request.query:
            url = f"{url}?{urlencode(request.query)}"
        content = None if request.body is None else _json(request.body)
        return HttpRequest(request.method, url, headers, content, request.upload, request.form, timeout, deadline)

    def _log_response(self, request: Request[Any], response: RawResponse, http_request: HttpRequest) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            logid = masked(response.logid or "None", _token_of(http_request))
            _log.debug("%s %s: HTTP %s (logid %s)", request.method, request.path, response.status, logid)


def _token_of(http_request: HttpRequest) -> str:
    return http_request.headers.get("authorization", "").removeprefix("Bearer ")


def _read(request: Request[T], response: RawResponse) -> T:
    """The value of a response; every error about its content carries the log id."""
    try:
        return request.read(response)
    except CozeError as error:
        keep_told_part(request, response, error)
        error.logid = error.logid or response.logid
        raise


def _seconds_left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimedOut(
            "The call took longer than timeout.deadline",
            sent=False,
            cure="Raise timeout.deadline if the call needs more time",
        )
    return left


def _json(body: Mapping[str, object]) -> bytes:
    try:
        return _encoder.encode(body).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise not_json(body, error) from error


def _call_once(release: Callable[[], None]) -> Callable[[], None]:
    """Wrap `release` so that only the first call runs it."""
    left = [release]

    def release_once() -> None:
        if left:
            left.pop()()

    return release_once
