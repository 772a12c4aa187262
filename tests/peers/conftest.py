"""The peers, one process each, and what the emulator says to plain HTTP meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.line_process import LineProcess
from coze_client.emulator import Emulator
from tests.peers.peer import CozeJs, CozePy, Peer, node_peer, python_peer
from tests.support.api_calls import Wire


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever is first in a fresh checkout waits until its peer's packages are installed."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture
def wire(emulator: Emulator) -> Iterator[Wire]:
    with Wire(emulator) as wire:
        yield wire


@pytest.fixture
def studio() -> Iterator[Emulator]:
    with Emulator("studio") as emulator:
        yield emulator


@pytest.fixture(scope="session")
def cozepy_process() -> Iterator[LineProcess]:
    with python_peer("cozepy", "cozepy_calls") as process:
        yield process


@pytest.fixture(params=[False, True], ids=["Coze", "AsyncCoze"])
def cozepy(request: pytest.FixtureRequest, cozepy_process: LineProcess, emulator: Emulator) -> CozePy:
    """Either client of cozepy."""
    return CozePy(cozepy_process, emulator, asyncio=request.param)


@pytest.fixture
def blocking_cozepy(cozepy_process: LineProcess, emulator: Emulator) -> CozePy:
    """For what the asyncio client of cozepy has not."""
    return CozePy(cozepy_process, emulator, asyncio=False)


@pytest.fixture
def cozepy_on_studio(cozepy_process: LineProcess, studio: Emulator) -> CozePy:
    return CozePy(cozepy_process, studio, asyncio=False)


@pytest.fixture(scope="session")
def chat_coze_process() -> Iterator[LineProcess]:
    with python_peer("langchain", "chat_coze_calls") as process:
        yield process


@pytest.fixture
def chat_coze(chat_coze_process: LineProcess, emulator: Emulator) -> Peer:
    return Peer(chat_coze_process, emulator)


@pytest.fixture(scope="session")
def coze_js_process() -> Iterator[LineProcess]:
    with node_peer("coze_js_calls") as process:
        yield process


@pytest.fixture
def coze_js(coze_js_process: LineProcess, emulator: Emulator) -> CozeJs:
    return CozeJs(coze_js_process, emulator)


@pytest.fixture
def coze_js_on_studio(coze_js_process: LineProcess, studio: Emulator) -> CozeJs:
    return CozeJs(coze_js_process, studio)
