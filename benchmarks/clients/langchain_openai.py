"""langchain-openai's ChatOpenAI on an OpenAI-shaped stream of the same deltas."""

from __future__ import annotations

from langchain_openai import ChatOpenAI

from benchmarks.clients.works import Take


class Model:
    def __init__(self, url: str) -> None:
        self.model = ChatOpenAI(model="gpt-4o", api_key="token", base_url=f"{url}/v1")

    def stream(self, take: Take) -> None:
        for chunk in self.model.stream("hi"):
            if isinstance(chunk.content, str) and chunk.content:
                take(chunk.content)

    def call(self) -> object:
        return self.model.invoke("hi")
