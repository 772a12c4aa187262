"""Chats of the v2 API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.api_calls import ApiClient, Json, code, question

V2 = "/open_api/v2/chat"


def body(api: ApiClient, bot: str, query: str, **more: Any) -> Json:
    return {"bot_id": api.emulator.bots[bot], "user": "tester", "query": query, **more}


def stream_data(api: ApiClient, bot: str, query: str, **more: Any) -> list[Json]:
    response = api.post(V2, json=body(api, bot, query, stream=True, **more))
    blocks = response.text.split("\n\n")[:-1]
    assert all(block.startswith("data:{") and "\n" not in block for block in blocks)
    return [json.loads(block.removeprefix("data:")) for block in blocks]


def test_the_answer_comes_whole_and_flat(api: ApiClient) -> None:
    reply = api.post(V2, json=body(api, "echo", "Hello there", conversation_id="mine")).json()
    assert (reply["code"], reply["msg"], reply["conversation_id"]) == (0, "success", "mine")
    assert reply["messages"][0] == {
        "role": "assistant",
        "type": "answer",
        "content": "Hello there",
        "content_type": "text",
    }
    assert api.emulator.chats_started == 1


def test_a_stream_names_its_events_inside_the_data(api: ApiClient) -> None:
    events = stream_data(api, "several_answers", "Hello")
    assert events[-1] == {"event": "done"}
    answers: dict[int, str] = {}
    for event in events[:-1]:
        assert event["event"] == "message"
        if event["message"]["type"] == "answer":
            answers[event["index"]] = answers.get(event["index"], "") + event["message"]["content"]
    assert list(answers.values()) == ["Let me look that up. ", "I found it: 42."]
    finished = [event["index"] for event in events[:-1] if event["is_finish"]]
    assert finished == sorted(set(finished)) == list(range(5))


def test_history_in_the_request_is_context(api: ApiClient) -> None:
    history = [question("my name is Ada"), question("Hi", "assistant", type="answer")]
    reply = api.post(V2, json=body(api, "assistant", "what is my name?", chat_history=history)).json()
    assert reply["messages"][0]["content"] == "Your name is Ada."


def test_a_failure_says_error_information(api: ApiClient) -> None:
    assert stream_data(api, "failing", "go")[-1] == {
        "event": "error",
        "error_information": {"code": 5000, "msg": "model unavailable"},
    }
    reply = api.post(V2, json=body(api, "failing", "go")).json()
    assert (reply["code"], reply["msg"]) == (5000, "model unavailable")


def test_client_plugins_end_in_an_error(api: ApiClient) -> None:
    assert stream_data(api, "plugins", "weather")[-1]["event"] == "error"


@pytest.mark.parametrize(
    ("change", "expected"), [({"user": None}, 4000), ({"query": ""}, 4000), ({"bot_id": "1"}, 4006)]
)
def test_wrong_requests_are_refused(api: ApiClient, change: Json, expected: int) -> None:
    assert code(api.post(V2, json={**body(api, "echo", "hi"), **change})) == expected
    assert api.emulator.chats_started == 0
