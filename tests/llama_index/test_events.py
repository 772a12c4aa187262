"""The events that LlamaIndex's instrumentation receives for a call: all of them, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.llms import ChatMessage
from llama_index_instrumentation import get_dispatcher
from pydantic import PrivateAttr

from coze_client import ChatFailed
from llama_index_coze import CozeLLM
from tests.support.llama_index_calls import Ask, Complete, Make, dialogue


class Listener(BaseEventHandler):
    """Collects the events of LLMs."""

    _events: list[BaseEvent] = PrivateAttr(default_factory=list)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if event.class_name().startswith(("LLM", "ExceptionEvent")):
            self._events.append(event)

    @property
    def names(self) -> list[str]:
        """The names of the events so far; equal names in a row appear once."""
        names = [event.class_name().removeprefix("LLM").removesuffix("Event") for event in self._events]
        return [name for n, name in enumerate(names) if names[n - 1 : n] != [name]]

    @property
    def last(self) -> Any:
        return self._events[-1]


class CountingLimiter:
    """Lets every call pass, and counts the calls."""

    asked = 0

    def acquire(self, num_tokens: int = 0) -> None:
        self.asked += 1

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.asked += 1


@pytest.fixture
def listener() -> Iterator[Listener]:
    dispatcher, listening = get_dispatcher(), Listener()
    dispatcher.add_event_handler(listening)
    yield listening
    dispatcher.event_handlers.remove(listening)


def test_a_chat_has_one_start_event_and_one_end_event(llm: Make, listener: Listener, ask: Ask) -> None:
    response = ask(llm(), "hello there")
    streamed = ["ChatInProgress"] if "stream" in ask.__name__ else []
    assert listener.names == ["ChatStart", *streamed, "ChatEnd"]
    assert listener.last.response == response


def test_a_completion_is_no_chat_besides(llm: Make, listener: Listener, finish: Complete) -> None:
    response = finish(llm(), "hello there")
    streamed = ["CompletionInProgress"] if "stream" in finish.__name__ else []
    assert listener.names == ["CompletionStart", *streamed, "CompletionEnd"]
    assert listener.last.response == response


def test_a_stream_that_fails_ends_in_an_exception(llm: Make, listener: Listener) -> None:
    with pytest.raises(ChatFailed):
        list(llm("failing").stream_chat(dialogue("Go on")))
    assert listener.names == ["ChatStart", "ChatInProgress", "Exception"]


def test_a_stream_that_is_left_early_ends_in_an_exception(llm: Make, listener: Listener) -> None:
    stream = llm("slow").stream_chat(dialogue("Count"))
    next(stream)
    stream.close()
    assert listener.names == ["ChatStart", "ChatInProgress", "Exception"]


def test_tokens_are_counted_as_coze_counts_them_and_once(llm: Make, ask: Ask, finish: Complete) -> None:
    counter = TokenCountingHandler(tokenizer=lambda text: ["never right"] * 999)
    model = llm(callback_manager=CallbackManager([counter]))
    raws = [ask(model, "hello there").raw, finish(model, "hello again").raw]
    counted = [(each.prompt_token_count, each.completion_token_count) for each in counter.llm_token_counts]
    assert counted == [(raw["usage"]["input_tokens"], raw["usage"]["output_tokens"]) for raw in raws if raw]


def test_a_rate_limiter_is_asked_once_a_call(llm: Make, finish: Complete) -> None:
    if "rate_limiter" not in CozeLLM.model_fields:
        pytest.skip("this version of LlamaIndex has no rate limiters")
    limiter = CountingLimiter()
    finish(llm(rate_limiter=limiter), "hello")
    assert limiter.asked == 1


def test_events_carry_no_token(llm: Make, emulator: Any, listener: Listener) -> None:
    asyncio.run(llm().achat([ChatMessage(content="hello")]))
    assert emulator.token not in repr([event.model_dump() for event in listener._events])
