"""An emulator whose clock stands still, and credentials of every kind for it."""

from __future__ import annotations

import pytest

from coze_client.emulator import Emulator
from tests.conftest import Driver
from tests.support.logins import SignIn


@pytest.fixture
def sign_in(driver: Driver, emulator: Emulator) -> SignIn:
    """Both clients with an emulator whose clock stands still."""
    return SignIn(emulator, driver)
