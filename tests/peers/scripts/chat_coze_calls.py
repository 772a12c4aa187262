"""Makes the calls it is told with langchain-community's ChatCoze."""

from __future__ import annotations

from typing import Any

from langchain_community.chat_models import ChatCoze

from tests.peers.scripts.serve import serve


def answer(told: dict[str, Any]) -> object:
    """The contents of an answer's chunks, or the whole content."""
    given = told["given"]
    messages = [tuple(message) for message in given.pop("messages")]
    model = ChatCoze(coze_api_base=told["url"], coze_api_key=told["token"], **given)
    if told["call"] == "stream":
        return [chunk.content for chunk in model.stream(messages)]
    return getattr(model, told["call"])(messages).content


if __name__ == "__main__":
    serve(answer)
