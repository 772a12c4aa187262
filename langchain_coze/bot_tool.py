"""CozeBotTool: a bot as a LangChain tool."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any, cast

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool

from coze_client.api.workflows.result import WorkflowResult
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.bridge.tools.tool_outcome import ToolOutcome, capture_outcome
from coze_client.bridge.tools.workflow_call import AskHuman, RunStep
from coze_client.core.concurrency import maybe_await
from coze_client.errors import ConfigurationError
from langchain_coze.chat_model import ChatCoze
from langchain_coze.coze_tool import ContentAndArtifact, CozeTool, ToolInvocation
from langchain_coze.event_reporter import EventReporter
from langchain_coze.structured_output import check_answers

_QUESTION = {
    "type": "object",
    "properties": {"question": {"type": "string", "description": "What to ask, with all that is needed to answer it."}},
    "required": ["question"],
}
_NO_CLIENT_PLUGINS = "Ask the bot with ChatCoze.bind_tools, or in an agent of its own: a tool has no client plugins"


class CozeBotTool(CozeTool):
    """A bot as a tool: every call asks one question in a new conversation, and returns the answer.

    ```python
    from langchain_coze import CozeBotTool

    lawyer = CozeBotTool("7350000000000000001", name="lawyer", description="Knows the law.")
    ```

    With a ``bot_name=`` and its ``workspace_id=`` in place of the id, the first call looks the id up.
    `options` are the fields of ``ChatCoze`` and of LangChain's ``BaseTool``. The content is the text of the answer, the
    artifact is the answer as an ``AIMessage``. A bot that calls a client plugin has failed: nobody gives it the output.
    """

    signature: WorkflowSignature = WorkflowSignature(_QUESTION)
    model: ChatCoze

    def __init__(self, bot_id: str = "", name: str = "", description: str = "", **options: Any) -> None:
        if not name or not description:
            raise ConfigurationError("A tool needs a name and a description: they tell the model when to call it")
        own = {each: options.pop(each) for each in BaseTool.model_fields if each in options}
        model = ChatCoze(bot_id=bot_id, **options)
        own |= {"name": name, "description": description, "model": model, "client": model._coze}
        super().__init__(**own)

    async def _call(
        self, call: ToolInvocation, reporter: EventReporter, run_step: RunStep, ask_human: AskHuman
    ) -> ToolOutcome:
        return await run_step(partial(capture_outcome, partial(self._execute, call)))

    async def _execute(self, call: ToolInvocation) -> WorkflowResult:
        question = str(self.signature.check(call.arguments)["question"])
        invoke = self.model.invoke if call.blocking else self.model.ainvoke
        message = await maybe_await(cast("AIMessage | Awaitable[AIMessage]", invoke(question, call.config)))
        check_answers(message, taken="an answer", cure=_NO_CLIENT_PLUGINS)
        return WorkflowResult(output=message.model_dump(mode="json"), text=str(message.text))

    def _convert_result(self, result: WorkflowResult) -> ContentAndArtifact:
        return result.text, AIMessage.model_validate(result.output)
