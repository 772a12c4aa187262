"""Makes the calls of its input with langchain-community's ChatCoze."""

from __future__ import annotations

from typing import Any

from langchain_community.chat_models import ChatCoze

from tests.peers.scripts.serve import serve


def answer(request: dict[str, Any]) -> object:
    """Return the contents of an answer's chunks, or its whole content."""
    given = request["given"]
    messages = [tuple(message) for message in given.pop("messages")]
    model = ChatCoze(coze_api_base=request["url"], coze_api_key=request["token"], **given)
    if request["call"] == "stream":
        return [chunk.content for chunk in model.stream(messages)]
    return getattr(model, request["call"])(messages).content


if __name__ == "__main__":
    serve(answer)
