"""One renewal of a token at a time: for any number of threads, event loops and processes."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from coze_client.errors import CozeError, ExpiredToken
from coze_client.token import Token
from coze_client.token_store import MemoryStore, SharedStore, TokenStore

if TYPE_CHECKING:
    from coze_client.session import Session

Origin = tuple[Callable[..., object], tuple[object, ...]]
"""A function and its arguments that make the same credentials elsewhere, without a secret in them."""

_log = logging.getLogger("coze_client")
_WAIT_SECONDS = 120.0
_CLAIM_SECONDS = 0.02


class Leaderless(Exception):
    """Whoever was renewing was cancelled before it had a token."""


class Renewable:
    """Credentials whose token is kept in a store and renewed: before it expires, or when Coze refuses it.

    A subclass says how a token is had (``grant``). One object serves both faces and any number of clients. A stale
    token is used while one caller renews it; for an expired one everybody waits for the same renewal. `clock` gives
    unix seconds.
    """

    def __init__(self, key: str, store: TokenStore | None, clock: Callable[[], float]) -> None:
        self.key = key
        self.store: TokenStore = store if store is not None else MemoryStore()
        self.clock = clock
        self._guard = threading.Lock()
        self._pid = os.getpid()
        self._token: Token | None = None
        self._flight: Future[Token] | None = None
        self.origin: Origin | None = None

    def __reduce__(self) -> tuple[object, ...]:
        if self.origin is None:
            raise TypeError(
                f"{type(self).__name__} holds secrets and is not pickled; made by from_config(path) or from_env(), "
                "it is read anew where it is unpickled"
            )
        return self.origin

    async def grant(self, session: Session, last: Token | None) -> Token:
        """A new token, from the `last` one where that renews; awaits only `session`."""
        raise NotImplementedError

    async def token(self, session: Session) -> str:
        """A token to sign with; raises OAuthError if none can be had."""
        token = self._token or await self._stored(session)
        state = token.freshness(self.clock()) if token else "expired"
        if token is None or state == "expired":
            return (await self._renewed(session, token)).access_token
        if state == "stale" and self._flight is None:
            try:
                return (await self._renewed(session, token)).access_token
            except CozeError as error:
                _log.warning("the token could not be renewed and is used until it expires: %s", error)
        return token.access_token

    async def renew(self, session: Session, refused: str) -> bool:
        """A new token in place of the one that Coze refused; True, or an OAuthError if there is none."""
        token = self._token or await self._stored(session)
        if token is None or token.access_token == refused:
            await self._renewed(session, token)
        return True

    async def keep(self, session: Session, token: Token | None) -> None:
        """Store a token that was had otherwise (a login), or forget the present one."""
        await session.face.call(partial(self.store.save, self.key, token))
        self._token = token

    async def _stored(self, session: Session) -> Token | None:
        if type(self.store) is MemoryStore:
            return self.store.load(self.key)
        self._token = await session.face.call(partial(self.store.load, self.key))
        return self._token

    async def _renewed(self, session: Session, known: Token | None) -> Token:
        """The next token after `known`, by our own renewal or by the one that is under way."""
        while True:
            leads, flight = self._join()
            if leads:  # in a task of its own: who asked may be cancelled, and a refresh token dies on use
                await session.face.start(self._lead(session, known, flight))
            try:
                return await session.face.wait(flight, _WAIT_SECONDS)
            except Leaderless:
                continue

    def _join(self) -> tuple[bool, Future[Token]]:
        with self._guard:
            if self._pid != os.getpid():  # a forked child waits for none of its parent's renewals
                self._pid, self._flight = os.getpid(), None
            if self._flight is not None:
                return False, self._flight
            self._flight = Future()
            return True, self._flight

    async def _lead(self, session: Session, known: Token | None, flight: Future[Token]) -> None:
        try:
            renewed = self._token is not None and self._token is not known  # between our look and our turn
            token = self._token if renewed and self._token else await self._renew_alone(session, known)
        except BaseException as error:
            self._flight = None
            flight.set_exception(error if isinstance(error, Exception) else Leaderless())
            if not isinstance(error, Exception):
                raise
        else:
            self._token = token
            self._flight = None
            flight.set_result(token)

    async def _renew_alone(self, session: Session, known: Token | None) -> Token:
        """Renews while no other process does; what another one stored meanwhile is taken over."""
        release = await self._claim(session)
        try:
            stored = await session.face.call(partial(self.store.load, self.key))
            others = stored is not None and (known is None or stored.access_token != known.access_token)
            if stored is not None and others and stored.freshness(self.clock()) == "fresh":
                return stored
            self._token = token = await self.grant(session, stored or known)
            await session.face.call(partial(self.store.save, self.key, token))  # before its first use: the old is dead
            return token
        finally:
            release()

    async def _claim(self, session: Session) -> Callable[[], None]:
        store = self.store
        if not isinstance(store, SharedStore):
            return _nothing
        ends = time.monotonic() + _WAIT_SECONDS
        while (release := await session.face.call(partial(store.claim, self.key))) is None:
            if time.monotonic() > ends:
                raise ExpiredToken("Another process has been renewing the token for too long", cure="Try again later")
            await session.face.sleep(_CLAIM_SECONDS)
        return release


def _nothing() -> None:
    return None
