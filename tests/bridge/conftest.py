"""Datasets to load and to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_client.emulator import Emulator
from tests.support.clients import ConnectedClient, Driver
from tests.support.loaders import LoadedDataset
from tests.support.writers import WrittenDataset


@pytest.fixture
def dataset(coze: ConnectedClient) -> LoadedDataset:
    """A dataset to load, for both clients."""
    return LoadedDataset(coze)


@pytest.fixture
def target(driver: Driver, emulator: Emulator, tmp_path: Path) -> WrittenDataset:
    """A dataset to write, for both clients."""
    return WrittenDataset(driver, emulator, tmp_path / "uploads.sqlite")
