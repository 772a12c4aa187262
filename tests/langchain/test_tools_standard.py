"""LangChain's own suites for tools."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from coze_client import CozeClient, WorkflowSignature
from coze_client.emulator import Emulator
from langchain_coze import CozeBotTool, CozePluginTool, CozeWorkflowTool

SIGNATURE = WorkflowSignature.of({"properties": {"first": {"type": "integer"}}, "required": ["first"]})


class OfWorkflow:
    """What both suites need to know about a workflow's tool."""

    @property
    def tool_constructor(self) -> type[BaseTool]:
        return CozeWorkflowTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        fields = {"name": "double", "description": "Doubles.", "workflow_id": "7420000000000000002"}
        return {**fields, "signature": SIGNATURE, "client": CozeClient("pat_test")}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"first": 2}


@pytest.mark.disable_socket
class TestWorkflowTool(OfWorkflow, ToolsUnitTests):
    """Without a network."""


@pytest.mark.disable_socket
class TestPluginTool(OfWorkflow, ToolsUnitTests):
    """Without a network."""

    @property
    def tool_constructor(self) -> type[BaseTool]:
        return CozePluginTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        fields = {"name": "double", "description": "Doubles.", "plugin_id": "7", "tool_name": "double"}
        return {**fields, "signature": SIGNATURE, "client": CozeClient("pat_test")}


@pytest.mark.disable_socket
class TestBotTool(ToolsUnitTests):
    """Without a network."""

    @property
    def tool_constructor(self) -> type[BaseTool]:
        return CozeBotTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"bot_id": "7350000000000000001", "name": "lawyer", "description": "Knows.", "token": "pat_test"}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"question": "May I?"}


class TestWorkflowToolOnTheEmulator(OfWorkflow, ToolsIntegrationTests):
    """Over a socket."""

    @pytest.fixture(autouse=True)
    def _serve(self, emulator: Emulator) -> None:
        self.emulator = emulator

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        @self.emulator.workflow(title="Double")
        def double(first: int) -> int:
            return 2 * first

        client = CozeClient(self.emulator.token, base_url=self.emulator.url)
        return {**super().tool_constructor_params, "workflow_id": double.id, "client": client}
