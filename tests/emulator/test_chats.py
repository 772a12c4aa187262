from __future__ import annotations

import threading

import httpx
import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, AskUser, Hold
from tests.support.api_calls import ApiClient, chat_ids, code, data, event_names, events, message_texts, question


def test_a_stream_tells_the_chat_from_its_creation_to_done(api: ApiClient) -> None:
    response = api.ask("echo", "Hello dear Coze")
    assert event_names(response) == [
        "chat.created",
        "chat.in_progress",
        "message.delta",
        "message.completed",
        "chat.completed",
        "done",
    ]
    deltas = [item["content"] for name, item in events(response) if name == "conversation.message.delta"]
    assert deltas == ["Hello ", "dear ", "Coze"]
    assert message_texts(response) == ["Hello dear Coze"]
    assert response.text.endswith('event:done\ndata:"[DONE]"\n\n')
    assert response.headers["x-tt-logid"]


def test_usage_is_final_in_completed_only(api: ApiClient) -> None:
    usages = {name: item["usage"] for name, item in events(api.ask("echo", "Hello")) if ".chat." in name}
    zero = {"token_count": 0, "output_count": 0, "input_count": 0}
    assert usages["conversation.chat.created"] == usages["conversation.chat.in_progress"] == zero
    final = usages["conversation.chat.completed"]
    assert final["token_count"] == final["input_count"] + final["output_count"] > 0


def test_ids_are_strings_of_nineteen_digits(api: ApiClient) -> None:
    for _, item in events(api.ask("echo", "Hello"))[:-1]:
        for key in ("id", "conversation_id", "bot_id"):
            assert isinstance(item[key], str)
            assert len(item[key]) == 19
            assert item[key].isdigit()


def test_a_chat_that_is_not_streamed_answers_at_once_and_is_polled(api: ApiClient) -> None:
    chat = api.start("echo", "Hello", meta_data={"trace": "1"})
    assert chat["status"] == "in_progress"
    done = api.finish(chat)
    assert (done["status"], done["meta_data"]) == ("completed", {"trace": "1"})
    listed = data(api.get("/v3/chat/message/list", params=chat_ids(chat)))
    assert [message["type"] for message in listed] == ["verbose", "answer"]
    assert listed[1]["content"] == "Hello"


def test_retrieve_answers_get_and_post(api: ApiClient) -> None:
    chat = api.start("echo", "Hello")
    assert data(api.post("/v3/chat/retrieve", params=chat_ids(chat)))["id"] == chat["id"]


def test_a_chat_goes_on_when_its_reader_has_left(api: ApiClient, emulator: Emulator) -> None:
    gate = threading.Event()
    bot = emulator.add_bot("gated", lambda turn: [Answer("one "), Hold(gate.is_set), Answer("two")])
    body = api.chat_body(bot, "go", stream=True)
    with api.stream("POST", "/v3/chat", json=body) as response:
        lines = response.iter_lines()
        chat = next(line for line in lines if line.startswith("data:"))
        assert emulator.open_streams == 1
    emulator.wait_until(lambda: emulator.open_streams == 0)
    gate.set()
    [chat_id] = [part for part in chat.split('"') if part.startswith("747")]
    emulator.wait_until(lambda: emulator.chat_status(chat_id) == "completed")


def test_a_conversation_runs_one_chat_at_a_time(api: ApiClient, emulator: Emulator) -> None:
    gate = threading.Event()
    bot = emulator.add_bot("gated", lambda turn: [Hold(gate.is_set), Answer("done")])
    chat = api.start(bot, "go")
    refused = api.ask(bot, "again", chat["conversation_id"])
    assert (refused.status_code, code(refused)) == (200, 4016)
    assert refused.headers["content-type"].startswith("application/json")
    assert emulator.chats_started == 1
    gate.set()
    api.finish(chat)
    assert message_texts(api.ask("echo", "again", chat["conversation_id"])) == ["again"]


def test_cancelling_frees_the_conversation_and_forgets_the_turn(api: ApiClient, emulator: Emulator) -> None:
    gate = threading.Event()
    bot = emulator.add_bot("gated", lambda turn: [Hold(gate.is_set), Answer("late")])
    chat = api.start(bot, "my name is Ada")
    canceled = data(api.post("/v3/chat/cancel", json=chat_ids(chat)))
    assert canceled["status"] == "canceled"
    again = api.ask("assistant", "What is my name?", chat["conversation_id"])
    assert message_texts(again) == ["You have not told me your name."]
    gate.set()
    assert emulator.chat_status(chat["id"]) == "canceled"


def test_an_open_stream_runs_on_after_a_cancel(api: ApiClient, emulator: Emulator) -> None:
    gate = threading.Event()
    bot = emulator.add_bot("gated", lambda turn: [Hold(gate.is_set), Answer("late")])
    with api.stream("POST", "/v3/chat", json=api.chat_body(bot, "go", stream=True)) as response:
        lines = response.iter_lines()
        started = [next(lines) for _ in range(2)][1]
        chat = httpx.Response(200, text=started.removeprefix("data:")).json()
        data(api.post("/v3/chat/cancel", json=chat_ids(chat)))
        gate.set()
        assert list(lines)[-2] == 'data:"[DONE]"'
    assert data(api.get("/v3/chat/message/list", params=chat_ids(chat))) == []


@pytest.mark.parametrize("bot", ["echo", "failing", "plugins"])
def test_a_chat_that_rests_cannot_be_cancelled(api: ApiClient, bot: str) -> None:
    chat = api.start(bot, "weather")
    api.finish(chat)
    assert code(api.post("/v3/chat/cancel", json=chat_ids(chat))) == 4104


def test_an_unsaved_chat_leaves_no_trace(api: ApiClient, emulator: Emulator) -> None:
    conversation = api.conversation()
    response = api.ask("echo", "Hello", conversation["id"], auto_save_history=False)
    chat = events(response)[0][1]
    assert message_texts(response) == ["Hello"]
    assert code(api.get("/v3/chat/retrieve", params=chat_ids(chat))) == 4001
    assert code(api.get("/v3/chat/message/list", params=chat_ids(chat))) == 4001
    assert code(api.post("/v3/chat/cancel", json=chat_ids(chat))) == 4001
    listed = api.post("/v1/conversation/message/list", params={"conversation_id": conversation["id"]}, json={})
    assert data(listed) == []
    assert emulator.chats_started == 1


def test_a_failed_chat_is_last_in_its_stream_and_readable_afterwards(api: ApiClient) -> None:
    response = api.ask("failing", "go")
    assert event_names(response)[-1] == "chat.failed"
    failed = events(response)[-1][1]
    assert failed["last_error"] == {"code": 5000, "msg": "model unavailable"}
    assert data(api.get("/v3/chat/retrieve", params=chat_ids(failed)))["last_error"] == failed["last_error"]


def test_a_script_that_raises_fails_its_chat(api: ApiClient, emulator: Emulator) -> None:
    response = api.ask(emulator.add_bot("broken", lambda turn: 1 / 0), "go")  # type: ignore[arg-type,return-value]
    assert events(response)[-1][1]["last_error"]["code"] == 5000


def test_without_messages_the_last_stored_one_is_the_question(api: ApiClient) -> None:
    conversation = api.conversation(messages=[question("stored")])
    body = {**api.chat_body("echo", ""), "additional_messages": [], "stream": True}
    assert message_texts(api.post("/v3/chat", params={"conversation_id": conversation["id"]}, json=body)) == ["stored"]


def test_tool_outputs_continue_the_same_chat(api: ApiClient) -> None:
    asked = api.ask("plugins", "The weather in Bern and Basel and the time?")
    assert event_names(asked)[-2:] == ["chat.requires_action", "done"]
    chat = events(asked)[-2][1]
    calls = chat["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["get_weather", "get_weather", "get_time"]
    outputs = [{"tool_call_id": call["id"], "output": str(n)} for n, call in enumerate(calls)]
    answered = api.post(
        "/v3/chat/submit_tool_outputs", params=chat_ids(chat), json={"tool_outputs": outputs, "stream": True}
    )
    assert event_names(answered)[:2] == ["chat.created", "chat.in_progress"]
    assert event_names(answered)[-2:] == ["chat.completed", "done"]
    assert events(answered)[0][1]["id"] == chat["id"]
    assert message_texts(answered) == ["get_weather says: 0. get_weather says: 1. get_time says: 2."]
    assert api.emulator.chats_started == 1


def test_tool_outputs_are_polled_when_not_streamed(api: ApiClient) -> None:
    chat = api.finish(api.start("plugins", "What is the weather in Bern?"))
    [call] = chat["required_action"]["submit_tool_outputs"]["tool_calls"]
    body = {"tool_outputs": [{"tool_call_id": call["id"], "output": "rain"}]}
    submitted = data(api.post("/v3/chat/submit_tool_outputs", params=chat_ids(chat), json=body))
    assert submitted["status"] == "in_progress"
    assert api.finish(chat)["status"] == "completed"
    again = api.post("/v3/chat/submit_tool_outputs", params=chat_ids(chat), json=body)
    assert code(again) == 4000


@pytest.mark.parametrize("wrong", [[], ["nobody"], ["first"], ["first", "second", "nobody"]])
def test_outputs_must_answer_each_open_call(api: ApiClient, wrong: list[str]) -> None:
    chat = api.finish(api.start("plugins", "The weather in Bern and Basel?"))
    calls = chat["required_action"]["submit_tool_outputs"]["tool_calls"]
    known = {"first": calls[0]["id"], "second": calls[1]["id"]}
    outputs = [{"tool_call_id": known.get(name, name), "output": ""} for name in wrong]
    response = api.post("/v3/chat/submit_tool_outputs", params=chat_ids(chat), json={"tool_outputs": outputs})
    assert code(response) == 4000
    assert api.emulator.chat_status(chat["id"]) == "requires_action"


def test_an_unsaved_chat_takes_no_outputs(api: ApiClient) -> None:
    chat = events(api.ask("plugins", "weather", auto_save_history=False))[-2][1]
    assert chat["status"] == "requires_action"
    assert code(api.post("/v3/chat/submit_tool_outputs", params=chat_ids(chat), json={"tool_outputs": []})) == 5000


def test_a_workflow_node_asks_and_the_next_chat_replies(api: ApiClient, emulator: Emulator) -> None:
    bot = emulator.add_bot("asks", lambda turn: [AskUser("Which one?") if not turn.history else Answer(turn.question)])
    asked = api.ask(bot, "go")
    chat = events(asked)[-2][1]
    [call] = chat["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert (call["type"], "function" in call) == ("reply_message", False)
    assert message_texts(asked) == ["Which one?"]
    assert message_texts(api.ask(bot, "the red one", chat["conversation_id"])) == ["the red one"]
