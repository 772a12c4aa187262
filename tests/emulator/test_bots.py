from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Extra, Line, Turn, Verbose, words
from tests.support.api_calls import (
    ApiClient,
    answer,
    chat_ids,
    data,
    event_names,
    events,
    message_texts,
    parts,
    question,
)


def test_every_promised_bot_is_there(emulator: Emulator) -> None:
    promised = "echo reasoner plugins vision follow_ups several_answers slow failing assistant"
    assert list(emulator.bots) == promised.split()
    assert all(len(bot_id) == 19 for bot_id in emulator.bots.values())


def test_echo_fills_variables_in(api: ApiClient) -> None:
    assert message_texts(api.ask("echo", "Dear {{name}}, {{other}}", custom_variables={"name": "Ada"})) == [
        "Dear Ada, {{other}}"
    ]


def test_spoken_questions_are_answered_with_audio_after_completed(api: ApiClient) -> None:
    file = api.upload("a.wav")
    body = {**api.chat_body("echo", ""), "additional_messages": [parts({"type": "audio", "file_id": file["id"]})]}
    response = api.post("/v3/chat", json={**body, "stream": True})
    assert event_names(response)[-3:] == ["chat.completed", "audio.delta", "done"]
    audio = [item for name, item in events(response) if name == "conversation.audio.delta"]
    assert [item["content_type"] for item in audio] == ["audio", "audio"]
    assert len(base64.b64decode(audio[0]["content"])) == 256


def test_reasoning_comes_first_under_the_answers_id(api: ApiClient) -> None:
    received = events(api.ask("reasoner", "Hello"))
    deltas = [item for name, item in received if name == "conversation.message.delta"]
    thinking = [bool(item.get("reasoning_content")) for item in deltas]
    assert thinking == sorted(thinking, reverse=True)
    assert {item["content"] for item in deltas if item.get("reasoning_content")} == {""}
    whole = next(item for name, item in received if name == "conversation.message.completed")
    assert {item["id"] for item in deltas} == {whole["id"]}
    assert whole["reasoning_content"] == "".join(item.get("reasoning_content", "") for item in deltas)
    assert whole["content"] == "".join(item["content"] for item in deltas)


def test_vision_names_what_it_was_shown(api: ApiClient) -> None:
    file = api.upload("cat.png")
    shown = [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "file_id": file["id"]},
        {"type": "image", "file_url": "https://example.com/dog.png"},
        {"type": "file", "file_url": "https://example.com/a.pdf"},
    ]
    body = {**api.chat_body("vision", ""), "additional_messages": [parts(*shown)], "stream": True}
    [description] = message_texts(api.post("/v3/chat", json=body))
    assert (
        description == "I see 2 image(s), 1 file(s): cat.png, https://example.com/dog.png, https://example.com/a.pdf."
    )


def test_follow_ups_come_after_the_finished_answers(api: ApiClient) -> None:
    response = api.ask("follow_ups", "Hello")
    completed = [item["type"] for name, item in events(response) if name == "conversation.message.completed"]
    assert completed == ["answer", "verbose", "follow_up", "follow_up", "follow_up"]
    finish = json.loads(message_texts(response, "verbose")[0])
    assert finish["msg_type"] == "generate_answer_finish"
    assert json.loads(finish["data"])["finish_reason"] == 0


def test_several_answers_have_several_ids_around_a_call(api: ApiClient) -> None:
    chat = api.finish(api.start("several_answers", "Hello"))
    listed = data(api.get("/v3/chat/message/list", params=chat_ids(chat)))
    kinds = [message["type"] for message in listed]
    assert kinds == ["answer", "function_call", "tool_response", "verbose", "answer"]
    assert listed[0]["id"] != listed[4]["id"]
    assert json.loads(listed[1]["content"])["arguments"] == {"query": "Hello"}


def test_slow_says_one_word_a_delta(api: ApiClient) -> None:
    with Emulator(pace=0.0001) as emulator, ApiClient(emulator) as api:
        deltas = [name for name, _ in events(api.ask("slow", "go")) if name == "conversation.message.delta"]
    assert len(deltas) == 200


def test_words_join_to_the_text_again() -> None:
    for text in ("", " ", "one two  three\n", "a" * 50, "会议纪要:下周一 10 点", " \u2028x\x85y"):
        assert "".join(words(text)) == text


def test_scripts_see_what_was_said_before(api: ApiClient, emulator: Emulator) -> None:
    seen: list[Turn] = []

    def script(turn: Turn) -> list[Answer]:
        seen.append(turn)
        return [Answer("noted")]

    bot = emulator.add_bot("watcher", script)
    chat = events(api.ask(bot, "first"))[0][1]
    body = {**api.chat_body(bot, ""), "additional_messages": [question("aside"), answer("yes"), question("second")]}
    message_texts(
        api.post("/v3/chat", params={"conversation_id": chat["conversation_id"]}, json={**body, "stream": True})
    )
    assert seen[-1].question == "second"
    assert seen[-1].history == (
        Line("user", "first"),
        Line("assistant", "noted"),
        Line("user", "aside"),
        Line("assistant", "yes"),
    )


def test_scripts_may_say_any_type_of_message(api: ApiClient, emulator: Emulator) -> None:
    def script(_: Turn) -> list[Any]:
        recall = Verbose("knowledge_recall", '{"chunks":[]}')
        return [recall, Extra("knowledge", "recall slice 1:x"), Extra("card_v9", "{}", "hologram"), Answer("ok")]

    response = api.ask(emulator.add_bot("odd", script), "go")
    assert message_texts(response, "knowledge") == ["recall slice 1:x"]
    assert message_texts(response, "card_v9") == ["{}"]
    assert json.loads(message_texts(response, "verbose")[0]) == {
        "msg_type": "knowledge_recall",
        "data": '{"chunks":[]}',
        "from_module": None,
        "from_unit": None,
    }


def test_the_assistant_remembers_a_name_from_the_conversation(api: ApiClient) -> None:
    response = api.ask("assistant", "Hello, my name is Ada.")
    conversation_id = events(response)[0][1]["conversation_id"]
    assert message_texts(api.ask("assistant", "What's my name?", conversation_id)) == ["Your name is Ada."]
    assert message_texts(api.ask("assistant", "What's my name?")) == ["You have not told me your name."]


def test_the_assistant_remembers_a_name_from_the_request(api: ApiClient) -> None:
    history = [question("my name is Bo"), answer("Hi"), question("what is my name?")]
    body = {**api.chat_body("assistant", ""), "additional_messages": history, "stream": True}
    assert message_texts(api.post("/v3/chat", json=body)) == ["Your name is Bo."]


def tool(name: str, **properties: str) -> dict[str, object]:
    schema = {key: {"type": kind} for key, kind in properties.items()}
    parameters = {"type": "object", "properties": schema, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": "", "parameters": parameters}}


@pytest.mark.parametrize(
    ("asked", "name", "arguments"),
    [
        ("What is the value of magic_function(3)? Use the tool.", "magic_function", {"input": 3}),
        ("What is the value of magic_function_no_args()? Use the tool.", "magic_function_no_args", {}),
        ("What is the weather in Berne?", "get_weather", {"location": "What is the weather in Berne?"}),
        ("Create a customer named '你好啊集团', please.", "create_customer", {"customer_name": "你好啊集团"}),
        ("Using the tool, say anything.", "magic_function", {"input": 1}),
    ],
)
def test_the_assistant_calls_the_plugin_that_suits(
    api: ApiClient, emulator: Emulator, asked: str, name: str, arguments: dict[str, object]
) -> None:
    plugins = [
        tool("magic_function", input="integer"),
        tool("magic_function_no_args"),
        tool("my_adder_tool", a="integer", b="integer"),
        tool("get_weather", location="string"),
        tool("create_customer", customer_name="string"),
    ]
    emulator.declare_plugins(emulator.bots["assistant"], plugins)
    chat = api.finish(api.start("assistant", asked))
    [call] = chat["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == (name, arguments)
    outputs = {"tool_outputs": [{"tool_call_id": call["id"], "output": "done"}], "stream": True}
    assert message_texts(api.post("/v3/chat/submit_tool_outputs", params=chat_ids(chat), json=outputs)) == [
        f"The tools say: {name} → done"
    ]


def test_the_assistant_chats_when_no_plugin_suits(api: ApiClient, emulator: Emulator) -> None:
    emulator.declare_plugins(emulator.bots["assistant"], [tool("magic_function", input="integer")])
    assert message_texts(api.ask("assistant", "Hello!")) == ["You said: Hello!"]


def test_the_assistant_fills_a_schema_it_is_shown(api: ApiClient) -> None:
    schema = {
        "type": "object",
        "$defs": {"Mood": {"enum": ["sad", "happy"]}},
        "properties": {
            "setup": {"type": "string"},
            "rating": {"type": "integer"},
            "mood": {"$ref": "#/$defs/Mood"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "inner": {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]},
        },
        "required": ["setup", "rating", "mood", "tags", "inner"],
    }
    prompt = f"Rate a happy joke with 7.\nAnswer by this JSON schema:\n```json\n{json.dumps(schema)}\n```"
    [answer] = message_texts(api.ask("assistant", prompt))
    filled = json.loads(answer.removeprefix("```json").removesuffix("```"))
    assert filled == {
        "setup": "Rate a happy joke with 7. Answer by this JSON schema:",
        "rating": 7,
        "mood": "happy",
        "tags": ["Rate a happy joke with 7. Answer by this JSON schema:"],
        "inner": {"ok": True},
    }
