"""Datasets to load, and writers to fill them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coze_client.emulator import Emulator
from tests.conftest import Connected, Driver
from tests.support.loaders import Library
from tests.support.writers import Desk


@pytest.fixture
def library(coze: Connected[Any]) -> Library:
    """Datasets to be loaded, on both faces."""
    return Library(coze)


@pytest.fixture
def desk(driver: Driver, emulator: Emulator, tmp_path: Path) -> Desk:
    return Desk(driver, emulator, tmp_path / "uploads.sqlite")
