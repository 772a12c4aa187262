"""Conversations of a self-hosted coze-studio and the messages in them, as its source (commit 4f786d6) answers."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, Json, answer, data, events, question


def test_a_conversation_has_other_fields_in_every_reply(studio_api: ApiClient) -> None:
    base = {"id", "created_at", "meta_data", "connector_id", "last_section_id"}
    created = studio_api.conversation(bot_id="7", name="ignored", user_id="ada")
    assert created.keys() == base | {"user_id"}
    assert (created["user_id"], created["meta_data"]) == ("ada", None)
    assert created["last_section_id"] != created["id"]
    renamed = data(studio_api.put(f"/v1/conversations/{created['id']}", json={"name": "tour"}))
    assert (renamed.keys(), renamed["name"]) == (base | {"name"}, "tour")
    where = {"conversation_id": created["id"]}
    found = studio_api.get("/v1/conversation/retrieve", params=where).json()["ConversationData"]
    assert found.keys() == base | {"name", "creator_d"}
    [listed] = conversations(studio_api, page_size="5")["conversations"]
    assert listed.keys() == base | {"name", "user_id"}


def conversations(api: ApiClient, **params: str) -> Json:
    return dict(data(api.get("/v1/conversations", params={"bot_id": "7", **params})))


def test_meta_data_of_a_conversation_is_kept(studio_api: ApiClient) -> None:
    created = studio_api.conversation(meta_data={"ticket": "7"})
    where = {"conversation_id": created["id"]}
    found = studio_api.get("/v1/conversation/retrieve", params=where).json()["ConversationData"]
    assert created["meta_data"] == found["meta_data"] == {"ticket": "7"}


def test_a_deleted_conversation_only_leaves_the_list(studio_api: ApiClient) -> None:
    conversation_id = studio_api.conversation(bot_id="7")["id"]
    studio_api.ask("echo", "before", conversation_id)
    deleted = studio_api.delete(f"/v1/conversations/{conversation_id}")
    assert deleted.json() == {"code": 0, "msg": "", "BaseResp": None}
    assert conversations(studio_api, page_size="5")["conversations"] == []
    chat = events(studio_api.ask("echo", "after", conversation_id))[0][1]
    assert chat["conversation_id"] == conversation_id
    where = {"conversation_id": conversation_id}
    assert studio_api.get("/v1/conversation/retrieve", params=where).json()["code"] == 0
    assert len(studio_api.post("/v1/conversation/message/list", params=where, json={}).json()["data"]) == 4


@pytest.mark.parametrize("count", range(4))
def test_a_list_without_a_size_lacks_the_last_and_promises_more(studio_api: ApiClient, count: int) -> None:
    made = [studio_api.conversation(bot_id="7")["id"] for _ in range(count)][::-1]
    page = conversations(studio_api)
    assert [each["id"] for each in page["conversations"]] == made[:-1]
    assert page["has_more"] is (count > 0)
    sized = conversations(studio_api, page_size="2", page_num="2")
    assert [each["id"] for each in sized["conversations"]] == made[2:4]


# --- the messages of a conversation ---


def test_messages_that_were_saved_together_are_lost_behind_a_cursor(studio_api: ApiClient) -> None:
    given = [question("one"), answer("two"), question("three"), question("four")]
    chat = events(studio_api.ask("echo", "", additional_messages=given))[0][1]
    where = {"conversation_id": chat["conversation_id"]}

    def listed(**body: Any) -> tuple[list[str], str, bool]:
        page = studio_api.post("/v1/conversation/message/list", params=where, json=body).json()
        return [item["content"] for item in page.get("data", [])], page["last_id"], page["has_more"]

    texts, last, more = listed(limit=3)
    assert (texts, more) == (["four", "four", "three"], True)
    assert listed(after_id=last) == ([], "0", False)


def test_a_cursor_that_is_no_message_is_an_internal_error(studio_api: ApiClient) -> None:
    conversation_id = events(studio_api.ask("echo", "hi"))[0][1]["conversation_id"]
    for cursor in ("after_id", "before_id"):
        response = studio_api.post(
            "/v1/conversation/message/list", params={"conversation_id": conversation_id}, json={cursor: "9"}
        )
        assert (response.status_code, response.json()) == (500, {"code": 500, "msg": "internal server error"})


def test_only_questions_and_answers_are_listed(studio: Emulator, studio_api: ApiClient) -> None:
    chat = events(studio_api.ask("several_answers", "hi"))[0][1]
    response = studio_api.post(
        "/v1/conversation/message/list",
        params={"conversation_id": chat["conversation_id"]},
        json={"include_middle_message": True},
    )
    assert {item["type"] for item in response.json()["data"]} == {"question", "answer"}
    assert all("updated_at" in item and "reasoning_content" in item for item in response.json()["data"])
