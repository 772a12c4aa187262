"""Logins for both clients."""

from __future__ import annotations

import pytest

from coze_client.emulator import Emulator
from tests.support.clients import Driver
from tests.support.logins import Logins


@pytest.fixture
def logins(driver: Driver, emulator: Emulator) -> Logins:
    """Credentials for an emulator whose clock stands still, for both clients."""
    return Logins(emulator, driver)
