"""Chats, conversations and messages of a self-hosted coze-studio, as its source (commit 4f786d6) answers them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import (
    Answer,
    AskUser,
    Fail,
    FollowUps,
    FunctionCall,
    Hold,
    Item,
    Partial,
    Reasoning,
    ToolResponse,
    Turn,
)
from tests.support.api_calls import ApiClient, Json, answer, chat_ids, data, event_names, events, parts, question

ERROR = b'event:error\ndata:{"code":103200002,"msg":"Internal Server Error"}\n\n'
DONE = b"event:conversation.stream.done\ndata:\n\n"


def crash(turn: Turn) -> Iterator[Item]:
    raise RuntimeError("the model is gone")


def half_an_answer(turn: Turn) -> Iterator[Item]:
    yield Partial("Take two pills ")
    yield Fail()


def messages(api: ApiClient, chat: Json) -> list[Json]:
    return list(api.get("/v3/chat/message/list", params=chat_ids(chat)).json().get("Messages", []))


def completed(response: httpx.Response) -> list[Json]:
    return [item for name, item in events(response) if name == "conversation.message.completed"]


# --- a model that fails ---


@pytest.mark.parametrize("script", [crash, half_an_answer, lambda turn: [Fail(4013, "overloaded")]])
class TestAModelThatFails:
    def test_sends_an_error_without_its_cause_and_completes(
        self, studio: Emulator, studio_api: ApiClient, script: Callable[[Turn], Iterator[Item]]
    ) -> None:
        response = studio_api.ask(studio.add_bot("broken", script), "hi")
        assert ERROR + b"event:conversation.chat.completed\n" in response.content
        assert response.content.endswith(DONE)
        chat = events(response)[-2][1]
        assert (chat["status"], chat["failed_at"], "last_error" in chat) == ("completed", 0, False)

    def test_leaves_a_completed_chat_with_the_question_alone(
        self, studio: Emulator, studio_api: ApiClient, script: Callable[[Turn], Iterator[Item]]
    ) -> None:
        chat = studio_api.finish(studio_api.start(studio.add_bot("broken", script), "hi"))
        assert (chat["status"], "last_error" in chat, "usage" in chat) == ("completed", False, False)
        assert [(each["type"], each["content"]) for each in messages(studio_api, chat)] == [("question", "hi")]


def test_an_agent_that_cannot_begin_fails_and_nothing_follows_its_error(
    studio: Emulator, studio_api: ApiClient
) -> None:
    bot_id = studio.add_bot("broken", lambda turn: [Fail(msg="code=100 message=no model", before_answering=True)])
    response = studio_api.ask(bot_id, "hi")
    assert events(response)[-1] == ("error", {"code": 103100001, "msg": "code=100 message=no model"})
    chat = data(studio_api.get("/v3/chat/retrieve", params=chat_ids(events(response)[0][1])))
    assert (chat["status"], chat["completed_at"], chat["failed_at"] > 0) == ("failed", 0, True)


def test_a_failure_before_the_chat_is_saved_is_an_empty_stream(studio: Emulator, studio_api: ApiClient) -> None:
    studio.inject(faults.NoEvents())
    response = studio_api.ask("echo", "hi")
    assert (response.content, response.headers["content-type"]) == (b"", "text/event-stream")
    assert studio.chats_started == 0


# --- refusals ---

UNKNOWN = "7350000000000009999"
NOT_PUBLISHED = f"code=100000000 message=invalid parameter : agent not published, agentID={UNKNOWN} connectorID=1024"
USER_NOT_MATCH = "code=103000001 message=unauthorized access : user not match"


@pytest.fixture
def stranger(studio: Emulator) -> Iterator[ApiClient]:
    with ApiClient(studio, studio.issue_token(account="stranger")) as stranger:
        yield stranger


def stacked(text: str) -> tuple[str, bool]:
    """Return the first line of a text, and whether a Go stack follows it."""
    first, _, rest = text.partition("\n")
    return first, rest.startswith("stack=") and rest.count(".go:") > 1


def test_a_refused_stream_is_an_error_event_whose_text_has_the_code(studio_api: ApiClient, stranger: ApiClient) -> None:
    [(name, error)] = events(studio_api.ask(UNKNOWN, "hi"))
    assert (name, error["code"], stacked(error["msg"])) == ("error", 103100001, (NOT_PUBLISHED, True))
    [(_, error)] = events(stranger.ask("echo", "hi"))
    assert (error["code"], stacked(error["msg"])[0]) == (
        103100001,
        "code=103000001 message=unauthorized access : agent not match",
    )


def test_an_unpublished_agent_is_told_as_an_unknown_one(studio: Emulator, studio_api: ApiClient) -> None:
    bot_id = studio.add_bot("draft", published=False)
    expected = NOT_PUBLISHED.replace(UNKNOWN, bot_id)
    for more in ({}, {"publish_status": "unpublished_draft"}):
        refused = studio_api.ask(bot_id, "hi", stream=False, **more)
        assert (refused.status_code, refused.json()["code"]) == (400, 400)
        assert stacked(refused.json()["msg"]) == (expected, True)
    shown = studio_api.get(f"/v1/bots/{bot_id}").json()
    assert shown["code"] == 100000000


def test_the_conversation_of_another_is_refused(studio_api: ApiClient, stranger: ApiClient) -> None:
    theirs = stranger.conversation()["id"]
    [(_, error)] = events(studio_api.ask("echo", "hi", theirs))
    assert (error["code"], stacked(error["msg"])) == (103100001, (USER_NOT_MATCH, True))
    polled = studio_api.ask("echo", "hi", theirs, stream=False)
    assert (polled.status_code, stacked(polled.json()["msg"])) == (400, (USER_NOT_MATCH, True))
    for method, path, code in (
        ("GET", f"/v1/conversation/retrieve?conversation_id={theirs}", 103000002),
        ("PUT", f"/v1/conversations/{theirs}", 103000001),
        ("POST", f"/v1/conversations/{theirs}/clear", 103000002),
        ("DELETE", f"/v1/conversations/{theirs}", 103000002),
        ("POST", f"/v1/conversation/message/list?conversation_id={theirs}", 103000001),
        ("GET", f"/v3/chat/message/list?conversation_id={theirs}&chat_id=1", 103000001),
    ):
        refused = studio_api.request(method, path, json={"name": "mine"} if method in ("PUT", "POST") else None)
        assert (refused.status_code, refused.json()["code"]) == (200, code), path
        assert not refused.json()["msg"].startswith("code="), path


def test_a_chat_in_the_conversation_of_another_is_refused_with_a_text(
    studio_api: ApiClient, stranger: ApiClient
) -> None:
    chat = events(studio_api.ask("echo", "hi"))[0][1]
    refused = stranger.get("/v3/chat/retrieve", params=chat_ids(chat))
    assert (refused.status_code, refused.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert stacked(refused.text) == (USER_NOT_MATCH, True)
    cancelled = stranger.post("/v3/chat/cancel", json=chat_ids(chat))
    assert (cancelled.status_code, stacked(cancelled.json()["msg"])) == (400, (USER_NOT_MATCH, True))


def test_unknown_chats_and_conversations_are_told_as_the_database_does(studio_api: ApiClient) -> None:
    chat = events(studio_api.ask("echo", "hi"))[0][1]
    mine, unknown = chat["conversation_id"], "7460000000000009999"

    def retrieve(path: str, conversation_id: str, chat_id: str) -> tuple[int, bytes]:
        found = studio_api.get(f"/v3/chat/{path}", params={"conversation_id": conversation_id, "chat_id": chat_id})
        return found.status_code, found.content

    assert retrieve("retrieve", mine, "2") == (500, b"record not found")
    assert retrieve("retrieve", unknown, chat["id"]) == (500, b"")
    assert retrieve("message/list", unknown, chat["id"]) == (500, b"")
    assert retrieve("message/list", mine, "2") == (200, b'{"code":0,"msg":"","BaseResp":null}')

    def cancel(conversation_id: str, chat_id: str) -> tuple[int, str]:
        ids = {"conversation_id": conversation_id, "chat_id": chat_id}
        found = studio_api.post("/v3/chat/cancel", json=ids)
        return found.status_code, stacked(found.json()["msg"])[0]

    assert cancel(mine, "2") == (400, "record not found")
    mismatch = "code=103000001 message=unauthorized access : conversation not match"
    assert cancel(unknown, chat["id"]) == (400, mismatch)
    assert cancel(mine, chat["id"]) == (400, "code=103200005 message=in progress can not be cancelled")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (question("hi", role="system"), "additional message role only support user and assistant"),
        (question("hi", type="verbose"), "additional message type only support question and answer now"),
        ({**answer("[]"), "content_type": "object_string"}, " answer messages only support text content"),
    ],
)
def test_a_message_that_it_does_not_take_is_refused_without_a_code(
    studio_api: ApiClient, message: Json, text: str
) -> None:
    [(name, error)] = events(studio_api.ask("echo", "", additional_messages=[message]))
    assert (name, error) == ("error", {"code": 103100001, "msg": text})
    polled = studio_api.ask("echo", "", stream=False, additional_messages=[message])
    assert (polled.status_code, polled.json()) == (400, {"code": 400, "msg": text})


# --- events and messages ---


def test_usage_is_in_the_meta_data_of_the_answer_and_in_the_retrieved_chat_only(studio_api: ApiClient) -> None:
    response = studio_api.ask("echo", "How many tokens?")
    chats = [item for name, item in events(response) if name.startswith("conversation.chat.")]
    assert [("usage" in chat) for chat in chats] == [False] * 3
    [counted] = [item["meta_data"] for item in completed(response) if item["type"] == "answer"]
    found = data(studio_api.get("/v3/chat/retrieve", params=chat_ids(chats[0])))["usage"]
    assert {name: str(count) for name, count in found.items()} == {
        "token_count": counted["token"],
        "input_count": counted["input_tokens"],
        "output_count": counted["output_tokens"],
    }
    [listed] = [item["meta_data"] for item in messages(studio_api, chats[0]) if item["type"] == "answer"]
    assert listed["token"] == counted["token"]


def test_every_message_has_reasoning_and_a_time_and_none_says_when_it_changed(
    studio: Emulator, studio_api: ApiClient
) -> None:
    response = studio_api.ask(studio.add_bot("thinker", lambda turn: [Reasoning("Hm. "), Answer("Yes.")]), "Well?")
    sent = [item for name, item in events(response) if ".message." in name]
    assert all("reasoning_content" in item and "created_at" in item and "updated_at" not in item for item in sent)
    assert [item["reasoning_content"] for item in completed(response)] == ["", ""]
    assert len({item["id"] for item in sent if item["type"] == "answer"}) == 1
    chat = events(response)[0][1]
    assert [item["reasoning_content"] for item in messages(studio_api, chat)] == ["", "Hm. ", ""]


def test_calls_have_the_form_of_models_and_verbose_messages_three_fields(
    studio: Emulator, studio_api: ApiClient
) -> None:
    def searches(turn: Turn) -> Iterator[Item]:
        yield FunctionCall("search", {"query": "owl"})
        yield ToolResponse("two owls")
        yield Answer("Two owls.")

    call, response, _, finish = completed(studio_api.ask(studio.add_bot("search", searches), "owls?"))
    content = json.loads(call["content"])
    assert (list(content), content["type"]) == (["id", "type", "function"], "function")
    assert content["function"] == {"name": "search", "arguments": '{"query":"owl"}'}
    assert response["type"] == "tool_response"
    assert json.loads(finish["content"]) == {
        "msg_type": "generate_answer_finish",
        "data": '{"finish_reason":0,"fin_data":""}',
        "from_unit": "",
    }


def test_follow_ups_come_before_the_end_of_the_answers(studio: Emulator, studio_api: ApiClient) -> None:
    bot_id = studio.add_bot("curious", lambda turn: [Answer("Yes."), FollowUps(("Why?", "How?"))])
    types = [item["type"] for item in completed(studio_api.ask(bot_id, "Well?"))]
    assert types == ["answer", "follow_up", "follow_up", "verbose"]


@pytest.mark.parametrize("bot", ["asks", "plugins"])
def test_a_question_back_ends_the_chat_as_completed(studio: Emulator, studio_api: ApiClient, bot: str) -> None:
    studio.add_bot("asks", lambda turn: [AskUser("Which town?")])
    response = studio_api.ask(bot, "The weather in Bern?")
    call, tool, said, interrupt, finish = completed(response)
    assert [item["type"] for item in (call, tool, said)] == ["function_call", "tool_response", "answer"]
    assert tool["content"] == "directly streaming reply"
    assert json.loads(interrupt["content"]) == {"msg_type": "interrupt", "data": "", "from_unit": ""}
    details = interrupt["meta_data"]
    assert json.loads(details["requires_action"]) == {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {"tool_calls": None},
    }
    assert json.loads(details["resume_info"])["ToolCallID"] == details["tool_calls_ids"]
    assert json.loads(call["content"])["id"] == details["tool_calls_ids"]
    assert json.loads(finish["content"])["msg_type"] == "generate_answer_finish"
    assert event_names(response)[-2:] == ["chat.completed", "stream.done"]
    chat = events(response)[-2][1]
    assert data(studio_api.get("/v3/chat/retrieve", params=chat_ids(chat)))["status"] == "completed"
    assert "required_action" not in chat


def test_a_cancelled_chat_runs_on_and_is_completed_later(studio: Emulator, studio_api: ApiClient) -> None:
    free: list[bool] = []
    bot_id = studio.add_bot("held", lambda turn: [Hold(lambda: bool(free)), Answer("Too late.")])
    chat = studio_api.start(bot_id, "hi")
    cancelled = studio_api.post("/v3/chat/cancel", json=chat_ids(chat)).json()["ChatV3ChatDetail"]
    assert (cancelled["status"], cancelled["completed_at"]) == ("conversation.chat.cancelled", 0)
    free.append(True)
    studio.wait_until(lambda: studio.chat_status(chat["id"]) == "completed")
    assert [item["content"] for item in messages(studio_api, chat) if item["type"] == "answer"] == ["Too late."]


def test_a_chat_forgets_its_meta_data_and_the_ids_of_its_messages(studio_api: ApiClient) -> None:
    chat = studio_api.start("echo", "hi", meta_data={"ticket": "7"})
    found = studio_api.finish(chat)
    assert not {"meta_data", "inserted_additional_messages"} & (chat.keys() | found.keys())


def test_nothing_is_limited(studio_api: ApiClient) -> None:
    response = studio_api.ask(
        "echo",
        "",
        additional_messages=[question(str(number)) for number in range(101)],
        meta_data={str(number): "x" * 600 for number in range(17)},
        custom_variables={"with space 1": "x"},
        extra_params={"anything": "goes"},
    )
    assert event_names(response)[-1] == "stream.done"


# --- what is asked, and what is kept of it ---


def test_context_is_kept_under_a_chat_of_its_own_that_never_runs(studio: Emulator, studio_api: ApiClient) -> None:
    given = [question("one"), answer("two"), question("three")]
    chat = events(studio_api.ask("echo", "", additional_messages=given))[0][1]
    where = {"conversation_id": chat["conversation_id"]}
    kept = studio_api.post("/v1/conversation/message/list", params=where, json={}).json()["data"]
    [orphan] = {item["chat_id"] for item in kept if item["content"] in ("one", "two")}
    assert orphan not in ("", chat["id"])
    found = data(studio_api.get("/v3/chat/retrieve", params={**where, "chat_id": orphan}))
    assert (found["status"], studio.chats_started) == ("created", 1)
    assert messages(studio_api, chat)[0]["content"] == "three"


@pytest.mark.parametrize(
    ("given", "asked", "before"),
    [
        ([question("one"), answer("two")], "", [("user", "one"), ("assistant", "two")]),
        ([question("one"), question("two", role="assistant")], "", [("user", "one"), ("user", "two")]),
        ([question("one", type="answer"), question("two")], "two", [("assistant", "one")]),
        ([question(""), question("two")], "two", []),
        ([parts({"type": "image", "file_url": "http://e/cat.png"}), question("two")], "two", [("user", "")]),
        ([], "", []),
    ],
)
def test_the_question_is_the_last_message_of_the_user_or_empty(
    studio: Emulator, studio_api: ApiClient, given: list[Json], asked: str, before: list[tuple[str, str]]
) -> None:
    turns: list[Turn] = []

    def listens(turn: Turn) -> Iterator[Item]:
        turns.append(turn)
        yield Answer("ok")

    bot_id = studio.add_bot("listens", listens)
    response = studio_api.ask(bot_id, "", additional_messages=given)
    [turn] = turns
    assert (turn.question, [(line.role, line.text) for line in turn.history]) == (asked, before)
    chat = events(response)[0][1]
    assert [item["content"] for item in messages(studio_api, chat) if item["type"] == "question"] == [asked]
