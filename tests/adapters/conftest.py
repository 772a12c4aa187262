"""Both frameworks, one after the other, for tests of what is true for both adapters."""

from __future__ import annotations

import pytest

from tests.support.frameworks import FRAMEWORKS, Framework


@pytest.fixture(params=FRAMEWORKS, ids=lambda framework: framework.name)
def framework(request: pytest.FixtureRequest, own_event_loop: None) -> Framework:
    """Each framework; the event loop is for LlamaIndex's blocking calls."""
    framework: Framework = request.param
    return framework
