"""LlamaIndex's own cost: an LLM without a network that builds one response for each delta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.llms.custom import CustomLLM

from benchmarks.clients.works import OnDelta
from benchmarks.wire import Shape


class Ready(CustomLLM):
    url: str

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_chat_model=True)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        def responses() -> ChatResponseGen:
            whole = ""
            for text in Shape.parse(self.url).texts():
                whole += text
                yield ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=whole), delta=text)

        return responses()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text="hi")

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        yield CompletionResponse(text="hi", delta="hi")


class Model:
    def __init__(self, url: str) -> None:
        self.model = Ready(url=url)

    def stream(self, on_delta: OnDelta) -> None:
        for response in self.model.stream_chat([ChatMessage(content="hi")]):
            if response.delta:
                on_delta(response.delta)
