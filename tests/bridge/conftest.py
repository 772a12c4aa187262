"""Datasets to load, and writers to fill them."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_client.emulator import Emulator
from tests.support.clients import ConnectedClient, Driver
from tests.support.loaders import LoadedDataset
from tests.support.writers import WrittenDataset


@pytest.fixture
def dataset(coze: ConnectedClient) -> LoadedDataset:
    """Datasets to be loaded, on both faces."""
    return LoadedDataset(coze)


@pytest.fixture
def target(driver: Driver, emulator: Emulator, tmp_path: Path) -> WrittenDataset:
    return WrittenDataset(driver, emulator, tmp_path / "uploads.sqlite")
