"""LangChain's own cost: a chat model without a network that builds one chunk for each delta."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from benchmarks.clients.works import OnDelta
from benchmarks.wire import Shape


class Ready(BaseChatModel):
    url: str

    @property
    def _llm_type(self) -> str:
        return "ready"

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for text in Shape.parse(self.url).texts():
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content="hi"))])


class Model:
    def __init__(self, url: str) -> None:
        self.model = Ready(url=url)

    def stream(self, on_delta: OnDelta) -> None:
        for chunk in self.model.stream("hi"):
            if isinstance(chunk.content, str) and chunk.content:
                on_delta(chunk.content)
