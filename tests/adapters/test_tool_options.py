"""Options about tools that a bot does not take: a warning, once a model, at the line of the caller."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.tools import FunctionTool

from coze_client.emulator import Emulator
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM


def lookup(city: str) -> str:
    """The weather in a city."""
    return f"sun in {city}"


TOOLS = [FunctionTool.from_defaults(lookup)]


def invoke(model: Any, **options: Any) -> Any:
    return model.invoke("Hi", **options)


def bound(model: Any, **options: Any) -> Any:
    return model.bind_tools([lookup], **options).invoke("Hi")


def stream(model: Any, **options: Any) -> Any:
    return list(model.stream("Hi", **options))


def ainvoke(model: Any, **options: Any) -> Any:
    return asyncio.run(model.ainvoke("Hi", **options))


def astream(model: Any, **options: Any) -> Any:
    async def read() -> list[Any]:
        return [chunk async for chunk in model.astream("Hi", **options)]

    return asyncio.run(read())


def chat(llm: Any, **options: Any) -> Any:
    return llm.chat_with_tools(TOOLS, "Hi", **options)


def achat(llm: Any, **options: Any) -> Any:
    return asyncio.run(llm.achat_with_tools(TOOLS, "Hi", **options))


def stream_chat(llm: Any, **options: Any) -> Any:
    return list(llm.stream_chat_with_tools(TOOLS, "Hi", **options))


def astream_chat(llm: Any, **options: Any) -> Any:
    async def read() -> list[Any]:
        return [response async for response in await llm.astream_chat_with_tools(TOOLS, "Hi", **options)]

    return asyncio.run(read())


def complete(llm: Any, **options: Any) -> Any:
    return llm.complete("Hi", **options)


LANGCHAIN = [invoke, bound, stream, ainvoke, astream]
LLAMA_INDEX = [chat, achat, stream_chat, astream_chat, complete]
WAYS = [(ChatCoze, way) for way in LANGCHAIN] + [(CozeLLM, way) for way in LLAMA_INDEX]
NO_EFFECT: list[dict[str, Any]] = [{"tool_choice": "none"}, {"strict": True}, {"parallel_tool_calls": False}]
USUAL: list[dict[str, Any]] = [
    {"tool_choice": "auto"},
    {"strict": False},
    {"parallel_tool_calls": True},
    {"strict": None},
]


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0].__name__}-{way[1].__name__}")
def ask(request: pytest.FixtureRequest, emulator: Emulator, own_event_loop: None) -> Callable[..., Any]:
    """Each way to ask with options, always the same model."""
    kind, way = request.param
    model = kind(bot_id=emulator.bots["echo"], token=emulator.token, base_url=emulator.url)
    return lambda **options: way(model, **options)


@pytest.mark.parametrize("option", NO_EFFECT, ids=str)
def test_an_option_without_effect_warns_once_at_the_line_of_the_caller(
    ask: Callable[..., Any], option: dict[str, Any]
) -> None:
    with pytest.warns(UserWarning, match=f"{next(iter(option))}: not sent") as caught:
        ask(**option)
    assert {warning.filename for warning in caught if "not sent" in str(warning.message)} == {__file__}
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*not sent")
        ask(**option)


def test_an_option_that_asks_for_the_usual_does_not_warn(ask: Callable[..., Any]) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*not sent")
        for option in USUAL:
            ask(**option)


@pytest.mark.parametrize("kind", [ChatCoze, CozeLLM])
def test_a_setting_without_effect_warns_at_the_line_of_the_caller(kind: Any) -> None:
    with pytest.warns(UserWarning, match="temperature: not sent") as caught:
        kind(bot_id="1", token="t", temperature=0)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("way", [chat, achat, stream_chat, astream_chat])
def test_a_forced_tool_fulfils_the_options(emulator: Emulator, own_event_loop: None, way: Callable[..., Any]) -> None:
    llm = CozeLLM(bot_id=emulator.bots["assistant"], token=emulator.token, base_url=emulator.url, client_plugins=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*not sent")
        way(llm, tool_choice="lookup", strict=True, parallel_tool_calls=False)
