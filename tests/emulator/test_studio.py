"""The studio dialect: a self-hosted coze-studio, with its defects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.support.api_calls import ApiClient, chat_ids, code, data, event_names, events, question

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
    assert api.post("/v1/files/upload", json={}).json()["code"] == 104000006


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


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_file_of_any_size_is_taken_up_to_the_largest_request(size: int) -> None:
    with Emulator("studio", upload_limit=100) as emulator, ApiClient(emulator) as api:
        assert api.upload(content=b"x" * size)["bytes"] == size
        refused = api.post("/v1/files/upload", files={"file": ("a", b"x" * 101)})
        assert (refused.status_code, refused.text) == (413, "Request Entity Too Large")
        assert refused.headers["content-type"] == "text/plain; charset=utf-8"


# --- bots ---

MEMBERS = {
    *("bot_id", "name", "description", "icon_url", "create_time", "update_time", "version", "prompt_info", "bot_mode"),
    *("onboarding_info", "model_info", "plugin_info_list", "workflow_info_list", "shortcut_commands", "variables"),
    *("default_user_input_type", "suggest_reply_info", "background_image_info"),
}


@pytest.fixture
def full_bot(tmp_path: Path) -> Iterator[tuple[ApiClient, str]]:
    """A bot with all settings, made on the cloud, on a studio with the same state."""
    settings = {
        "description": "Knows lakes",
        "prompt_info": {"prompt": "Be brief."},
        "model_info_config": {"model_id": "1", "temperature": 0.5, "context_round": 7, "response_format": "json"},
        "plugin_id_list": {
            "id_list": [
                {"plugin_id": plugin, "api_id": tool} for plugin, tool in (("81", "82"), ("81", "83"), ("9", "84"))
            ]
        },
        "workflow_id_list": {"ids": [{"id": "7420000000000000001"}]},
    }
    with Emulator(data=tmp_path / "state") as cloud, ApiClient(cloud) as api:
        made = api.post("/v1/bot/create", json={"space_id": WORKSPACE, "name": "Guide", **settings})
        bot_id = str(data(made)["bot_id"])
        api.post("/v1/bot/publish", json={"bot_id": bot_id, "connector_ids": ["1024"]})
    with Emulator("studio", data=tmp_path / "state") as studio, ApiClient(studio) as api:
        yield api, bot_id


def test_a_bot_has_the_studios_names_and_numbers(full_bot: tuple[ApiClient, str]) -> None:
    api, bot_id = full_bot
    shown = data(api.get(f"/v1/bots/{bot_id}", params={"is_published": "false"}))
    assert shown.keys() == MEMBERS
    assert (shown["bot_mode"], shown["create_time"], shown["update_time"]) == (0, 0, 0)
    assert shown["model_info"]["response_format"] == 2
    assert shown["model_info"]["short_memory_policy"]["history_round"] == 7
    assert [(tool["plugin_id"], tool["api_id"]) for tool in shown["plugin_info_list"]] == [
        *(("81", "82"), ("81", "83"), ("9", "84"))
    ]
    assert all(tool.keys() == {"plugin_id", "api_id", "api_name"} for tool in shown["plugin_info_list"])
    [workflow] = shown["workflow_info_list"]
    assert workflow.keys() == {"workflow_id", "workflow_name", "desc"}
    assert (workflow["workflow_id"], workflow["workflow_name"]) == ("7420000000000000001", "Book table")


def test_the_online_info_is_bare_and_needs_a_channel(full_bot: tuple[ApiClient, str]) -> None:
    api, bot_id = full_bot
    path = "/v1/bot/get_online_info"
    assert api.get(path, params={"bot_id": bot_id, "connector_id": "1024"}).json().keys() == MEMBERS
    failed = api.get(path, params={"bot_id": bot_id})
    assert (failed.status_code, failed.json()) == (500, {"code": 500, "msg": "internal server error"})


def test_a_bot_is_shown_to_its_creator_and_only_if_it_is_online(full_bot: tuple[ApiClient, str]) -> None:
    api, bot_id = full_bot
    with ApiClient(api.emulator, api.emulator.issue_token(account="other")) as other:
        assert code(other.get(f"/v1/bots/{bot_id}")) == 110000001
    unpublished = api.emulator.add_bot("draft", published=False)
    for query in ({}, {"connector_id": "999"}):
        for unknown in (unpublished, "7"):
            refused = api.get(f"/v1/bots/{unknown}", params=query).json()
            channel = query.get("connector_id", "1024")
            text = f"invalid parameter : agent not published, agentID={unknown} connectorID={channel}"
            assert refused == {"code": 100000000, "msg": text}
