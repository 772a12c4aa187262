"""Fixtures of all tests: the emulator, and clients of both kinds."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from coze_client import CozeClient
from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.emulator import Emulator
from tests.support.clients import AsyncioDriver, BlockingDriver, ConnectedClient, Driver

if TYPE_CHECKING:
    from tests.support.recorded_telemetry import RecordedTelemetry

# Settings of the user, such as the two lines that the emulator prints to be pasted, must not reach the tests.
for name in [name for name in os.environ if name.startswith("COZE_")]:
    del os.environ[name]

# A slow machine generates examples slowly; that is no fault of the code under test.
settings.register_profile(
    "slow_machine", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("slow_machine")

# A shell makes its background processes ignore Ctrl-C, and their child processes inherit this.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Keep the collected tests out of garbage collections, which take a tenth of the time otherwise."""
    gc.collect()
    gc.freeze()


@pytest.fixture(params=[BlockingDriver, AsyncioDriver], ids=lambda kind: kind.name)
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """The drivers of both clients, one after the other."""
    driver: Driver = request.param()
    yield driver
    driver.close()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A fresh emulator."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def coze(driver: Driver, emulator: Emulator) -> ConnectedClient:
    """A client of either kind on a fresh emulator."""
    return ConnectedClient(driver, emulator)


@pytest.fixture
def client(emulator: Emulator) -> Iterator[CozeClient]:
    """A blocking client on a fresh emulator."""
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        yield client


@pytest.fixture
def own_event_loop() -> Iterator[None]:
    """An event loop for LlamaIndex's blocking calls; without it, they create one and never close it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.run_until_complete(loop.shutdown_asyncgens())  # as asyncio.run ends: clients release their connections
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each sleep that the client asked for; it does not really sleep."""
    seconds_slept: list[float] = []

    async def sleep(_: object, seconds: float) -> None:
        seconds_slept.append(seconds)

    monkeypatch.setattr(Blocking, "sleep", sleep)
    monkeypatch.setattr(Asyncio, "sleep", sleep)
    return seconds_slept


@pytest.fixture
def telemetry(monkeypatch: pytest.MonkeyPatch) -> RecordedTelemetry:
    """What the clients of the test report over OpenTelemetry."""
    from tests.support.recorded_telemetry import RecordedTelemetry  # few tests need OpenTelemetry

    return RecordedTelemetry(monkeypatch)
