"""Invalid requests: each fails with its code, and has no effect."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, answer, code, message_texts, parts, question

IMAGE = {"type": "image", "file_url": "https://example.com/a.png"}
TEXT = {"type": "text", "text": "what is this?"}
PAIRS = {str(n): "v" for n in range(17)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"user_id": 7}, 4000),
        ({"user_id": None}, 4000),
        ({"bot_id": None}, 4000),
        ({"bot_id": "7350000000000009999"}, 4006),
        ({"stream": "yes"}, 4000),
        ({"stream": False, "auto_save_history": False}, 4007),
        ({"parameters": '{"a": 1}'}, 4000),
        ({"custom_variables": {"a": 1}}, 4000),
        ({"custom_variables": {"a-b": "c"}}, 4000),
        ({"extra_params": {"altitude": "1"}}, 4000),
        ({"enable_card": "no"}, 4000),
        ({"shortcut_command": {"parameters": {}}}, 4000),
        ({"publish_status": "secret"}, 4000),
        ({"publish_status": "unpublished_draft", "bot_version": "1"}, 4000),
        ({"meta_data": PAIRS}, 4003),
        ({"meta_data": {"": "v"}}, 4003),
        ({"meta_data": {"k" * 65: "v"}}, 4003),
        ({"meta_data": {"k": "v" * 513}}, 4003),
        ({"additional_messages": [question("hi")] * 101}, 4004),
        ({"additional_messages": []}, 4000),
        ({"additional_messages": "hi"}, 4000),
        ({"additional_messages": [question("hi"), answer("ho")]}, 4000),
        ({"additional_messages": [question("hi", role="system")]}, 4000),
        ({"additional_messages": [question("hi", role="assistant"), question("ho")]}, 4000),
        ({"additional_messages": [question("hi", type="answer")]}, 4000),
        ({"additional_messages": [question("hi", type="follow_up")]}, 4000),
        ({"additional_messages": [{"role": "user", "content": "hi"}]}, 4000),
        ({"additional_messages": [{**answer("{}"), "type": "function_call"}, question("hi")]}, 4000),
        ({"additional_messages": [question("hi", meta_data=PAIRS)]}, 4003),
        ({"additional_messages": [{**parts(), "content": "no list"}]}, 4000),
        ({"additional_messages": [{**parts(), "content": '{"type":"text"}'}]}, 4000),
        ({"additional_messages": [parts(TEXT)]}, 4000),
        ({"additional_messages": [parts(TEXT, TEXT, IMAGE)]}, 4000),
        ({"additional_messages": [parts(IMAGE)]}, 4000),
        ({"additional_messages": [question("hi"), answer("ho"), parts(IMAGE)]}, 4000),
        ({"additional_messages": [parts(TEXT, {"type": "image"})]}, 4000),
        ({"additional_messages": [parts(TEXT, {"type": "image", "file_id": "7490000000000000001"})]}, 4000),
        ({"additional_messages": [parts(TEXT, {"type": "image", "file_url": "file:///etc/passwd"})]}, 4000),
        ({"additional_messages": [parts(TEXT, {"type": "video", "file_url": "https://example.com"})]}, 4000),
    ],
)
def test_a_wrong_chat_is_refused_before_it_begins(api: ApiClient, change: dict[str, Any], expected: int) -> None:
    response = api.post("/v3/chat", json={**api.chat_body("echo", "hi", stream=True), **change})
    assert (response.status_code, code(response)) == (200, expected)
    assert response.json()["detail"]["logid"]
    assert api.emulator.chats_started == 0


@pytest.mark.parametrize(
    "messages",
    [
        [parts(TEXT, IMAGE)],
        [parts(IMAGE), question("what is this?")],
        [question("what is this?"), parts(IMAGE)],
        [parts({"type": "audio", "file_url": "https://example.com/a.wav"})],
        [question("hi"), answer("ho"), question("again")],
        [question("hi")] * 100,
    ],
)
def test_a_right_chat_is_answered(api: ApiClient, messages: list[dict[str, Any]]) -> None:
    body = {**api.chat_body("echo", ""), "additional_messages": messages, "stream": True}
    assert len(message_texts(api.post("/v3/chat", json=body))) == 1


def test_intermediate_messages_may_be_entered_when_nothing_is_saved(api: ApiClient) -> None:
    history = [question("hi"), {**answer("{}"), "type": "function_call"}, {**answer("{}"), "type": "tool_response"}]
    body = {**api.chat_body("echo", ""), "additional_messages": [*history, question("so?")], "stream": True}
    assert message_texts(api.post("/v3/chat", json={**body, "auto_save_history": False})) == ["so?"]


def test_null_counts_as_absent(api: ApiClient) -> None:
    assert message_texts(api.ask("echo", "hi", meta_data=None, parameters=None, custom_variables=None)) == ["hi"]


def test_an_empty_conversation_id_counts_as_absent(api: ApiClient) -> None:
    body = api.chat_body("echo", "hi", stream=True)
    assert message_texts(api.post("/v3/chat", params={"conversation_id": ""}, json=body)) == ["hi"]


def test_an_unpublished_bot_answers_as_a_draft_only(api: ApiClient, emulator: Emulator) -> None:
    bot = emulator.add_bot("hidden", lambda turn: [], published=False)
    assert code(api.ask(bot, "hi")) == 4015
    assert api.ask(bot, "hi", publish_status="unpublished_draft").text.startswith("event:")


def test_unknown_ids_have_codes_of_their_own(api: ApiClient) -> None:
    unknown = "7460000000000009999"
    chat = api.start("echo", "hi")
    assert code(api.ask("echo", "hi", unknown)) == 4002
    params = {"conversation_id": unknown, "chat_id": chat["id"]}
    assert code(api.get("/v3/chat/retrieve", params=params)) == 4002
    params = {"conversation_id": chat["conversation_id"], "chat_id": unknown}
    assert code(api.get("/v3/chat/retrieve", params=params)) == 4001
    assert code(api.get("/v3/chat/retrieve", params={"chat_id": chat["id"]})) == 4000


@pytest.mark.parametrize(
    ("expected", "code_"), [(400, 4000), (401, 4100), (403, 4101), (404, 4200)], ids=["4000", "4100", "4101", "4200"]
)
def test_refusals_have_their_http_status_when_mapped(expected: int, code_: int) -> None:
    with Emulator(http_status="mapped") as emulator:
        token = {4100: "pat_nobody", 4101: emulator.issue_token(scopes=())}.get(code_, emulator.token)
        path = "/v1/files/retrieve"
        params = {4000: {}, 4200: {"file_id": "1"}}.get(code_, {"file_id": "1"})
        with ApiClient(emulator, token) as api:
            response = api.get(path, params=params)
    assert (response.status_code, code(response)) == (expected, code_)
