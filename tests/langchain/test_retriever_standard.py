"""LangChain's own suite for retrievers, over a socket, for both ways to recall."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests

from coze_client.emulator import Emulator
from langchain_coze import CozeRetriever
from tests.support.knowledge import AnimalKnowledge


class TestByWorkflow(RetrieversIntegrationTests):
    """Of a workflow with a knowledge node."""

    @pytest.fixture(autouse=True)
    def _serve(self, emulator: Emulator) -> None:
        self.knowledge = AnimalKnowledge(emulator, CozeRetriever)

    @property
    def recalled_by(self) -> dict[str, str]:
        return {"workflow_id": self.knowledge.workflow_id}

    @property
    def retriever_constructor(self) -> type[CozeRetriever]:
        return CozeRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        emulator = self.knowledge.emulator
        return {**self.recalled_by, "token": emulator.token, "base_url": emulator.url}

    @property
    def retriever_query_example(self) -> str:
        return "cat dog"


class TestByBot(TestByWorkflow):
    """Of a bot with datasets."""

    @property
    def recalled_by(self) -> dict[str, str]:
        return {"bot_id": self.knowledge.bot_id}
