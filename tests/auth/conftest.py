"""An emulator whose clock stands still, and credentials of every kind for it."""

from __future__ import annotations

import pytest

from coze_client.emulator import Emulator
from tests.support.clients import Driver
from tests.support.logins import Logins


@pytest.fixture
def logins(driver: Driver, emulator: Emulator) -> Logins:
    """Both clients with an emulator whose clock stands still."""
    return Logins(emulator, driver)
