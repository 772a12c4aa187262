"""Both frameworks, one after the other, for tests of what is true for both adapters."""

from __future__ import annotations

import pytest

from tests.support.chat_models import CHAT_MODELS, ChatModel
from tests.support.frameworks import FRAMEWORKS, Framework


@pytest.fixture(params=FRAMEWORKS, ids=lambda framework: framework.name)
def framework(request: pytest.FixtureRequest, own_event_loop: None) -> Framework:
    """Each framework; the event loop is for LlamaIndex's blocking calls."""
    framework: Framework = request.param
    return framework


@pytest.fixture(params=CHAT_MODELS, ids=lambda each: each.way.__name__)
def chat_model(request: pytest.FixtureRequest, own_event_loop: None) -> ChatModel:
    """The chat model of each framework, asked in each of its ways: all must return the same answer."""
    chat_model: ChatModel = request.param
    return chat_model
