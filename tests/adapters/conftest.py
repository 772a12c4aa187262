"""Both frameworks, one after the other, for tests of what is true for both adapters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from coze_client.emulator import Emulator
from tests.support.framework import Framework
from tests.support.knowledge import AnimalKnowledge
from tests.support.langchain_framework import LangChain
from tests.support.llama_index_framework import LlamaIndex


@pytest.fixture(params=[LangChain, LlamaIndex], ids=lambda kind: kind.__name__)
def framework(request: pytest.FixtureRequest, own_event_loop: None) -> Framework:
    """Each framework; the event loop is for LlamaIndex's blocking calls."""
    framework: Framework = request.param()
    return framework


@pytest.fixture
def knowledge(emulator: Emulator, framework: Framework) -> AnimalKnowledge[Any]:
    """Datasets about animals, and the framework's retrievers over them."""
    return AnimalKnowledge(emulator, framework.retriever)


@pytest.fixture(params=["search", "asearch"])
def search(request: pytest.FixtureRequest, framework: Framework) -> Callable[[Any, str], list[Any]]:
    """Each way to retrieve, one after the other: both must return the same documents."""
    if request.param == "search":
        return framework.search
    return lambda retriever, query: asyncio.run(framework.asearch(retriever, query))
