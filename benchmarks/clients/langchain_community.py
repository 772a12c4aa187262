"""langchain-community's ChatCoze, which uses the earlier v2 API and streams only with ``streaming=True``."""

from __future__ import annotations

from langchain_community.chat_models import ChatCoze

from benchmarks.clients.works import OnDelta


class Model:
    def __init__(self, url: str) -> None:
        self.streaming = ChatCoze(coze_api_key="token", coze_api_base=url, bot_id="1", user="u", streaming=True)
        self.model = ChatCoze(coze_api_key="token", coze_api_base=url, bot_id="1", user="u")

    def stream(self, on_delta: OnDelta) -> None:
        for chunk in self.streaming.stream("hi"):
            if isinstance(chunk.content, str) and chunk.content:
                on_delta(chunk.content)

    def call(self) -> object:
        return self.model.invoke("hi")
