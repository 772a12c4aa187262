"""Renews tokens, one renewal at a time across threads, event loops and processes."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from coze_client.auth.token import Token
from coze_client.auth.token_store import MemoryStore, SharedStore, TokenStore
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.errors import ConfigurationError, CozeError, ExpiredToken, TimedOut

if TYPE_CHECKING:
    from typing_extensions import Self

    from coze_client.core.credentials import Caller

Origin = tuple[Callable[..., object], tuple[object, ...]]
"""How to create the same credentials in another process: a function and its arguments, without a secret."""

_log = logging.getLogger("coze_client")
_MAX_WAIT = 120.0  # seconds, for a renewal by another caller or process
_CLAIM_INTERVAL = 0.02
_PAUSE_AFTER_ERROR = 15.0


class RenewalCancelled(Exception):
    """The task that renewed the token was cancelled before it had one."""


class SharedToken:
    """The token and the current renewal that all credentials with one store and key share in this process.

    ``unsaved``: a new token that could not be stored yet; it is used once it is stored, which needs a store that still
    has ``replaced``. ``no_renewal_before``: a time, set after a failed renewal; a stale token is not renewed before it.
    """

    def __init__(self, store: TokenStore) -> None:
        self.store = store
        self.token: Token | None = None
        self.unsaved: Token | None = None
        self.replaced: Token | None = None
        self.no_renewal_before = 0.0
        self._lock = ForkSafeLock()
        self.forget_renewal()

    def forget_renewal(self) -> None:
        """Forget the renewal of the parent process, which a forked child must not wait for."""
        self._renewal: Future[Token] | None = None

    def join_renewal(self) -> tuple[bool, Future[Token]]:
        """The current renewal, or a new one. True means that the caller must run it, and call ``end_renewal``."""
        with self._lock:
            if self._renewal is not None:
                return False, self._renewal
            self._renewal = Future()
            return True, self._renewal

    def end_renewal(self, renewal: Future[Token]) -> None:
        """End the renewal, so that the next caller starts a new one."""
        with self._lock:
            if self._renewal is renewal:
                self._renewal = None


_shared_tokens: WeakValueDictionary[tuple[int, str], SharedToken] = WeakValueDictionary()
_shared_tokens_lock = ForkSafeLock()


def _shared_token(store: TokenStore, key: str) -> SharedToken:
    with _shared_tokens_lock:
        return _shared_tokens.setdefault((id(store), key), SharedToken(store))


def _after_fork() -> None:
    for shared in list(_shared_tokens.values()):
        shared.forget_renewal()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Renewable:
    """Credentials whose token is stored, and renewed before it expires or when Coze refuses it.

    A subclass gets new tokens by ``grant``. One object serves both kinds of clients, and any number of them. Objects
    with the same store and key share one token. A stale token is used while one caller renews it. For an expired token
    all callers wait for the same renewal. `clock` returns unix seconds.
    """

    def __init__(self, key: str, store: TokenStore | None, clock: Callable[[], float]) -> None:
        self.key = key
        self.store: TokenStore = store if store is not None else MemoryStore()
        self.clock = clock
        self.origin: Origin | None = None
        self._server: str | None = None
        self._shared = _shared_token(self.store, key)

    def __reduce__(self) -> tuple[object, ...]:
        if self.origin is None:
            raise TypeError(
                f"{type(self).__name__} holds secrets and cannot be pickled; credentials from from_config(path) or "
                "from_env() can, because they are read again where they are unpickled"
            )
        return self.origin

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    async def grant(self, caller: Caller, last: Token | None) -> Token:
        """Get a new token, by the refresh token of the `last` one if it has one; awaits only `caller`."""
        raise NotImplementedError

    async def token(self, caller: Caller) -> str:
        """The current token, renewed if necessary.

        Raises OAuthError if there is no token, ConfigurationError for a client of a second server.
        """
        self._bind(caller.config.base_url)
        token = self._shared.token or await self._stored(caller)
        state = token.freshness(self.clock()) if token else "expired"
        if token is None or state == "expired":
            token = await self._renewed(caller, token)
        elif state == "stale":
            token = await self._renewed_early(caller, token)
        return token.access_token

    def _bind(self, server: str) -> None:
        """Allow only the server of the first client: no other server must see these tokens."""
        if self._server is None:
            self._server = server
        elif self._server != server:
            raise ConfigurationError(
                f"These credentials belong to {self._server}; their token must not be sent to {server}",
                cure=f"Create another {type(self).__name__} for the second server",
            )

    async def renew(self, caller: Caller, refused: str) -> bool:
        """Replace the token that Coze refused; returns True, or raises OAuthError if there is no other token."""
        token = self._shared.token or await self._stored(caller)
        if token is None or token.access_token == refused:
            await self._renewed(caller, token)
        return True

    async def keep(self, caller: Caller, token: Token | None) -> None:
        """Store the token of a login; ``None`` deletes the stored token."""
        await self._save(caller, token)
        self._shared.token, self._shared.unsaved = token, None

    async def _stored(self, caller: Caller) -> Token | None:
        if type(self.store) is MemoryStore:  # a dict needs no thread
            return self.store.load(self.key)
        self._shared.token = await self._load(caller)
        return self._shared.token

    async def _load(self, caller: Caller) -> Token | None:
        return await caller.concurrency.call(partial(self.store.load, self.key))

    async def _save(self, caller: Caller, token: Token | None) -> None:
        await caller.concurrency.call(partial(self.store.save, self.key, token))

    async def _renewed(self, caller: Caller, known: Token | None) -> Token:
        """The token after `known`, by the current renewal or by a new one."""
        while True:
            is_leader, renewal = self._shared.join_renewal()
            try:
                return await self._await_renewal(caller, known, renewal, is_leader=is_leader)
            except RenewalCancelled:
                continue

    async def _renewed_early(self, caller: Caller, token: Token) -> Token:
        """Renew a stale token, unless another caller does; returns the present one then, and after an error."""
        if self.clock() < self._shared.no_renewal_before:
            return token
        is_leader, renewal = self._shared.join_renewal()
        if not is_leader:
            return token
        try:
            return await self._await_renewal(caller, token, renewal, is_leader=True)
        except Exception as error:  # noqa: BLE001 - a store may raise anything, and the present token is valid
            self._shared.no_renewal_before = self.clock() + _PAUSE_AFTER_ERROR
            reason = error if isinstance(error, CozeError) else type(error).__name__
            _log.warning("the token could not be renewed; it is used until it expires: %s", reason)
            return token

    async def _await_renewal(
        self, caller: Caller, known: Token | None, renewal: Future[Token], *, is_leader: bool
    ) -> Token:
        if is_leader:  # as a task: a refresh token works once, so the caller's cancellation must not stop it
            await caller.concurrency.start(self._run_renewal(caller, known, renewal))
        try:
            return await caller.concurrency.wait(renewal, _max_wait(caller))
        except TimedOut:
            self._shared.end_renewal(renewal)  # the leader's event loop may never run again
            raise

    async def _run_renewal(self, caller: Caller, known: Token | None, renewal: Future[Token]) -> None:
        try:
            token = self._shared.token
            if token is None or not token.replaces(known):  # otherwise another caller has renewed it meanwhile
                self._shared.token = token = await self._renew_alone(caller, known)
        except BaseException as error:
            self._shared.end_renewal(renewal)
            renewal.set_exception(error if isinstance(error, Exception) else RenewalCancelled())
            if not isinstance(error, Exception):
                raise
        else:
            self._shared.end_renewal(renewal)
            renewal.set_result(token)

    async def _renew_alone(self, caller: Caller, known: Token | None) -> Token:
        """Renew while no other process does; use a token that another process has stored meanwhile."""
        shared = self._shared
        release = await self._claim(caller)
        try:
            stored = await self._load(caller)
            if stored != shared.replaced:  # somebody has logged in or out, or renewed the token
                shared.unsaved, shared.replaced = None, stored
            if stored is not None and stored.replaces(known) and self._is_fresh(stored):
                return stored
            if shared.unsaved is None or not self._is_fresh(shared.unsaved):
                shared.unsaved = await self._grant_or_stored(caller, shared.unsaved or stored)
            await self._save(caller, shared.unsaved)  # before its first use: the old refresh token no longer works
            token, shared.unsaved = shared.unsaved, None
            return token
        finally:
            release()

    def _is_fresh(self, token: Token) -> bool:
        return token.freshness(self.clock()) == "fresh"

    async def _grant_or_stored(self, caller: Caller, last: Token | None) -> Token:
        """Get a token. If another process was faster with the same refresh token, use the token that it stored."""
        try:
            return await self.grant(caller, last)
        except ExpiredToken:
            stored = await self._load(caller)
            if last is None or stored is None or not stored.replaces(last):
                raise
            return stored

    async def _claim(self, caller: Caller) -> Callable[[], None]:
        store = self.store
        if not isinstance(store, SharedStore):
            return _do_nothing
        deadline = time.monotonic() + _max_wait(caller)
        while (release := await caller.concurrency.call(partial(store.claim, self.key))) is None:
            if time.monotonic() > deadline:
                raise TimedOut(
                    "Another process has not finished renewing the token", sent=False, cure="Try again later"
                )
            await caller.concurrency.sleep(_CLAIM_INTERVAL)
        return release


def _max_wait(caller: Caller) -> float:
    limit = caller.config.timeout.deadline
    return _MAX_WAIT if limit is None else min(limit, _MAX_WAIT)


def _do_nothing() -> None:
    return None
