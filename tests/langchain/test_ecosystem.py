"""ChatCoze with callbacks, events, retries and batches of LangChain, and with streams that are closed early."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, messages_from_dict, messages_to_dict
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.rate_limiters import BaseRateLimiter

from coze_client.emulator import Emulator, faults
from langchain_coze import ChatCoze, CozeModelError, CozeServerError
from tests.support.langchain_calls import Ask, chat_body

Make = Callable[..., ChatCoze]
FOUR_WORDS = "one two three four"


class CallbackRecorder(BaseCallbackHandler):
    """Records the calls of the callbacks."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.errors: list[BaseException] = []
        self.ends: list[Any] = []

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.tokens.append(token)

    def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        self.errors.append(error)

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ends.append(response.generations[0][0].message)


def test_callbacks_get_every_word_once(model: Make, ask: Ask) -> None:
    recorder = CallbackRecorder()
    ask(model(streaming=True), FOUR_WORDS, config={"callbacks": [recorder]})
    assert [token for token in recorder.tokens if token] == ["one ", "two ", "three ", "four"]
    assert len(recorder.ends) == 1
    assert recorder.ends[0].usage_metadata["total_tokens"] > 0


def test_without_streaming_callbacks_get_the_end_and_no_words(model: Make) -> None:
    recorder = CallbackRecorder()
    model().invoke(FOUR_WORDS, config={"callbacks": [recorder]})
    assert not recorder.tokens
    assert recorder.ends[0].content == FOUR_WORDS


def test_callbacks_get_a_failure_in_the_middle_with_its_class(model: Make, ask: Ask) -> None:
    recorder = CallbackRecorder()
    with pytest.raises(CozeModelError):
        ask(model("failing"), "Hi", config={"callbacks": [recorder]})
    assert [type(error).__name__ for error in recorder.errors] == ["CozeChatFailed"]


def test_events_of_a_stream(model: Make) -> None:
    async def collect(version: Any) -> list[Any]:
        return [event async for event in model().astream_events(FOUR_WORDS, version=version)]

    events = asyncio.run(collect("v2"))
    chunks = [event["data"]["chunk"].content for event in events if event["event"] == "on_chat_model_stream"]
    assert events[0]["event"] == "on_chat_model_start"
    assert "".join(chunks) == FOUR_WORDS
    assert events[-1]["data"]["output"].response_metadata["status"] == "completed"


@pytest.mark.parametrize("bot", ["reasoner", "several_answers", "plugins"])
def test_protocol_events_contain_words_thoughts_and_calls_once(model: Make, bot: str) -> None:
    recorder = CallbackRecorder()
    question = "The weather and time in Chur and Bern?"
    stream = model(bot).stream_events(question, version="v3", config={"callbacks": [recorder]})
    output = stream.output
    whole = model(bot).invoke(question)
    assert output.text == whole.text
    assert [call["args"] for call in output.tool_calls] == [call["args"] for call in whole.tool_calls]
    assert {block["type"] for block in output.content_blocks} == {block["type"] for block in whole.content_blocks}
    assert output.response_metadata["status"] == whole.response_metadata["status"]


def test_another_try_is_the_callers_decision(model: Make, emulator: Emulator, ask: Ask) -> None:
    emulator.inject(faults.Coded(5000, "down"), times=2)
    with pytest.raises(CozeServerError):
        ask(model(), "Hi")
    stubborn = model().with_retry(retry_if_exception_type=(CozeServerError,), wait_exponential_jitter=False)
    assert stubborn.invoke("Hi").content == "Hi"
    assert emulator.chats_started == 1


def test_a_fallback_steps_in(model: Make, emulator: Emulator, ask: Ask) -> None:
    emulator.inject(faults.Coded(4008, "quota"))
    assert ask(model().with_fallbacks([model("reasoner")]), "Hi").content == "After some thought: Hi"


class Counting(BaseRateLimiter):
    asked = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        self.asked += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire(blocking=blocking)


def test_the_rate_limiter_is_asked_once_a_call(model: Make, ask: Ask) -> None:
    limiter = Counting()
    ask(model(rate_limiter=limiter), "Hi")
    assert limiter.asked == 1


def test_batches_keep_their_order(model: Make) -> None:
    questions = [f"question {number}" for number in range(8)]
    asked = model()
    assert [answer.content for answer in asked.batch(list(questions))] == questions
    assert [answer.content for answer in asyncio.run(asked.abatch(list(questions)))] == questions


def test_a_batch_can_return_what_failed(model: Make, emulator: Emulator) -> None:
    emulator.inject(faults.Coded(4000, "no"))
    found = model().batch(["a", "b"], return_exceptions=True)
    assert sorted(isinstance(each, CozeModelError) for each in found) == [False, True]


def settled(emulator: Emulator) -> None:
    """The connection is closed, and the chat was cancelled on the server."""
    emulator.wait_until(lambda: emulator.open_streams == 0)
    emulator.wait_until(lambda: len(emulator.calls_to("/v3/chat/cancel")) == 1)


def test_a_stream_that_is_left_cancels_its_chat(model: Make, emulator: Emulator) -> None:
    for _ in model("slow").stream("Count"):
        break
    settled(emulator)


def test_an_asyncio_stream_that_is_left_cancels_its_chat(model: Make, emulator: Emulator) -> None:
    async def leave() -> None:
        stream = model("slow").astream("Count")
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]  # LangChain says iterator, and gives a generator
        await asyncio.to_thread(settled, emulator)

    asyncio.run(leave())


@pytest.mark.parametrize("streaming", [True, False])
def test_a_cancelled_task_cancels_its_chat(model: Make, emulator: Emulator, streaming: bool) -> None:
    class Waiting(ChatCoze):
        """Sets an event when the first text of the answer is read."""

        def _chunk_builder(self, *args: Any) -> Any:
            builder = super()._chunk_builder(*args)
            feed = builder.answer.feed

            def observed_feed(event: Any) -> Any:
                if event.delta:
                    started.set()
                return feed(event)

            builder.answer.feed = observed_feed  # type: ignore[method-assign]  # a spy
            return builder

    async def cancel() -> None:
        options: Any = {"token": emulator.token, "base_url": emulator.url, "streaming": streaming}
        task = asyncio.create_task(Waiting(bot_id=emulator.bots["slow"], **options).ainvoke("Count"))
        await asyncio.wait_for(started.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    started = asyncio.Event()
    asyncio.run(cancel())
    settled(emulator)


def test_leaving_a_stream_need_not_cancel_the_chat(model: Make, emulator: Emulator) -> None:
    for _ in model("slow", cancel_on_close=False).stream("Count"):
        break
    emulator.wait_until(lambda: emulator.open_streams == 0)
    assert not emulator.calls_to("/v3/chat/cancel")


def test_history_of_a_stored_message_survives_its_storage(model: Make) -> None:
    asked = model("plugins").invoke("The weather in Chur?")
    (stored,) = messages_from_dict(json.loads(json.dumps(messages_to_dict([asked]))))
    assert isinstance(stored, AIMessage)
    assert stored.response_metadata == asked.response_metadata
    outputs = [{"role": "tool", "content": "sunny", "tool_call_id": call["id"]} for call in stored.tool_calls]
    answer = model("plugins").invoke([HumanMessage("The weather in Chur?"), stored, *outputs])
    assert answer.content == "get_weather says: sunny."


@pytest.mark.parametrize("spare", [0, 2], ids=["full", "not full"])
def test_a_history_is_summarised_at_the_share_of_the_window_that_the_profile_tells(
    model: Make, emulator: Emulator, spare: int
) -> None:
    history: list[Any] = [HumanMessage(f"Question {number}") for number in range(10)]
    window = 2 * count_tokens_approximately(history) + spare
    asked = model(profile={"max_input_tokens": window})
    middleware = SummarizationMiddleware(asked, trigger=("fraction", 0.5), keep=("messages", 2))
    create_agent(asked, middleware=[middleware]).invoke({"messages": history})
    bodies = [chat_body(emulator, number) for number in range(emulator.chats_started)]
    assert len(bodies) == (1 if spare else 2)
    assert len(bodies[-1]["additional_messages"]) == (10 if spare else 3)


def test_a_share_of_a_window_that_nobody_told_is_refused_before_anything_is_sent(
    model: Make, emulator: Emulator
) -> None:
    with pytest.raises(ValueError, match="max_input_tokens"):
        SummarizationMiddleware(model(), trigger=("fraction", 0.5))
    assert emulator.chats_started == 0
