from __future__ import annotations

from collections.abc import Iterator

import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import Wire


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def studio() -> Iterator[Emulator]:
    with Emulator("studio") as emulator:
        yield emulator


@pytest.fixture
def wire(emulator: Emulator) -> Iterator[Wire]:
    with Wire(emulator) as wire:
        yield wire


@pytest.fixture
def studio_wire(studio: Emulator) -> Iterator[Wire]:
    with Wire(studio) as wire:
        yield wire
