"""Which clients share connections: those with equal server, TLS and proxy settings, in a process or an event loop."""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Generic, NamedTuple, Protocol, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from coze_client.core.concurrency import start_task
from coze_client.core.config import Config
from coze_client.core.dropped_generators import dropped_generators_closed
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.core.proxy import proxy_url

PoolT = TypeVar("PoolT")
BlockingT = TypeVar("BlockingT", bound="BlockingConnections")
ConnectionsT = TypeVar("ConnectionsT", bound="Connections")

_UNUSED_SECONDS = 30.0
_END_SECONDS = 5.0


class PoolKey(NamedTuple):
    """What makes connections interchangeable: tokens, headers and timeouts belong to a request."""

    base_url: str
    ca_bundle: str | None
    proxy: str | None
    kind: str = ""

    def __repr__(self) -> str:
        return f"PoolKey({self.base_url!r}, {self.ca_bundle!r}, kind={self.kind!r})"  # the proxy may have a password

    @classmethod
    def of(cls, config: Config, kind: str = "") -> PoolKey:
        """The key of a client's settings, with the proxy that the environment names now."""
        return cls(config.base_url, config.ca_bundle, proxy_url(config.base_url, config.proxy), kind)


class _Shared(Generic[PoolT]):
    def __init__(self, pool: PoolT) -> None:
        self.pool = pool
        self.holders: WeakSet[object] = WeakSet()
        self.leased_at = monotonic()


class SharedPools(Generic[PoolT]):
    """The pools of a process, or of one event loop, by their keys. A forked child starts without any.

    A client that is dropped without ``close`` holds nothing any more, but its pool stays for the next client.
    """

    def __init__(self) -> None:
        self._pools: dict[PoolKey, _Shared[PoolT]] = {}
        self._lock = ForkSafeLock()
        self._pid = os.getpid()
        self._parents: list[object] = []  # kept, because collecting a parent's pool could close its connections

    def lease(self, key: PoolKey, holder: object, new: Callable[[], PoolT]) -> PoolT:
        """The pool for `key`, which `new` creates for its first holder; `holder` is referred to weakly."""
        with self._lock:
            self._forget_parents()
            shared = self._pools.get(key)
            if shared is None:
                shared = self._pools[key] = _Shared(new())
            shared.holders.add(holder)
            shared.leased_at = monotonic()
            return shared.pool

    def give_back(self, holder: object) -> list[PoolT]:
        """End the leases of `holder`; return the pools that nobody else holds, for the caller to close."""
        with self._lock:
            self._forget_parents()
            held = [key for key, shared in self._pools.items() if holder in shared.holders]
            for key in held:
                self._pools[key].holders.discard(holder)
            return [self._pools.pop(key).pool for key in held if not self._pools[key].holders]

    def take_unused(self) -> list[PoolT]:
        """Remove the pools that nobody holds and nobody has leased lately; return them for the caller to close."""
        with self._lock:
            self._forget_parents()
            before = monotonic() - _UNUSED_SECONDS
            unused = [key for key, shared in self._pools.items() if not shared.holders and shared.leased_at <= before]
            return [self._pools.pop(key).pool for key in unused]

    def take_all(self) -> list[PoolT]:
        """Remove all pools, at the end of the process; return them for the caller to close."""
        with self._lock:
            self._forget_parents()
            pools, self._pools = self._pools, {}
            return [shared.pool for shared in pools.values()]

    def _forget_parents(self) -> None:
        if self._pid != os.getpid():
            self._parents.append(self._pools)
            self._pools = {}
            self._pid = os.getpid()


class BlockingConnections(Protocol):
    """The connections of a process, for blocking clients."""

    def close(self) -> None:
        """Close all connections."""


class ProcessPools(SharedPools[BlockingT]):
    """The shared pools of a process, which are closed at its end."""

    def __init__(self) -> None:
        super().__init__()
        atexit.register(self._close_all)

    def _close_all(self) -> None:
        for pool in self.take_all():
            pool.close()


class ProcessLease(Generic[BlockingT]):
    """A blocking client's hold on a pool of its process, from the first request on; a forked child leases its own."""

    def __init__(self, pools: SharedPools[BlockingT], config: Config, new: Callable[[PoolKey], BlockingT]) -> None:
        self._pools = pools
        self._config = config
        self._new = new
        self._leased: tuple[int, BlockingT] | None = None

    def pool(self) -> BlockingT:
        """The pool; raises ConfigurationError for settings with which nothing can be sent."""
        leased = self._leased
        if leased and leased[0] == os.getpid():
            return leased[1]
        key = PoolKey.of(self._config)
        pool = self._pools.lease(key, self, lambda: self._new(key))
        self._leased = os.getpid(), pool
        for unused in self._pools.take_unused():
            unused.close()
        return pool

    def close(self) -> None:
        """Give the pool back; close it if nobody else holds it."""
        self._leased = None
        for pool in self._pools.give_back(self):
            pool.close()


class Connections(Protocol):
    """The connections of an event loop."""

    async def aclose(self) -> None:
        """Close all connections."""


class LoopPool(Generic[ConnectionsT]):
    """The connections of one event loop; they are closed by ``aclose``, or when the loop ends."""

    def __init__(self, connections: ConnectionsT) -> None:
        self.connections = connections
        self._closer = _until_closed(connections)
        with suppress(StopIteration):
            self._closer.__anext__().send(None)  # the running loop knows the generator from here on

    async def aclose(self) -> None:
        """Close the connections; a second call does nothing."""
        with suppress(StopAsyncIteration):
            await self._closer.__anext__()


async def _until_closed(connections: Connections) -> AsyncGenerator[None, None]:
    """Close the connections with this generator: ``asyncio.run`` closes all async generators before the loop."""
    try:
        yield
    except GeneratorExit:
        await dropped_generators_closed(_END_SECONDS)
        raise
    finally:
        await connections.aclose()


class LoopPools(Generic[ConnectionsT]):
    """The shared pools of each event loop. The loops of several threads come and go at any time."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, SharedPools[LoopPool[ConnectionsT]]] = (
            WeakKeyDictionary()
        )

    def of(self, loop: asyncio.AbstractEventLoop) -> SharedPools[LoopPool[ConnectionsT]]:
        """The shared pools of a loop."""
        with self._lock:
            for other in list(self._loops):
                if other.is_closed():
                    del self._loops[other]  # else never collected: its pools refer to it
            return self._loops.setdefault(loop, SharedPools())


class LoopLease(Generic[ConnectionsT]):
    """An asyncio client's hold on a pool of each event loop in which it sends."""

    def __init__(
        self,
        pools: LoopPools[ConnectionsT],
        config: Config,
        kind: str,
        prepare: Callable[[PoolKey], Awaitable[object]],
        new: Callable[[PoolKey], ConnectionsT],
    ) -> None:
        self._pools = pools
        self._config = config
        self._kind = kind
        self._prepare = prepare
        self._new = new
        self._leased: tuple[int, asyncio.AbstractEventLoop, ConnectionsT] | None = None  # the latest

    async def pool(self) -> ConnectionsT:
        """The pool of the running loop; raises ConfigurationError for settings with which nothing can be sent."""
        loop, leased = asyncio.get_running_loop(), self._leased
        if leased and leased[0] == os.getpid() and leased[1] is loop:
            return leased[2]
        key = PoolKey.of(self._config, self._kind)
        await self._prepare(key)
        pools = self._pools.of(loop)
        connections = pools.lease(key, self, lambda: LoopPool(self._new(key))).connections
        self._leased = os.getpid(), loop, connections
        for unused in pools.take_unused():
            start_task(unused.aclose())
        return connections

    async def close(self) -> None:
        """Give the pool of the running loop back; close it if nobody else holds it."""
        self._leased = None
        for pool in self._pools.of(asyncio.get_running_loop()).give_back(self):
            await pool.aclose()
