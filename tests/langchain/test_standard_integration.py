"""LangChain's own integration suite, over the emulator's port.

It tests the protocol against a bot of rules, not the abilities of a model. Client plugins must be declared on the bot,
as in Coze: here, each test declares the ones that it binds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_tests.integration_tests import ChatModelIntegrationTests

from coze_client.emulator import Emulator
from langchain_coze import ChatCoze

pytestmark = pytest.mark.filterwarnings("ignore:.*the bot's settings decide:UserWarning")


class DeclaringCoze(ChatCoze):
    """Declares the bound tools on the emulated bot, as a user does in Coze."""

    emulator: Any

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        self.emulator.declare_plugins(self.bot_id, [convert_to_openai_tool(tool) for tool in tools])
        return super().bind_tools(tools, tool_choice=tool_choice, **kwargs)


class TestChatCoze(ChatModelIntegrationTests):
    """Skipped tests, and why.

    - tool choice: Coze has no parameter to force a tool call
    - images, PDF and audio: the suite downloads its files from the internet; ``test_questions.py`` has our own
    - media in tool messages: Coze takes text as a tool's output
    - details of usage: Coze sends none
    - stream time: it records HTTP, of which there is none to record over a port that changes
    """

    @pytest.fixture(autouse=True)
    def _coze(self, emulator: Emulator) -> None:
        self.emulator = emulator
        return

    @pytest.fixture
    def vcr(self) -> None:
        """Stands for the recorder, which only the skipped test asks for."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return DeclaringCoze

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "bot_id": self.emulator.bots["assistant"],
            "token": self.emulator.token,
            "base_url": self.emulator.url,
            "emulator": self.emulator,
        }

    @property
    def has_tool_choice(self) -> bool:
        return False

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return self.emulator.bots["echo"]
