"""Fixtures of the tests of one call."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import write_certificate
from tests.support.clients import AiohttpDriver, AsyncioDriver, BlockingDriver, Driver


@pytest.fixture(params=[BlockingDriver, AsyncioDriver, AiohttpDriver], ids=lambda kind: kind.name)
def wire(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """The drivers of all ways onto the network, one after the other: blocking, asyncio, and asyncio over aiohttp."""
    driver: Driver = request.param()
    yield driver
    driver.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a certificate for 127.0.0.1 and its key."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """The TLS context of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
