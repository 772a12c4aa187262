"""langchain-openai's ChatOpenAI with the same deltas in a stream of the OpenAI format."""

from __future__ import annotations

from langchain_openai import ChatOpenAI

from benchmarks.clients.works import OnDelta


class Model:
    def __init__(self, url: str) -> None:
        self.model = ChatOpenAI(model="gpt-4o", api_key="token", base_url=f"{url}/v1")

    def stream(self, on_delta: OnDelta) -> None:
        for chunk in self.model.stream("hi"):
            if isinstance(chunk.content, str) and chunk.content:
                on_delta(chunk.content)

    def call(self) -> object:
        return self.model.invoke("hi")
