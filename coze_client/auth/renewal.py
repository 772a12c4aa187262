"""One renewal of a token at a time: for any number of threads, event loops and processes."""

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
"""A function and its arguments that make the same credentials elsewhere, without a secret in them."""

_log = logging.getLogger("coze_client")
_WAIT_SECONDS = 120.0
_CLAIM_SECONDS = 0.02
_REST_SECONDS = 15.0


class Leaderless(Exception):
    """Whoever was renewing was cancelled before it had a token."""


class Slot:
    """What all credentials of this process with one store and key share: the token, and its renewal under way.

    ``unsaved`` was granted but could not be stored yet: it is not used before it is. ``rests_until``: no renewal ahead
    of need before that time, since the last one failed.
    """

    def __init__(self, store: TokenStore) -> None:
        self.store = store
        self.token: Token | None = None
        self.unsaved: Token | None = None
        self.rests_until = 0.0
        self._guard = ForkSafeLock()
        self.forget_flight()

    def forget_flight(self) -> None:
        """A forked child waits for none of its parent's renewals."""
        self._flight: Future[Token] | None = None

    def join(self) -> tuple[bool, Future[Token]]:
        """The renewal under way, or a new one that the caller (True) has to carry out and to ``land``."""
        with self._guard:
            if self._flight is not None:
                return False, self._flight
            self._flight = Future()
            return True, self._flight

    def land(self, flight: Future[Token]) -> None:
        """The next one to join begins a new renewal."""
        with self._guard:
            if self._flight is flight:
                self._flight = None


_slots: WeakValueDictionary[tuple[int, str], Slot] = WeakValueDictionary()
_slots_guard = ForkSafeLock()


def _slot(store: TokenStore, key: str) -> Slot:
    with _slots_guard:
        return _slots.setdefault((id(store), key), Slot(store))


def _after_fork() -> None:
    for slot in list(_slots.values()):
        slot.forget_flight()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Renewable:
    """Credentials whose token is kept in a store and renewed: before it expires, or when Coze refuses it.

    A subclass says how a token is had (``grant``). One object serves both faces and any number of clients, and shares
    its token with all others of the same store and key. A stale token is used while one caller renews it; for an
    expired one everybody waits for the same renewal. `clock` gives unix seconds.
    """

    def __init__(self, key: str, store: TokenStore | None, clock: Callable[[], float]) -> None:
        self.key = key
        self.store: TokenStore = store if store is not None else MemoryStore()
        self.clock = clock
        self.origin: Origin | None = None
        self._server: str | None = None
        self._slot = _slot(self.store, key)

    def __reduce__(self) -> tuple[object, ...]:
        if self.origin is None:
            raise TypeError(
                f"{type(self).__name__} holds secrets and is not pickled; made by from_config(path) or from_env(), "
                "it is read anew where it is unpickled"
            )
        return self.origin

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    async def grant(self, caller: Caller, last: Token | None) -> Token:
        """A new token, from the `last` one where that renews; awaits only `caller`."""
        raise NotImplementedError

    async def token(self, caller: Caller) -> str:
        """A token to sign with; raises OAuthError if none can be had, ConfigurationError for a second server."""
        self._bind(caller.config.base_url)
        token = self._slot.token or await self._stored(caller)
        state = token.freshness(self.clock()) if token else "expired"
        if token is None or state == "expired":
            token = await self._renewed(caller, token)
        elif state == "stale":
            token = await self._renewed_early(caller, token)
        return token.access_token

    def _bind(self, server: str) -> None:
        """The server of the first client is the only one that ever sees these tokens."""
        if self._server is None:
            self._server = server
        elif self._server != server:
            raise ConfigurationError(
                f"These credentials sign in to {self._server}; a client of {server} must not send their token there",
                cure=f"Make a {type(self).__name__} of its own for each server",
            )

    async def renew(self, caller: Caller, refused: str) -> bool:
        """A new token in place of the one that Coze refused; True, or an OAuthError if there is none."""
        token = self._slot.token or await self._stored(caller)
        if token is None or token.access_token == refused:
            await self._renewed(caller, token)
        return True

    async def keep(self, caller: Caller, token: Token | None) -> None:
        """Store a token that was had otherwise (a login), or forget the present one."""
        await self._save(caller, token)
        self._slot.token, self._slot.unsaved = token, None

    async def _stored(self, caller: Caller) -> Token | None:
        if type(self.store) is MemoryStore:  # worth no thread
            return self.store.load(self.key)
        self._slot.token = await self._load(caller)
        return self._slot.token

    async def _load(self, caller: Caller) -> Token | None:
        return await caller.concurrency.call(partial(self.store.load, self.key))

    async def _save(self, caller: Caller, token: Token | None) -> None:
        await caller.concurrency.call(partial(self.store.save, self.key, token))

    async def _renewed(self, caller: Caller, known: Token | None) -> Token:
        """The next token after `known`, by our own renewal or by the one that is under way."""
        while True:
            leads, flight = self._slot.join()
            try:
                return await self._outcome(caller, known, flight, leads=leads)
            except Leaderless:
                continue

    async def _renewed_early(self, caller: Caller, token: Token) -> Token:
        """The next token if we are the one to renew it and that goes well; else the present one."""
        if self.clock() < self._slot.rests_until:
            return token
        leads, flight = self._slot.join()
        if not leads:
            return token
        try:
            return await self._outcome(caller, token, flight, leads=True)
        except Exception as error:  # noqa: BLE001 - stores raise what they like, and the token at hand is good
            self._slot.rests_until = self.clock() + _REST_SECONDS
            reason = error if isinstance(error, CozeError) else type(error).__name__
            _log.warning("the token could not be renewed and is used until it expires: %s", reason)
            return token

    async def _outcome(self, caller: Caller, known: Token | None, flight: Future[Token], *, leads: bool) -> Token:
        if leads:  # in a task of its own: who asked may be cancelled, and a refresh token dies on use
            await caller.concurrency.start(self._lead(caller, known, flight))
        try:
            return await caller.concurrency.wait(flight, _patience(caller))
        except TimedOut:
            self._slot.land(flight)  # its event loop may never run again
            raise

    async def _lead(self, caller: Caller, known: Token | None, flight: Future[Token]) -> None:
        try:
            token = self._slot.token
            if token is None or not token.replaces(known):  # else somebody renewed it between our look and our turn
                self._slot.token = token = await self._renew_alone(caller, known)
        except BaseException as error:
            self._slot.land(flight)
            flight.set_exception(error if isinstance(error, Exception) else Leaderless())
            if not isinstance(error, Exception):
                raise
        else:
            self._slot.land(flight)
            flight.set_result(token)

    async def _renew_alone(self, caller: Caller, known: Token | None) -> Token:
        """Renews while no other process does; what another one stored meanwhile is taken over."""
        slot = self._slot
        release = await self._claim(caller)
        try:
            stored = await self._load(caller)
            if stored is not None and stored.replaces(known) and self._is_fresh(stored):
                slot.unsaved = None
                return stored
            if slot.unsaved is None or not self._is_fresh(slot.unsaved):
                slot.unsaved = await self._granted(caller, slot.unsaved or stored)
            await self._save(caller, slot.unsaved)  # before its first use: the old one is dead
            token, slot.unsaved = slot.unsaved, None
            return token
        finally:
            release()

    def _is_fresh(self, token: Token) -> bool:
        return token.freshness(self.clock()) == "fresh"

    async def _granted(self, caller: Caller, last: Token | None) -> Token:
        """A grant; if a process without claim was faster with a refresh token that dies on use, what that one got."""
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
            return _nothing
        ends = time.monotonic() + _patience(caller)
        while (release := await caller.concurrency.call(partial(store.claim, self.key))) is None:
            if time.monotonic() > ends:
                raise TimedOut(
                    "Another process has been renewing the token for too long", sent=False, cure="Try again later"
                )
            await caller.concurrency.sleep(_CLAIM_SECONDS)
        return release


def _patience(caller: Caller) -> float:
    limit = caller.config.timeout.deadline
    return _WAIT_SECONDS if limit is None else min(limit, _WAIT_SECONDS)


def _nothing() -> None:
    return None
