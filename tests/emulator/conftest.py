"""Emulators of the cloud and of Coze Studio, with plain HTTP clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient


@pytest.fixture
def studio() -> Iterator[Emulator]:
    with Emulator("studio") as emulator:
        yield emulator


@pytest.fixture
def api(emulator: Emulator) -> Iterator[ApiClient]:
    with ApiClient(emulator) as api:
        yield api


@pytest.fixture
def studio_api(studio: Emulator) -> Iterator[ApiClient]:
    with ApiClient(studio) as studio_api:
        yield studio_api
