"""The emulator, and both faces of the client over it: what is true of one must be true of the other."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from coze_client import AsyncCozeClient, CozeClient
from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.emulator import Emulator

# A loaded machine is slow at making examples, which says nothing about the code.
settings.register_profile(
    "calm", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("calm")

# A shell has whatever it runs in the background ignore Ctrl-C, and the processes that those start, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

T = TypeVar("T")


class Driver:
    """One face, driven alike: ``run`` gives the value of a call, ``collect`` the items of a stream or listing."""

    name = "blocking"

    def client(self, token: Any = "pat_test", **options: Any) -> Any:
        """A client of this face, closed when the test ends."""
        raise NotImplementedError

    def run(self, value: Any) -> Any:
        """A call's value."""
        raise NotImplementedError

    def collect(self, items: Any, most: int | None = None) -> list[Any]:
        """Every item of a stream or listing, or the first `most`; then it is closed."""
        raise NotImplementedError


class BlockingDriver(Driver):
    def __init__(self) -> None:
        self._clients: list[CozeClient] = []

    def client(self, token: Any = "pat_test", **options: Any) -> CozeClient:
        self._clients.append(CozeClient(token, **options))
        return self._clients[-1]

    def run(self, value: T) -> T:
        return value

    def collect(self, items: Any, most: int | None = None) -> list[Any]:
        found: list[Any] = []
        try:
            for item in items:
                found.append(item)
                if len(found) == most:
                    break
        finally:
            if hasattr(items, "close"):
                items.close()
        return found

    def close(self) -> None:
        for client in self._clients:
            client.close()


class AsyncioDriver(Driver):
    name = "asyncio"

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._clients: list[AsyncCozeClient] = []

    def client(self, token: Any = "pat_test", **options: Any) -> AsyncCozeClient:
        self._clients.append(AsyncCozeClient(token, **options))
        return self._clients[-1]

    def run(self, value: Awaitable[T]) -> T:
        async def wait() -> T:
            return await value

        return self.loop.run_until_complete(wait())

    def collect(self, items: Any, most: int | None = None) -> list[Any]:
        async def walk() -> list[Any]:
            found: list[Any] = []
            try:
                async for item in items:
                    found.append(item)
                    if len(found) == most:
                        break
            finally:
                if hasattr(items, "aclose"):
                    await items.aclose()
            return found

        return self.run(walk())

    def close(self) -> None:
        for client in self._clients:
            self.run(client.close())
        self.run(self.loop.shutdown_asyncgens())
        self.loop.close()


@pytest.fixture(params=["blocking", "asyncio"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """Both faces, one after the other."""
    made = BlockingDriver() if request.param == "blocking" else AsyncioDriver()
    yield made
    made.close()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A fresh local Coze."""
    with Emulator() as running:
        yield running


@pytest.fixture
def own_event_loop() -> Iterator[None]:
    """For LlamaIndex, whose blocking calls take the thread's event loop, or make one that they never close."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.run_until_complete(loop.shutdown_asyncgens())  # as asyncio.run ends: clients let go of their lines
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client would have slept, each time; it does not."""
    slept: list[float] = []

    async def sleep(_: object, seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(Blocking, "sleep", sleep)
    monkeypatch.setattr(Asyncio, "sleep", sleep)
    return slept


class Connected(Generic[T]):
    """A face's client on a fresh emulator."""

    def __init__(self, driver: Driver, emulator: Emulator) -> None:
        self.driver = driver
        self.emulator = emulator
        self.client: Any = driver.client(emulator.token, base_url=emulator.url)
        self.run: Callable[[Any], Any] = driver.run
        self.collect = driver.collect

    def ask(self, text: str = "hello there", *, bot: str = "echo", **options: Any) -> Any:
        """A chat stream over `text`, not opened yet."""
        from coze_client import Message

        messages = [Message.user(text)]
        return self.client.chats.stream(
            bot_id=self.emulator.bots[bot], user_id="u1", additional_messages=messages, **options
        )


@pytest.fixture
def coze(driver: Driver, emulator: Emulator) -> Connected[Any]:
    """A client of either face on a fresh emulator."""
    return Connected(driver, emulator)
