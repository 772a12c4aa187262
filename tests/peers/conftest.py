"""The peers, one process each, and a plain HTTP client to check the emulator meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.line_process import LineProcess
from coze_client.emulator import Emulator
from tests.peers.peer import CozeJs, CozePy, Peer, go_peer, node_peer, python_peer
from tests.support.api_calls import ApiClient


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Allow more time: the first test of a fresh checkout installs its peer's packages."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture
def api(emulator: Emulator) -> Iterator[ApiClient]:
    with ApiClient(emulator) as api:
        yield api


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
    """cozepy's blocking client, for calls that its asyncio client lacks."""
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


@pytest.fixture(scope="session")
def coze_go_process() -> Iterator[LineProcess]:
    with go_peer() as process:
        yield process


@pytest.fixture
def coze_js(coze_js_process: LineProcess, emulator: Emulator) -> CozeJs:
    return CozeJs(coze_js_process, emulator)


@pytest.fixture
def coze_js_on_studio(coze_js_process: LineProcess, studio: Emulator) -> CozeJs:
    return CozeJs(coze_js_process, studio)
