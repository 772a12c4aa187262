"""Blocking and asyncio clients, driven by a test through the same methods."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from coze_client import AsyncCozeClient, CozeClient, Message
from coze_client.emulator import Emulator

T = TypeVar("T")


class Driver:
    """Drives clients of one kind; a test that is written for this class runs on both kinds."""

    name = "blocking"

    def client(self, token: Any = "pat_test", **options: Any) -> Any:
        """Return a new client; it is closed when the test ends."""
        raise NotImplementedError

    def run(self, value: Any) -> Any:
        """Return the value of a client's call."""
        raise NotImplementedError

    def collect(self, items: Any, limit: int | None = None) -> list[Any]:
        """Return all items of a stream or listing, or the first `limit`, and close it."""
        raise NotImplementedError

    def close(self) -> None:
        """Close every client."""
        raise NotImplementedError


class BlockingDriver(Driver):
    """Drives `CozeClient`."""

    def __init__(self) -> None:
        self._clients: list[CozeClient] = []

    def client(self, token: Any = "pat_test", **options: Any) -> CozeClient:
        self._clients.append(CozeClient(token, **options))
        return self._clients[-1]

    def run(self, value: T) -> T:
        return value

    def collect(self, items: Any, limit: int | None = None) -> list[Any]:
        found: list[Any] = []
        try:
            for item in items:
                found.append(item)
                if len(found) == limit:
                    break
        finally:
            if hasattr(items, "close"):
                items.close()
        return found

    def close(self) -> None:
        for client in self._clients:
            client.close()


class AsyncioDriver(Driver):
    """Drives `AsyncCozeClient` on an event loop of its own."""

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

    def collect(self, items: Any, limit: int | None = None) -> list[Any]:
        async def walk() -> list[Any]:
            found: list[Any] = []
            try:
                async for item in items:
                    found.append(item)
                    if len(found) == limit:
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
        self.run(asyncio.sleep(0))  # a connection that was left while it opened is closed in the loop's next step
        self.loop.close()


class AiohttpDriver(AsyncioDriver):
    """Drives `AsyncCozeClient` over aiohttp."""

    name = "aiohttp"

    def client(self, token: Any = "pat_test", **options: Any) -> AsyncCozeClient:
        return super().client(token, transport="aiohttp", **options)


class ConnectedClient:
    """A client of either kind that is connected to an emulator."""

    def __init__(self, driver: Driver, emulator: Emulator) -> None:
        self.driver = driver
        self.emulator = emulator
        self.client = driver.client(emulator.token, base_url=emulator.url)
        self.run = driver.run
        self.collect = driver.collect

    def ask(self, text: str = "hello there", *, bot: str = "echo", **options: Any) -> Any:
        """Return a chat stream for the question `text`; it is not opened yet."""
        return self.client.chats.stream(
            bot_id=self.emulator.bots[bot], user_id="u1", additional_messages=[Message.user(text)], **options
        )
