"""This project's LLM for LlamaIndex."""

from __future__ import annotations

from llama_index.core.base.llms.types import ChatMessage

from benchmarks.clients.works import OnDelta
from llama_index_coze import CozeLLM


class Model:
    def __init__(self, url: str) -> None:
        self.model = CozeLLM(bot_id="1", user_id="u", token="token", base_url=url)

    def stream(self, on_delta: OnDelta) -> None:
        for response in self.model.stream_chat([ChatMessage(content="hi")]):
            if response.delta:
                on_delta(response.delta)
