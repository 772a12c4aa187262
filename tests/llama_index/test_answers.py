"""The responses of CozeLLM, the same by every method."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import AsyncGenerator, Iterator
from io import BytesIO

import pytest
from llama_index.core.base.llms.types import AudioBlock, CitationBlock, TextBlock, ThinkingBlock
from llama_index.core.llms import MessageRole

from coze_client import ChatFailed, ConversationBusy
from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import Answer, Audio, Extra, Item, Turn, Verbose
from llama_index_coze import CozeLLM
from tests.support.llama_index_calls import Ask, Complete, Make, dialogue

RECALL = {
    "chunks": [
        {
            "slice": "Chur is old.",
            "meta": {"document": {"id": "7", "name": "Towns"}, "link": {"url": "https://chur.ch"}},
        },
        {"slice": "Bern has bears.", "meta": {"document": {"id": "8", "name": "Animals"}}},
    ]
}


def test_an_answer_is_one_text_block_with_ids_and_follow_ups(llm: Make, emulator: Emulator, ask: Ask) -> None:
    response = ask(llm("follow_ups"), "Why, grüezi?")
    kept = response.message.additional_kwargs
    assert response.message.role == MessageRole.ASSISTANT
    assert response.message.blocks == [TextBlock(text="You asked: Why, grüezi?")]
    assert kept["follow_ups"] == ["Why?", "How much?", "What comes next?"]
    assert emulator.chat_status(kept["chat_id"]) == kept["status"] == "completed"
    assert kept["conversation_id"].isdecimal()
    assert kept["logid"]
    assert len(kept["message_ids"]) >= 4
    assert {**response.additional_kwargs, **kept} == response.additional_kwargs


def test_usage_is_in_raw_as_coze_sent_it_and_in_additional_kwargs(llm: Make, ask: Ask) -> None:
    response = ask(llm(), "hello there")
    assert response.raw is not None
    usage = response.raw["usage"]
    assert usage["total_tokens"] == usage["token_count"] == usage["input_tokens"] + usage["output_tokens"] > 0
    assert response.additional_kwargs["prompt_tokens"] == usage["input_tokens"]
    assert response.additional_kwargs["completion_tokens"] == usage["output_tokens"]


def test_usage_of_a_self_hosted_coze_studio_is_there_too(ask: Ask) -> None:
    with Emulator(dialect="studio") as studio:
        response = ask(CozeLLM(bot_id=studio.bots["echo"], token=studio.token, base_url=studio.url), "hello there")
    assert response.raw is not None
    usage = response.raw["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
    assert response.additional_kwargs["total_tokens"] == usage["total_tokens"]


def test_no_usage_is_invented_for_a_chat_that_waits(llm: Make, ask: Ask) -> None:
    response = ask(llm("plugins"), "The weather in Chur?")
    assert response.raw is not None
    assert "usage" not in response.raw
    assert "total_tokens" not in response.additional_kwargs


def test_a_completion_has_the_text_ids_and_usage_of_a_chat(llm: Make, finish: Complete) -> None:
    response = finish(llm(), "hello there")
    assert response.text == "hello there"
    assert response.raw is not None
    assert response.raw["usage"]["total_tokens"] > 0
    assert response.additional_kwargs["chat_id"]


def test_a_prompt_is_wrapped_unless_it_is_formatted_already(llm: Make, finish: Complete) -> None:
    wrapping = llm(completion_to_prompt=lambda prompt: f"<{prompt}>")
    assert finish(wrapping, "hello").text == "<hello>"
    assert finish(wrapping, "hello", formatted=True).text == "hello"


def test_each_response_of_a_stream_has_all_the_text_so_far_and_the_new_as_delta(llm: Make) -> None:
    responses = list(llm().stream_chat(dialogue("one two three")))
    assert [response.delta for response in responses] == ["one ", "two ", "three", ""]
    assert [response.message.content for response in responses] == ["one ", "one two ", *["one two three"] * 2]
    assert [bool(response.raw) for response in responses] == [False, False, False, True]
    assert len({id(response.message.blocks) for response in responses}) == 4


def test_each_completion_of_a_stream_has_all_the_text_so_far_and_the_new_as_delta(llm: Make) -> None:
    responses = list(llm().stream_complete("one two"))
    assert [(response.text, response.delta) for response in responses] == [
        ("one ", "one "),
        ("one two", "two"),
        ("one two", ""),
    ]


def test_async_streams_are_async_generators_that_are_awaited_first(llm: Make) -> None:
    async def kinds() -> list[object]:
        model = llm()
        streams = [await model.astream_chat(dialogue("hi")), await model.astream_complete("hi")]
        for stream in streams:
            await stream.aclose()
        return streams

    assert [isinstance(stream, AsyncGenerator) for stream in asyncio.run(kinds())] == [True, True]


def test_thoughts_are_in_a_block_of_their_own(llm: Make, ask: Ask) -> None:
    thinking, text = ask(llm("reasoner"), "Is 7 prime?").message.blocks
    assert isinstance(thinking, ThinkingBlock)
    assert str(thinking.content).endswith("Done thinking.")
    assert text == TextBlock(text="After some thought: Is 7 prime?")


def test_thoughts_stream_where_agents_look_for_them(llm: Make) -> None:
    responses = list(llm("reasoner").stream_chat(dialogue("Is 7 prime?")))
    thoughts = "".join(response.additional_kwargs.get("thinking_delta", "") for response in responses)
    assert responses[-1].message.blocks[0] == ThinkingBlock(content=thoughts)
    assert "".join(response.delta or "" for response in responses) == "After some thought: Is 7 prime?"


def test_the_bots_own_plugin_calls_are_in_additional_kwargs_and_are_no_tool_calls(llm: Make, ask: Ask) -> None:
    model = llm("several_answers", client_plugins=True)
    response = ask(model, "Meaning?")
    (call,), (output,) = response.additional_kwargs["plugin_calls"], response.additional_kwargs["plugin_outputs"]
    assert response.message.content == "Let me look that up. I found it: 42."
    assert (call["name"], call["arguments"]) == ("search-web", {"query": "Meaning?"})
    assert output["call_id"] == call["id"]
    assert '"42"' in output["output"]
    assert model.get_tool_calls_from_response(response, error_on_no_tool_call=False) == []


def test_recalled_knowledge_becomes_citations(llm: Make, emulator: Emulator, ask: Ask) -> None:
    def recalling(_: Turn) -> Iterator[Item]:
        yield Verbose("knowledge_recall", json.dumps(RECALL))
        yield Answer("Chur, they say.")

    emulator.add_bot("recalling", recalling)
    message = ask(llm("recalling"), "Which town?").message
    cited = [block for block in message.blocks if isinstance(block, CitationBlock)]
    assert message.content == "Chur, they say."
    assert [(each.source, each.title) for each in cited] == [("https://chur.ch", "Towns"), ("8", "Animals")]
    assert cited[0].cited_content == TextBlock(text="Chur is old.")


def test_a_spoken_answer_is_a_wav_file(llm: Make, emulator: Emulator, ask: Ask) -> None:
    def speaking(_: Turn) -> Iterator[Item]:
        yield Answer("Listen.")
        yield Audio(bytes(range(100)))
        yield Audio(bytes(range(100, 200)))

    emulator.add_bot("speaking", speaking)
    audio = ask(llm("speaking"), "Say something").message.blocks[-1]
    assert isinstance(audio, AudioBlock)
    with wave.open(BytesIO(audio.resolve_audio().read())) as played:
        assert (played.getframerate(), played.getnchannels(), played.getsampwidth()) == (24_000, 1, 2)
        assert played.readframes(1000) == bytes(range(200))


def test_cards_and_unknown_messages_are_in_additional_kwargs(llm: Make, emulator: Emulator, ask: Ask) -> None:
    def showing(_: Turn) -> Iterator[Item]:
        yield Answer("See:")
        yield Extra("answer", '{"title": "Chur"}', "card")
        yield Extra("weather_report", "sun")

    emulator.add_bot("showing", showing)
    response = ask(llm("showing"), "Show me")
    assert response.message.content == "See:"
    assert response.additional_kwargs["cards"] == [{"title": "Chur"}]
    assert response.additional_kwargs["other_messages"][0]["content"] == "sun"


def test_the_error_of_a_bot_that_fails_has_the_text_before_it(llm: Make, ask: Ask) -> None:
    with pytest.raises(ChatFailed, match="model unavailable") as failed:
        ask(llm("failing"), "Go on")
    assert failed.value.text == "This goes well until "


def test_text_that_might_have_begun_a_stop_sequence_comes_with_the_last_delta(llm: Make) -> None:
    responses = list(llm(stop="word!").stream_chat(dialogue("my word")))
    assert "".join(response.delta or "" for response in responses) == responses[-1].message.content == "my word"


def test_a_stream_that_is_left_early_closes_its_line_and_cancels_the_chat(llm: Make, emulator: Emulator) -> None:
    stream = llm("slow").stream_chat(dialogue("Count"))
    assert next(stream).delta == "word1 "
    stream.close()
    assert emulator.calls[-1].path == "/v3/chat/cancel"
    emulator.wait_until(lambda: emulator.open_streams == 0)


def test_an_async_stream_that_is_left_early_closes_its_line_and_cancels_the_chat(llm: Make, emulator: Emulator) -> None:
    async def leave() -> None:
        async for _ in await llm("slow").astream_chat(dialogue("Count")):
            break
        await asyncio.to_thread(emulator.wait_until, gone)

    def gone() -> bool:
        return emulator.calls[-1].path == "/v3/chat/cancel" and emulator.open_streams == 0

    asyncio.run(leave())


def test_a_busy_conversation_raises_its_own_error(llm: Make, emulator: Emulator, ask: Ask) -> None:
    emulator.inject(faults.Coded(4016, "busy"))
    with pytest.raises(ConversationBusy):
        ask(llm(max_retries=0), "hello")


def test_many_calls_at_once_keep_their_answers_apart(llm: Make) -> None:
    async def together() -> list[str]:
        model = llm()
        answers = await asyncio.gather(*(model.acomplete(f"question {n}") for n in range(20)))
        return [answer.text for answer in answers]

    assert asyncio.run(together()) == [f"question {n}" for n in range(20)]


def test_one_llm_works_in_one_event_loop_after_the_other(llm: Make) -> None:
    model = llm()
    assert [asyncio.run(model.acomplete(text)).text for text in ("a", "b", "c")] == ["a", "b", "c"]
