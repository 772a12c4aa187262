"""The chat models of both frameworks and every way to ask them, described alike, so that one test can serve both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from llama_index.core.llms import ChatMessage, ChatResponse, ImageBlock, TextBlock

from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM
from tests.support import langchain_calls, llama_index_calls

_MESSAGES: Mapping[str, Callable[[str], Any]] = {"user": HumanMessage, "assistant": AIMessage, "system": SystemMessage}


@dataclass(frozen=True)
class ChatModel:
    """A framework's chat model, asked in one way; a message is the framework's."""

    model: Any
    way: Callable[..., Any]
    say: Callable[[str, str], Any]
    """Makes a message of a role and a text."""
    picture: Callable[[str, str], Any]
    """Makes a message of the user, of a text and the address of a picture."""
    kept: Callable[[Any], Mapping[str, Any]]
    """What a message of the model tells of its chat."""
    takes_calls: Mapping[str, Any]
    """Settings of a model whose messages may ask the program to make calls."""
    tool_calls: Callable[[Any], list[Any]]
    """The calls that a message of the model asks the program to make."""
    name: Callable[[Any], str | None]
    """The name of the model as the framework has it."""

    def ask(self, model: Any, *messages: Any, **options: Any) -> Any:
        """Ask with the user's words or with messages, and return the model's message."""
        asked = [self.say("user", each) if isinstance(each, str) else each for each in messages]
        answer = self.way(model, asked, **options)
        return getattr(answer, "message", answer)


def _langchain_picture(text: str, url: str) -> HumanMessage:
    return HumanMessage([{"type": "text", "text": text}, {"type": "image", "url": url}])


CHAT_MODELS = [
    ChatModel(
        model=ChatCoze,
        way=way,
        say=lambda role, text: _MESSAGES[role](text),
        picture=_langchain_picture,
        kept=lambda message: message.response_metadata,
        takes_calls={},
        tool_calls=lambda message: message.tool_calls,
        name=lambda model: model._get_ls_params()["ls_model_name"],
    )
    for way in langchain_calls.WAYS
] + [
    ChatModel(
        model=CozeLLM,
        way=way,
        say=lambda role, text: ChatMessage(text, role=role),
        picture=lambda text, url: ChatMessage(blocks=[TextBlock(text=text), ImageBlock(url=url)]),
        kept=lambda message: message.additional_kwargs,
        takes_calls={"client_plugins": True},
        tool_calls=lambda message: CozeLLM(bot_id="1", token="t", client_plugins=True).get_tool_calls_from_response(
            ChatResponse(message=message), error_on_no_tool_call=False
        ),
        name=lambda model: model.metadata.model_name,
    )
    for way in llama_index_calls.CHATS
]
