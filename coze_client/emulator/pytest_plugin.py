"""The pytest fixture `coze_emulator`; the emulator is imported only when a test uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from coze_client.emulator import Emulator


@pytest.fixture
def coze_emulator() -> Iterator[Emulator]:
    """A new emulator of the cloud dialect on a free port."""
    from coze_client.emulator import Emulator

    with Emulator() as emulator:
        yield emulator
