"""The fixture `coze_emulator`; this file imports nothing until a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from coze_client.emulator import Emulator


@pytest.fixture
def coze_emulator() -> Iterator[Emulator]:
    """A fresh emulator of the cloud dialect on a port of its own."""
    from coze_client.emulator import Emulator

    with Emulator() as emulator:
        yield emulator
