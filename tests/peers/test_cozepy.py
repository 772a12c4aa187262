"""cozepy, the official Python SDK: its calls succeed on the emulator, and plain HTTP shows their effect."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.peers.events import PLAIN_STREAM, Events, completed_messages, event_names, joined_deltas, same_values
from tests.peers.peer import CozePy, PeerRaised
from tests.support.api_calls import ApiClient, Json, answer, chat_ids, data

Call = dict[str, Any]


def calls(events: Events) -> dict[str, Call]:
    """Return the function calls that a chat requires, by their ids."""
    required = events[-1][1]["required_action"]["submit_tool_outputs"]["tool_calls"]
    return {call["id"]: call["function"] for call in required}


def retrieved(api: ApiClient, chat: Json) -> Json:
    return dict(data(api.get("/v3/chat/retrieve", params=chat_ids(chat))))


# --- chats ---


def test_a_stream_arrives_event_by_event(cozepy: CozePy, api: ApiClient) -> None:
    events = cozepy.stream()
    assert event_names(events) == PLAIN_STREAM
    assert joined_deltas(events) == "hello there"
    assert completed_messages(events)[0] == ("answer", "hello there")
    chat = events[-1][1]
    assert chat["usage"]["token_count"] > 0
    assert same_values(chat, retrieved(api, chat))
    assert cozepy.emulator.chats_started == 1


def test_reasoning_comes_before_the_answer_in_messages_of_one_id(cozepy: CozePy) -> None:
    events = cozepy.stream("reasoner", "why?")
    assert joined_deltas(events, "reasoning_content").endswith("Done thinking.")
    assert joined_deltas(events) == "After some thought: why?"
    assert len({item["id"] for name, item in events if name.endswith("delta")}) == 1


def test_follow_ups_and_the_bots_own_plugins_are_messages_of_their_own_type(cozepy: CozePy) -> None:
    follow_ups = completed_messages(cozepy.stream("follow_ups"))
    assert [content for kind, content in follow_ups if kind == "follow_up"] == ["Why?", "How much?", "What comes next?"]
    kinds = [kind for kind, _ in completed_messages(cozepy.stream("several_answers"))]
    assert kinds == ["answer", "function_call", "tool_response", "answer", "verbose"]


def test_a_poll_gives_the_chat_and_its_messages(blocking_cozepy: CozePy, api: ApiClient) -> None:
    poll = blocking_cozepy("chat.create_and_poll", **blocking_cozepy.chat_arguments("echo"))
    assert same_values(poll["chat"], retrieved(api, poll["chat"]))
    listed = data(api.get("/v3/chat/message/list", params=chat_ids(poll["chat"])))
    assert [message["id"] for message in poll["messages"]] == [message["id"] for message in listed]
    assert [message["content"] for message in poll["messages"] if message["type"] == "answer"] == ["hello there"]


def test_a_chats_messages_are_listed(cozepy: CozePy, api: ApiClient) -> None:
    chat = api.finish(api.start("several_answers", "go"))
    listed = cozepy("chat.messages.list", **chat_ids(chat))
    sent = data(api.get("/v3/chat/message/list", params=chat_ids(chat)))
    assert len(listed) == 5
    assert all(same_values(message, original) for message, original in zip(listed, sent, strict=True))


def test_a_running_chat_is_cancelled_and_a_finished_one_is_not(cozepy: CozePy, api: ApiClient) -> None:
    chat = cozepy.start("slow")
    assert cozepy("chat.cancel", **chat_ids(chat))["status"] == "canceled"
    assert cozepy.emulator.chat_status(chat["id"]) == "canceled"
    with pytest.raises(PeerRaised) as refused:
        cozepy("chat.cancel", **chat_ids(api.finish(api.start("echo", "hi"))))
    assert refused.value.code == 4104


@pytest.mark.parametrize("stream", [True, False])
def test_tool_outputs_continue_the_same_chat(cozepy: CozePy, api: ApiClient, stream: bool) -> None:
    events = cozepy.stream("plugins", "What is the weather in Zurich, and the time?")
    assert event_names(events)[-1] == "chat.requires_action"
    chat, asked = events[-1][1], calls(events)
    assert [function["name"] for function in asked.values()] == ["get_weather", "get_time"]
    done = cozepy.submit(chat, dict(zip(asked, ["sunny", "noon"], strict=True)), stream=stream)
    if stream:
        assert joined_deltas(done) == "get_weather says: sunny. get_time says: noon."
    assert (done[-1][1] if stream else done)["id"] == chat["id"]
    assert api.finish(chat)["status"] == "completed"
    assert cozepy.emulator.chats_started == 1


def test_variables_reach_the_bot_and_meta_data_comes_back(cozepy: CozePy, api: ApiClient) -> None:
    more: Json = {"custom_variables": {"name": "Ada"}, "meta_data": {"trace": "7"}, "parameters": {"depth": 1}}
    events = cozepy.stream("echo", "hello {{name}}", **more)
    assert joined_deltas(events) == "hello Ada"
    assert retrieved(api, events[-1][1])["meta_data"] == {"trace": "7"}


def test_a_conversation_remembers_and_an_unsaved_chat_leaves_nothing(cozepy: CozePy) -> None:
    kept = cozepy.stream("assistant", "my name is Ada")[-1][1]["conversation_id"]
    assert joined_deltas(cozepy.stream("assistant", "what is my name?", conversation_id=kept)) == "Your name is Ada."
    chat = cozepy.stream("echo", auto_save_history=False)[-1][1]
    with pytest.raises(PeerRaised) as unknown:
        cozepy("chat.retrieve", **chat_ids(chat))
    assert unknown.value.code == 4001


def test_a_history_is_context(cozepy: CozePy) -> None:
    earlier = answer("Nice to meet you.")
    assert (
        joined_deltas(cozepy.stream("assistant", "my name is Ada", earlier, "what is my name?")) == "Your name is Ada."
    )


# --- files ---


def test_an_uploaded_file_is_found_again_and_seen_by_the_bot(cozepy: CozePy, api: ApiClient) -> None:
    file = cozepy("files.upload", file=["cat.png", "meow"])
    assert (file["file_name"], file["bytes"]) == ("cat.png", 4)
    assert cozepy("files.retrieve", file_id=file["id"]) == file
    assert same_values(file, data(api.get("/v1/files/retrieve", params={"file_id": file["id"]})))
    parts = [{"type": "text", "text": "what is it?"}, {"type": "image", "file_id": file["id"]}]
    assert joined_deltas(cozepy.stream("vision", parts)) == "I see 1 image(s): cat.png."


def test_a_spoken_question_is_answered_aloud(cozepy: CozePy) -> None:
    file = cozepy("files.upload", file=["question.wav", "RIFF"])
    events = cozepy.stream("echo", [{"type": "audio", "file_id": file["id"]}])
    spoken = [message["content"] for name, message in events if name == "conversation.audio.delta"]
    assert b"".join(map(base64.b64decode, spoken)) == bytes(range(256)) + bytes(range(128))
    assert event_names(events)[-2:] == ["chat.completed", "audio.delta"]


# --- conversations and their messages ---


def test_a_conversation_lives_and_dies(cozepy: CozePy, api: ApiClient) -> None:
    made = cozepy("conversations.create", bot_id=cozepy.bot("echo"), name="first", meta_data={"a": "b"})
    where = {"conversation_id": made["id"]}
    assert same_values(made, data(api.get("/v1/conversation/retrieve", params=where)))
    assert cozepy("conversations.retrieve", **where) == made
    assert cozepy("conversations.update", name="second", **where)["name"] == "second"
    assert cozepy("conversations.clear", **where)["id"] != made["last_section_id"]
    cozepy("conversations.delete", **where)
    with pytest.raises(PeerRaised) as gone:
        cozepy("conversations.retrieve", **where)
    assert gone.value.code == 4002


def test_conversations_are_listed_over_all_pages(cozepy: CozePy, api: ApiClient) -> None:
    made = [api.conversation(bot_id=cozepy.bot("echo"))["id"] for _ in range(5)]
    listed = cozepy("conversations.list", bot_id=cozepy.bot("echo"), page_size=2)
    assert [conversation["id"] for conversation in listed] == made[::-1]
    assert len(cozepy.emulator.calls_to("/v1/conversations")) == 3


def test_a_message_lives_and_dies(cozepy: CozePy, api: ApiClient) -> None:
    where = {"conversation_id": api.conversation()["id"]}
    made = cozepy("conversations.messages.create", role="user", content="one", content_type="text", **where)
    which = {**where, "message_id": made["id"]}
    assert same_values(made, data(api.get("/v1/conversation/message/retrieve", params=which)))
    assert cozepy("conversations.messages.retrieve", **which)["content"] == "one"
    assert cozepy("conversations.messages.update", content="two", content_type="text", **which)["content"] == "two"
    cozepy("conversations.messages.feedback.create", feedback_type="unlike", comment="why two?", **which)
    cozepy("conversations.messages.feedback.delete", **which)
    assert cozepy("conversations.messages.delete", **which)["id"] == made["id"]
    with pytest.raises(PeerRaised) as gone:
        cozepy("conversations.messages.retrieve", **which)
    assert gone.value.code == 4005


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_messages_are_listed_over_all_pages(cozepy: CozePy, api: ApiClient, order: str) -> None:
    messages = [{"role": "user", "content": str(n), "content_type": "text"} for n in range(5)]
    where = {"conversation_id": api.conversation(messages=messages)["id"]}
    listed = cozepy("conversations.messages.list", order=order, limit=2, **where)
    assert [message["content"] for message in listed] == sorted("01234", reverse=order == "desc")
    assert len(cozepy.emulator.calls_to("/v1/conversation/message/list")) == 3


# --- refusals ---


@pytest.mark.parametrize("call", ["chat.create", "chat.stream"])
def test_a_refusal_has_its_code_and_logid(cozepy: CozePy, call: str) -> None:
    with pytest.raises(PeerRaised, match="logid: 2") as refused:
        cozepy(call, **cozepy.chat_arguments("7350000000000009999"))
    assert (refused.value.kind, refused.value.code) == ("CozeAPIError", 4006)
    assert cozepy.emulator.chats_started == 0


def test_a_conversation_has_one_running_chat(cozepy: CozePy) -> None:
    running = cozepy.start("slow")["conversation_id"]
    with pytest.raises(PeerRaised) as refused:
        cozepy.stream("echo", conversation_id=running)
    assert refused.value.code == 4016


@pytest.mark.parametrize(("scopes", "expected"), [(None, 4100), (("getChat",), 4101)], ids=["revoked", "no scope"])
def test_a_token_that_may_not_is_refused(cozepy: CozePy, scopes: tuple[str, ...] | None, expected: int) -> None:
    cozepy.token = cozepy.emulator.issue_token(scopes)
    if scopes is None:
        cozepy.emulator.revoke(cozepy.token)
    with pytest.raises(PeerRaised) as refused:
        cozepy.stream()
    assert refused.value.code == expected


def test_a_failed_chat_ends_in_its_event_with_the_error(cozepy: CozePy) -> None:
    events = cozepy.stream("failing")
    assert event_names(events)[-1] == "chat.failed"
    assert events[-1][1]["last_error"] == {"code": 5000, "msg": "model unavailable"}
