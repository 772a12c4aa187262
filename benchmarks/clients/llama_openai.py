"""llama-index-llms-openai with the same deltas in a stream of the OpenAI format."""

from __future__ import annotations

from llama_index.core.base.llms.types import ChatMessage
from llama_index.llms.openai import OpenAI

from benchmarks.clients.works import OnDelta


class Model:
    def __init__(self, url: str) -> None:
        self.model = OpenAI(model="gpt-4o", api_key="token", api_base=f"{url}/v1")

    def stream(self, on_delta: OnDelta) -> None:
        for response in self.model.stream_chat([ChatMessage(content="hi")]):
            if response.delta:
                on_delta(response.delta)
