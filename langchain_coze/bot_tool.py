"""A bot as a LangChain tool."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any, cast

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool

from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.api.workflows.stream import WorkflowResult
from coze_client.bridge.tools.outcome import Outcome, outcome_of
from coze_client.core.concurrency import maybe_await
from langchain_coze.chat_model import ChatCoze
from langchain_coze.tool import Ask, ContentAndArtifact, CozeTool, Once, ToolInvocation
from langchain_coze.tool_events import EventReporter

_QUESTION = {
    "type": "object",
    "properties": {"question": {"type": "string", "description": "What to ask, with all that is needed to answer it."}},
    "required": ["question"],
}


class CozeBotTool(CozeTool):
    """A bot as a tool: it is asked one question, in a conversation of its own, and its answer is the content.

    ```python
    from langchain_coze import CozeBotTool

    lawyer = CozeBotTool("7350000000000000001", name="lawyer", description="Knows the law.")
    ```

    Every field of ``ChatCoze`` can be given. The artifact is the answer as an ``AIMessage``.
    """

    signature: WorkflowSignature = WorkflowSignature(_QUESTION)
    model: ChatCoze

    def __init__(self, bot_id: str, name: str, description: str, **options: Any) -> None:
        own = {each: options.pop(each) for each in BaseTool.model_fields if each in options}
        model = ChatCoze(bot_id=bot_id, **options)
        own |= {"name": name, "description": description, "model": model, "client": model._coze}
        super().__init__(**own)

    async def _follow(self, call: ToolInvocation, teller: EventReporter, once: Once, ask: Ask) -> Outcome:
        return await once(partial(outcome_of, partial(self._execute, call)))

    async def _execute(self, call: ToolInvocation) -> WorkflowResult:
        question = str(self.signature.check(call.arguments)["question"])
        asking = self.model.invoke if call.blocking else self.model.ainvoke
        message = await maybe_await(cast("AIMessage | Awaitable[AIMessage]", asking(question, call.config)))
        return WorkflowResult(output=message.model_dump(mode="json"), text=str(message.text))

    def _tell(self, result: WorkflowResult) -> ContentAndArtifact:
        return result.text, AIMessage.model_validate(result.output)
