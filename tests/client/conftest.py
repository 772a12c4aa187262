"""What the tests of signing in share."""

from __future__ import annotations

import pytest

from coze_client.emulator import Emulator
from tests.client.sign_in import SignIn
from tests.conftest import Face


@pytest.fixture
def sign_in(face: Face, emulator: Emulator) -> SignIn:
    """Both faces before an emulator whose clock stands still."""
    return SignIn(emulator, face)
