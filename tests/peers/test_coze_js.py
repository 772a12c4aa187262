"""@coze/api, the official SDK for JavaScript; a test named after it shows where it differs from the API."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from coze_client.emulator import faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.protocol.stream import Event
from tests.peers.events import PLAIN_STREAM, completed_messages, event_names, joined_deltas
from tests.peers.peer import CozeJs, PeerRaised
from tests.support.api_calls import ApiClient, Json, answer, chat_ids, data

STREAM = [*PLAIN_STREAM, "done"]

# --- chats ---


def test_a_stream_arrives_event_by_event(coze_js: CozeJs, api: ApiClient) -> None:
    events = coze_js.stream("echo", "Grüezi 世界, a line\u2028and another")
    assert event_names(events) == STREAM
    assert joined_deltas(events) == "Grüezi 世界, a line\u2028and another"
    chat = events[-2][1]
    assert chat.items() <= data(api.get("/v3/chat/retrieve", params=chat_ids(chat))).items()
    assert coze_js.emulator.chats_started == 1


def test_reasoning_and_follow_ups_arrive(coze_js: CozeJs) -> None:
    assert joined_deltas(coze_js.stream("reasoner"), "reasoning_content").endswith("Done thinking.")
    kinds = [kind for kind, _ in completed_messages(coze_js.stream("follow_ups"))]
    assert kinds.count("follow_up") == 3


def test_a_poll_gives_the_chat_and_its_messages(coze_js: CozeJs, api: ApiClient) -> None:
    poll = coze_js("chat.createAndPoll", coze_js.chat_arguments("echo"))
    assert poll["chat"] == data(api.get("/v3/chat/retrieve", params=chat_ids(poll["chat"])))
    assert poll["messages"] == data(api.get("/v3/chat/message/list", params=chat_ids(poll["chat"])))


def test_a_running_chat_is_cancelled_and_a_finished_one_is_not(coze_js: CozeJs, api: ApiClient) -> None:
    chat = coze_js.start("slow")
    where = (chat["conversation_id"], chat["id"])
    assert coze_js("chat.cancel", *where)["status"] == "canceled"
    assert coze_js.emulator.chat_status(chat["id"]) == "canceled"
    with pytest.raises(PeerRaised) as refused:
        coze_js("chat.cancel", *where)
    assert refused.value.code == 4104


@pytest.mark.parametrize("stream", [True, False])
def test_tool_outputs_continue_the_same_chat(coze_js: CozeJs, api: ApiClient, stream: bool) -> None:
    events = coze_js.stream("plugins", "What is the weather in Zurich?")
    assert event_names(events)[-2:] == ["chat.requires_action", "done"]
    chat = events[-2][1]
    [call] = chat["required_action"]["submit_tool_outputs"]["tool_calls"]
    done = coze_js.submit(chat, {call["id"]: "sunny"}, stream=stream)
    if stream:
        assert joined_deltas(done) == "get_weather says: sunny."
    assert (done[-2][1] if stream else done)["id"] == chat["id"]
    assert api.finish(chat)["status"] == "completed"
    assert coze_js.emulator.chats_started == 1


def test_a_history_is_context(coze_js: CozeJs) -> None:
    earlier = answer("Nice to meet you.")
    assert (
        joined_deltas(coze_js.stream("assistant", "my name is Ada", earlier, "what is my name?")) == "Your name is Ada."
    )


def test_a_missing_user_is_a_number_in_digits(coze_js: CozeJs) -> None:
    chat = coze_js.chat_arguments("echo")
    del chat["user_id"]
    coze_js("chat.create", chat)
    [call] = coze_js.emulator.calls_to("/v3/chat")
    assert isinstance(call.body, dict)
    assert float(call.body["user_id"]) > 0


# --- files, conversations, messages ---


def test_an_uploaded_file_is_found_again_and_seen_by_the_bot(coze_js: CozeJs, api: ApiClient, tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"meow")
    file = coze_js("files.upload", {"file": str(tmp_path / "cat.png")})
    assert (file["file_name"], file["bytes"]) == ("cat.png", 4)
    assert coze_js("files.retrieve", file["id"]) == data(api.get("/v1/files/retrieve", params={"file_id": file["id"]}))
    parts = [{"type": "text", "text": "what is it?"}, {"type": "image", "file_id": file["id"]}]
    events = coze_js.stream("vision", {"role": "user", "content": parts, "content_type": "object_string"})
    assert joined_deltas(events) == "I see 1 image(s): cat.png."


def test_a_spoken_question_is_answered_aloud(coze_js: CozeJs, api: ApiClient) -> None:
    parts = [{"type": "audio", "file_id": api.upload("question.wav")["id"]}]
    events = coze_js.stream("echo", {"role": "user", "content": parts, "content_type": "object_string"})
    spoken = [message["content"] for name, message in events if name == "conversation.audio.delta"]
    assert b"".join(map(base64.b64decode, spoken)) == bytes(range(256)) + bytes(range(128))


def test_conversations_are_made_listed_and_cleared(coze_js: CozeJs) -> None:
    bot = coze_js.bot("echo")
    made = [coze_js("conversations.create", {"bot_id": bot, "meta_data": {"a": str(n)}}) for n in range(3)]
    assert coze_js("conversations.retrieve", made[0]["id"]) == made[0]
    page = coze_js("conversations.list", {"bot_id": bot, "page_num": 2, "page_size": 2})
    assert (page["conversations"], page["has_more"]) == ([made[0]], False)
    assert coze_js("conversations.clear", made[0]["id"])["id"] != made[0]["last_section_id"]


def test_a_message_lives_and_dies(coze_js: CozeJs, api: ApiClient) -> None:
    conversation = api.conversation()["id"]
    sent = {"role": "user", "content": "one", "content_type": "text"}
    made = coze_js("conversations.messages.create", conversation, sent)
    which = (conversation, made["id"])
    assert coze_js("conversations.messages.retrieve", *which) == made
    changed = coze_js("conversations.messages.update", *which, {"content": "two", "content_type": "text"})
    page = coze_js("conversations.messages.list", conversation, {"order": "asc", "limit": 1})
    assert (page["data"], page["has_more"], page["last_id"]) == ([changed], False, made["id"])
    assert coze_js("conversations.messages.delete", *which) == {**changed, "updated_at": int(changed["updated_at"])}
    assert coze_js("conversations.messages.list", conversation, {})["data"] == []


# --- refusals ---


@pytest.mark.parametrize(
    ("code", "kind"),
    [(4000, "BadRequestError"), (4100, "AuthenticationError"), (4101, "PermissionDeniedError"), (4016, "APIError")],
)
def test_a_refusal_has_its_code_and_logid(coze_js: CozeJs, code: int, kind: str) -> None:
    more: Json = {}
    if code == 4000:
        more["parameters"] = "not an object"
    elif code == 4016:
        more["conversation_id"] = coze_js.start("slow")["conversation_id"]
    else:
        coze_js.token = "nobody's" if code == 4100 else coze_js.emulator.issue_token({"getChat"})
    with pytest.raises(PeerRaised, match="logid: 2") as refused:
        coze_js.start("echo", **more)
    assert (refused.value.kind, refused.value.code) == (kind, code)


def test_a_failed_chat_ends_in_its_event_with_the_error(coze_js: CozeJs) -> None:
    events = coze_js.stream("failing")
    assert event_names(events)[-1] == "chat.failed"
    assert events[-1][1]["last_error"] == {"code": 5000, "msg": "model unavailable"}


def test_a_done_after_a_failed_chat_is_one_more_event(coze_js: CozeJs) -> None:
    coze_js.emulator.inject(faults.Append(Event("done", '"[DONE]"')))
    assert event_names(coze_js.stream("failing"))[-2:] == ["chat.failed", "done"]


def test_an_error_event_is_an_event(coze_js: CozeJs) -> None:
    coze_js.emulator.inject(faults.ErrorEvent(5000, "lost"))
    assert coze_js.stream()[-1] == ("error", {"code": 5000, "msg": "lost"})


# --- where it differs from the API, or fails ---


def test_coze_js_retrieves_by_post_and_the_emulator_serves_both(coze_js: CozeJs, api: ApiClient) -> None:
    chat = api.finish(api.start("echo", "hi"))
    assert coze_js("chat.retrieve", chat["conversation_id"], chat["id"]) == chat
    methods = [call.method for call in coze_js.emulator.calls_to("/v3/chat/retrieve")]
    assert (methods[0], methods[-1]) == ("GET", "POST")


def test_coze_js_tells_the_refusal_of_a_stream_as_an_error_event(coze_js: CozeJs) -> None:
    """It expects a stream and cannot read the JSON reply, so it raises nothing."""
    [(name, refusal)] = coze_js.stream("7350000000000009999")
    assert (name, refusal["code"], coze_js.emulator.chats_started) == ("error", 4006, 0)


def test_coze_js_takes_a_failed_model_for_a_rate_limit(coze_js: CozeJs) -> None:
    coze_js.emulator.inject(faults.Coded(4013, "model service failed"))
    with pytest.raises(PeerRaised) as refused:
        coze_js.start()
    assert refused.value.kind == "RateLimitError"


@pytest.mark.parametrize("clean", [True, False])
def test_coze_js_takes_a_lost_connection_for_the_end(coze_js: CozeJs, clean: bool) -> None:
    coze_js.emulator.inject(faults.CutAfterEvents(3, clean=clean))
    assert event_names(coze_js.stream()) == ["chat.created", "chat.in_progress", "message.delta"]


@pytest.mark.parametrize("fault", [faults.Ping(), faults.UnknownEvents()])
def test_coze_js_breaks_at_events_whose_data_is_no_json(coze_js: CozeJs, fault: Fault) -> None:
    coze_js.emulator.inject(fault)
    with pytest.raises(PeerRaised, match="Could not parse message into JSON"):
        coze_js.stream()


def test_coze_js_breaks_at_the_studios_last_event(coze_js_on_studio: CozeJs) -> None:
    """`conversation.stream.done` has no data."""
    with pytest.raises(PeerRaised, match="Could not parse message into JSON"):
        coze_js_on_studio.stream()


@pytest.mark.parametrize(
    "fault",
    [
        faults.Comments(),
        faults.SpaceAfterColon(),
        faults.GluedEvents(),
        faults.LineEnding("\r\n"),
        faults.Rechunk(1),
        faults.DoneSpelling("[DONE]"),
        faults.DoneSpelling("{}"),
    ],
    ids=str,
)
def test_spellings_of_a_stream_that_make_no_difference(coze_js: CozeJs, fault: Fault) -> None:
    coze_js.emulator.inject(fault)
    events = coze_js.stream("echo", "Grüezi 世界")
    assert (event_names(events), joined_deltas(events)) == (STREAM, "Grüezi 世界")
