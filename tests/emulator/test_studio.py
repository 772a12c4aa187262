"""The studio dialect: a self-hosted coze-studio, with its defects."""

from __future__ import annotations

from typing import Any

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, chat_ids, data, event_names, events, question

OK = {"code": 0, "msg": "", "BaseResp": None}


def listed(api: ApiClient, conversation_id: str, **body: Any) -> dict[str, Any]:
    response = api.post("/v1/conversation/message/list", params={"conversation_id": conversation_id}, json=body)
    return dict(response.json())


def test_a_stream_ends_with_an_event_of_its_own(studio_api: ApiClient) -> None:
    response = studio_api.post("/v3/chat", json=studio_api.chat_body("echo", "Hello"))
    assert event_names(response)[-2:] == ["chat.completed", "stream.done"]
    assert response.text.endswith("event:conversation.stream.done\ndata:\n\n")
    assert "x-tt-logid" not in response.headers
    created = events(response)[0][1]
    assert ("last_error" in created, "usage" in created, created["completed_at"]) == (False, False, 0)


def test_payloads_have_keys_of_their_own_and_a_cancelled_chat_no_code(studio_api: ApiClient) -> None:
    chat = data(studio_api.post("/v3/chat", json=studio_api.chat_body("slow", "Hello", stream=False)))
    assert chat["status"] == "created"
    canceled = studio_api.post("/v3/chat/cancel", json=chat_ids(chat)).json()
    assert (list(canceled), canceled["BaseResp"]) == (["ChatV3ChatDetail", "BaseResp"], None)
    assert canceled["ChatV3ChatDetail"]["status"] == "conversation.chat.cancelled"
    messages = studio_api.get("/v3/chat/message/list", params=chat_ids(chat)).json()
    assert [message["type"] for message in messages["Messages"]] == ["question"]
    assert {name: value for name, value in messages.items() if name != "Messages"} == OK
    where = {"conversation_id": chat["conversation_id"]}
    conversation = studio_api.get("/v1/conversation/retrieve", params=where).json()
    assert "creator_d" in conversation["ConversationData"]
    assert {name: value for name, value in conversation.items() if name != "ConversationData"} == OK


def test_failures_have_studio_codes_and_statuses(studio_api: ApiClient) -> None:
    api = studio_api
    with ApiClient(api.emulator, "pat_nobody") as stranger:
        refused = stranger.get("/v1/conversations", params={"bot_id": "1"})
    assert (refused.status_code, refused.json()["code"]) == (200, 700012006)
    wrong = api.post("/v3/chat", json={**api.chat_body("echo", "hi"), "parameters": "{}"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, 400)
    assert api.delete("/v1/conversations/1").json()["code"] == 103000002
    assert api.post("/v1/files/upload", files={"file": ("a", b"")}).json()["code"] == 104000006


def test_an_unknown_conversation_is_silently_a_new_one_and_an_empty_one_fails(studio_api: ApiClient) -> None:
    created = events(studio_api.ask("echo", "hi", "7460000000000009999"))[0][1]
    assert created["conversation_id"] != "7460000000000009999"
    empty = studio_api.post("/v3/chat", params={"conversation_id": ""}, json=studio_api.chat_body("echo", "hi"))
    assert empty.status_code == 400


def test_two_chats_may_run_in_one_conversation(studio_api: ApiClient) -> None:
    chat = data(studio_api.post("/v3/chat", json=studio_api.chat_body("slow", "one", stream=False)))
    assert event_names(studio_api.ask("echo", "two", chat["conversation_id"]))[-1] == "stream.done"


def test_everything_is_saved(studio_api: ApiClient) -> None:
    chat = events(studio_api.ask("echo", "hi", auto_save_history=False))[0][1]
    assert data(studio_api.get("/v3/chat/retrieve", params=chat_ids(chat)))["status"] == "completed"


def test_messages_are_listed_newest_first_and_before_id_turns_around(studio_api: ApiClient) -> None:
    conversation_id = events(studio_api.ask("echo", "1"))[0][1]["conversation_id"]
    studio_api.ask("echo", "2", conversation_id)

    def contents(**body: Any) -> str:
        return "".join(message["content"] for message in listed(studio_api, conversation_id, **body)["data"])

    assert contents(order="asc") == contents() == "2211"
    first, last = (listed(studio_api, conversation_id)[key] for key in ("first_id", "last_id"))
    assert contents(after_id=first) == "211"
    assert contents(before_id=last) == "122"
    assert contents(before_id="0", after_id=first) == "2211"


def test_an_empty_list_has_zero_cursors_and_entered_messages_are_ignored(studio_api: ApiClient) -> None:
    created = studio_api.conversation(name="n", messages=[question("hi")])
    assert listed(studio_api, created["id"]) == {
        "code": 0,
        "msg": "",
        "first_id": "0",
        "last_id": "0",
        "has_more": False,
    }


def test_an_upload_spells_its_time_otherwise(studio_api: ApiClient) -> None:
    file = studio_api.upload()
    assert ("CreatedAt" in file, "created_at" in file, "url" in file, "uri" in file) == (True, False, True, True)


def test_routes_that_the_studio_lacks_ask_for_a_cookie(studio_api: ApiClient) -> None:
    for method, path in (
        ("POST", "/v3/chat/submit_tool_outputs"),
        ("POST", "/open_api/v2/chat"),
        ("POST", "/v1/conversation/message/create"),
        ("GET", "/v1/files/retrieve"),
        ("GET", "/v9/nonsense"),
    ):
        response = studio_api.request(method, path)
        assert (response.status_code, response.json()["msg"]) == (401, "missing session_key in cookie")
    wrong_method = studio_api.post("/v3/chat/retrieve")
    assert (wrong_method.status_code, wrong_method.text) == (404, "404 page not found")


def test_content_it_does_not_understand_is_skipped(studio: Emulator, studio_api: ApiClient) -> None:
    body = studio_api.chat_body("echo", "")
    odd = {"role": "user", "content": "no list", "content_type": "object_string"}
    response = studio_api.post("/v3/chat", json={**body, "additional_messages": [question("hi"), odd]})
    assert event_names(response)[-1] == "stream.done"
    assert studio.chats_started == 1
