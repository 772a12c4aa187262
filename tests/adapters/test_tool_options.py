"""Options about tools that a bot does not take: a warning, once a model, at the line of the caller."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

from coze_client.emulator import Emulator
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM
from tests.support import tool_questions
from tests.support.tool_questions import LLAMA_INDEX, WAYS, AskWithTools


def invoke_plainly(model: Any, **options: Any) -> Any:
    return model.invoke("Hi", **options)


def complete(llm: Any, **options: Any) -> Any:
    return llm.complete("Hi", **options)


ALL_WAYS: list[tuple[type[ChatCoze | CozeLLM], AskWithTools]] = [*WAYS, (ChatCoze, invoke_plainly), (CozeLLM, complete)]
NO_EFFECT: list[dict[str, Any]] = [{"tool_choice": "none"}, {"strict": True}, {"parallel_tool_calls": False}]
USUAL: list[dict[str, Any]] = [
    {"tool_choice": "auto"},
    {"strict": False},
    {"parallel_tool_calls": True},
    {"strict": None},
]


@pytest.fixture(params=ALL_WAYS, ids=lambda way: f"{way[0].__name__}-{way[1].__name__}")
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
    files = {warning.filename for warning in caught if "not sent" in str(warning.message)}
    assert files < {__file__, tool_questions.__file__}
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


@pytest.mark.parametrize("way", LLAMA_INDEX)
def test_a_forced_tool_fulfils_the_options(emulator: Emulator, own_event_loop: None, way: Callable[..., Any]) -> None:
    llm = CozeLLM(bot_id=emulator.bots["assistant"], token=emulator.token, base_url=emulator.url, client_plugins=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*not sent")
        way(llm, tool_choice="lookup", strict=True, parallel_tool_calls=False)
