"""The answers of ChatCoze, the same by invoke, ainvoke, stream and astream."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser

from coze_client import Usage
from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import (
    Answer,
    AskUser,
    Extra,
    FunctionCall,
    Item,
    ToolResponse,
    Turn,
    Verbose,
)
from langchain_coze import ChatCoze
from langchain_coze.chunk_builder import convert_usage
from tests.support.langchain_calls import Ask, join_chunks

Make = Callable[..., ChatCoze]
RECALL = (
    '{"chunks": [{"slice": "Chur is old.", "score": 0.8, "meta": {"document": {"id": "7", "name": "Towns"}, '
    '"dataset": {"id": 5, "name": "Atlas"}, "link": {"title": "Chur", "url": "https://chur.ch"}}}]}'
)


def test_an_answer_is_text_with_all_its_metadata(model: Make, emulator: Emulator, ask: Ask) -> None:
    answer = ask(model("follow_ups"), "Why, grüezi?")
    metadata = answer.response_metadata
    assert answer.content == "You asked: Why, grüezi?"
    assert metadata["follow_ups"] == ["Why?", "How much?", "What comes next?"]
    assert metadata["model_name"] == metadata["bot_id"] == emulator.bots["follow_ups"]
    assert (metadata["status"], metadata["finish_reason"]) == ("completed", "stop")
    assert metadata["model_provider"] == "coze"
    assert emulator.chat_status(metadata["chat_id"]) == "completed"
    assert metadata["conversation_id"].isdecimal()
    assert metadata["logid"]


def test_usage_is_what_coze_sent_and_comes_once(model: Make, ask: Ask) -> None:
    usage = ask(model(), "hello there").usage_metadata
    assert usage is not None
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0


def test_no_usage_is_invented_for_a_chat_that_waits(model: Make, ask: Ask) -> None:
    assert ask(model("plugins"), "The weather in Chur?").usage_metadata is None


COUNTS: list[tuple[dict[str, Any], tuple[int, int, int]]] = [
    ({"token_count": 5, "input_count": 2, "output_count": 3}, (2, 3, 5)),
    ({"token_count": 5, "input_tokens": 2, "output_tokens": 3}, (2, 3, 5)),
    ({"input_count": 2, "output_count": 3}, (2, 3, 5)),
    ({"token_count": 5, "output_count": 3}, (2, 3, 5)),
    ({"token_count": 5, "input_count": 5, "output_count": 0}, (5, 0, 5)),
]


@pytest.mark.parametrize(("sent_usage", "counts"), COUNTS)
def test_usage_is_read_in_either_spelling(sent_usage: dict[str, Any], counts: tuple[int, int, int]) -> None:
    usage = convert_usage(Usage.model_validate(sent_usage))
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == counts


def test_details_of_usage_are_there_if_coze_sends_them() -> None:
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 4}}
    usage = convert_usage(Usage.model_validate({"token_count": 5, **details}))
    assert usage.get("input_token_details") == {"cache_read": 0}
    assert usage.get("output_token_details") == {"reasoning": 4}


def test_a_self_hosted_coze_studio_answers_too(ask: Ask) -> None:
    with Emulator(dialect="studio") as studio:
        server: dict[str, Any] = {"token": studio.token, "base_url": studio.url + "/"}
        answer = ask(ChatCoze(bot_id=studio.bots["reasoner"], **server), "Hm?")
    assert answer.content == "After some thought: Hm?"
    assert answer.response_metadata["status"] == "completed"
    assert answer.additional_kwargs["reasoning_content"]
    usage = answer.usage_metadata
    assert usage is not None
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0


def test_a_question_back_of_a_self_hosted_coze_studio_is_told_apart(ask: Ask) -> None:
    with Emulator(dialect="studio") as studio:
        bot_id = studio.add_bot("asks", lambda turn: [AskUser("Which town?")])
        answer = ask(ChatCoze(bot_id=bot_id, token=studio.token, base_url=studio.url), "The weather?")
    assert (answer.content, answer.response_metadata["status"]) == ("Which town?", "requires_action")


def test_invoking_costs_one_request(model: Make, emulator: Emulator) -> None:
    model().invoke("hello")
    assert [call.path for call in emulator.calls] == ["/v3/chat"]


def test_every_chunk_of_a_stream_carries_the_same_id_and_only_the_last_metadata(model: Make) -> None:
    chunks = list(model().stream("one two three"))
    assert len(chunks) == 4
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.content for chunk in chunks] == ["one ", "two ", "three", ""]
    assert [bool(chunk.response_metadata) for chunk in chunks] == [False, False, False, True]
    assert [bool(chunk.usage_metadata) for chunk in chunks] == [False, False, False, True]


def test_thoughts_stand_apart_from_the_text(model: Make, ask: Ask) -> None:
    answer = ask(model("reasoner"), "Is 7 prime?")
    reasoning, text = answer.content_blocks
    assert answer.content == "After some thought: Is 7 prime?"
    assert (reasoning["type"], text["type"]) == ("reasoning", "text")
    assert str(reasoning.get("reasoning")).endswith("Done thinking.")


def test_the_bots_own_plugin_calls_are_server_tools(model: Make, ask: Ask) -> None:
    answer = ask(model("several_answers"), "Meaning?")
    call, result, _ = answer.content_blocks
    assert answer.content == "Let me look that up. I found it: 42."
    assert not answer.tool_calls
    assert (call["type"], call.get("name"), call.get("args")) == (
        "server_tool_call",
        "search-web",
        {"query": "Meaning?"},
    )
    assert (result["type"], result.get("tool_call_id")) == ("server_tool_result", call.get("id"))
    assert '"42"' in str(result.get("output"))
    assert "index" not in call


def test_recalled_knowledge_is_cited(model: Make, emulator: Emulator, ask: Ask) -> None:
    def librarian(turn: Turn) -> Iterator[Item]:
        yield Verbose("knowledge_recall", RECALL)
        yield Answer("Very old.")

    emulator.add_bot("librarian", librarian)
    (text,) = ask(model("librarian"), "How old?").content_blocks
    extras = {
        "score": 0.8,
        "dataset_id": "5",
        "dataset_name": "Atlas",
        "document_id": "7",
        "document_name": "Towns",
    }
    citation = {"type": "citation", "cited_text": "Chur is old.", "title": "Chur", "url": "https://chur.ch"}
    assert text.get("text") == "Very old."
    assert text.get("annotations") == [{**citation, "extras": extras}]


def test_cards_and_unknown_messages_are_non_standard_blocks(model: Make, emulator: Emulator, ask: Ask) -> None:
    def dealer(turn: Turn) -> Iterator[Item]:
        yield Extra("hologram", "…")
        yield Answer('{"card_type": 3}', pieces=('{"card_type": 3}',), content_type="card")
        yield Answer("Pick one.")

    emulator.add_bot("dealer", dealer)
    answer = ask(model("dealer"), "Cards?")
    text, odd, card = (dict(block) for block in answer.content_blocks)
    assert answer.content == text["text"] == "Pick one."
    assert odd["type"] == card["type"] == "non_standard"
    assert card["value"] == {"type": "card", "card": {"card_type": 3}}
    assert "'type': 'hologram'" in str(odd["value"])


def test_spoken_answers_join_to_one_audio_block(model: Make, ask: Ask) -> None:
    sound = {"type": "audio", "base64": base64.b64encode(b"RIFF....WAVE").decode(), "mime_type": "audio/wav"}
    answer = ask(model(), [HumanMessage([sound])])
    audio = next(block for block in answer.content_blocks if block["type"] == "audio")
    assert base64.b64decode(str(audio.get("base64")), validate=True) == bytes(range(256)) + bytes(range(128))
    assert str(audio.get("mime_type")).startswith("audio/pcm")


@pytest.mark.parametrize("bot", ["echo", "reasoner", "several_answers", "plugins"])
def test_native_content_blocks_equal_the_translated_ones(model: Make, ask: Ask, bot: str) -> None:
    question = "The weather and time in Chur and Bern?"
    translated = model(bot).invoke(question).content_blocks
    native = ask(model(bot, output_version="v1"), question)

    def shape(blocks: list[dict[str, object]]) -> list[tuple[object, ...]]:
        keys = ("type", "reasoning", "name", "args", "output")
        return [tuple(block.get(key) for key in keys) for block in blocks if block["type"] != "text"]

    assert isinstance(native.content, list)
    assert native.text == model(bot).invoke(question).text
    assert shape(native.content) == shape(translated)  # type: ignore[arg-type]  # blocks are dicts
    assert native.response_metadata["output_version"] == "v1"


def test_parallel_server_tools_stay_apart_in_a_native_stream(model: Make, emulator: Emulator, ask: Ask) -> None:
    def busy(turn: Turn) -> Iterator[Item]:
        yield FunctionCall("a", {"q": 1})
        yield FunctionCall("b", {"q": 2})
        yield ToolResponse("one")
        yield ToolResponse("two")
        yield Answer("Done.")

    emulator.add_bot("busy", busy)
    answer = ask(model("busy", output_version="v1"), "Go")
    found = [(block["type"], block.get("name") or block.get("output")) for block in answer.content_blocks[:4]]
    assert found == [
        ("server_tool_call", "a"),
        ("server_tool_call", "b"),
        ("server_tool_result", "one"),
        ("server_tool_result", "two"),
    ]


@pytest.mark.parametrize(
    ("stop", "left"),
    [(["three"], "one two "), (["ee", "thr"], "one two "), (["wo thr"], "one t"), ("our", "one two three f")],
)
def test_stop_sequences_cut_the_answer(model: Make, ask: Ask, stop: list[str] | str, left: str) -> None:
    answer = ask(model(stop=stop), "one two three four")
    assert answer.content == left
    assert answer.response_metadata["finish_reason"] == "stop"
    assert answer.usage_metadata is None


def test_a_stop_sequence_that_does_not_come_changes_nothing(model: Make, ask: Ask) -> None:
    assert ask(model(stop=["five"]), "one two three fi").content == "one two three fi"


def test_a_chain_streams_text(model: Make) -> None:
    assert "".join((model("reasoner") | StrOutputParser()).stream("Hm?")) == "After some thought: Hm?"


def test_a_stream_that_is_cut_and_healed_adds_up_to_the_same(model: Make, emulator: Emulator, ask: Ask) -> None:

    emulator.inject(faults.CutAfterEvents(4))
    answer = ask(model("several_answers"), "Meaning?")
    assert answer.content == "Let me look that up. I found it: 42."
    assert [block["type"] for block in answer.content_blocks] == ["server_tool_call", "server_tool_result", "text"]
    assert emulator.chats_started == 1


def test_the_sum_of_a_stream_is_the_invoked_message(model: Make) -> None:
    unlike = ("chat_id", "conversation_id", "logid", "message_ids")
    for bot in ("echo", "reasoner", "several_answers", "plugins", "follow_ups"):
        whole = model(bot).invoke("The weather in Chur?")
        total = join_chunks(list(model(bot).stream("The weather in Chur?")))
        assert isinstance(total, AIMessageChunk)
        for name in unlike:
            del whole.response_metadata[name], total.response_metadata[name]
        assert whole.response_metadata == total.response_metadata
        assert whole.usage_metadata == total.usage_metadata
        assert whole.content == total.content
        assert len(whole.tool_calls) == len(total.tool_calls)
