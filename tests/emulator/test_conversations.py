from __future__ import annotations

import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, answer, code, data, events, message_texts, question


def test_a_conversation_keeps_what_it_was_created_with(api: ApiClient) -> None:
    created = api.conversation(name="Trip", meta_data={"a": "b"}, messages=[question("hi"), answer("ho")])
    found = data(api.get("/v1/conversation/retrieve", params={"conversation_id": created["id"]}))
    assert found == created
    assert (found["name"], found["meta_data"], found["last_section_id"]) == ("Trip", {"a": "b"}, created["id"])
    listed = api.post("/v1/conversation/message/list", params={"conversation_id": created["id"]}, json={})
    assert [message["content"] for message in data(listed)] == ["ho", "hi"]


def test_conversations_are_listed_by_bot_in_pages(api: ApiClient) -> None:
    bot_id = api.emulator.bots["echo"]
    made = [api.conversation(bot_id=bot_id)["id"] for _ in range(5)]
    api.conversation(bot_id=api.emulator.bots["slow"])
    api.conversation()

    def page(**params: object) -> tuple[list[str], bool]:
        found = data(api.get("/v1/conversations", params={"bot_id": bot_id, **params}))  # type: ignore[dict-item]
        return [item["id"] for item in found["conversations"]], found["has_more"]

    assert page() == (made[::-1], False)
    assert page(page_num=1, page_size=3) == (made[:1:-1], True)
    assert page(page_num=2, page_size=3) == (made[1::-1], False)
    assert page(sort_order="ASC", page_size=2) == (made[:2], True)
    assert page(connector_id="999") == ([], False)


@pytest.mark.parametrize("wrong", [{"page_size": 51}, {"page_num": 0}, {"sort_order": "UP"}, {"page_num": "x"}])
def test_wrong_pages_are_refused(api: ApiClient, wrong: dict[str, str]) -> None:
    assert code(api.get("/v1/conversations", params={"bot_id": "1", **wrong})) == 4000
    assert code(api.get("/v1/conversations")) == 4000


def test_a_conversation_is_renamed(api: ApiClient) -> None:
    path = f"/v1/conversations/{api.conversation()['id']}"
    assert data(api.put(path, json={"name": "New"}))["name"] == "New"
    assert code(api.put(path, json={"name": "n" * 101})) == 4000
    assert code(api.put(path, json={})) == 4000


def test_clearing_hides_the_past_from_the_bot_and_keeps_it_listed(api: ApiClient) -> None:
    chat = events(api.ask("assistant", "my name is Ada"))[0][1]
    conversation_id = chat["conversation_id"]
    cleared = data(api.post(f"/v1/conversations/{conversation_id}/clear"))
    assert (cleared["conversation_id"], cleared["id"] == chat["section_id"]) == (conversation_id, False)
    assert message_texts(api.ask("assistant", "what is my name", conversation_id)) == [
        "You have not told me your name."
    ]
    listed = api.post("/v1/conversation/message/list", params={"conversation_id": conversation_id}, json={})
    assert len(data(listed)) == 4


def test_a_deleted_conversation_is_gone(api: ApiClient) -> None:
    conversation_id = api.conversation()["id"]
    gone = api.delete(f"/v1/conversations/{conversation_id}")
    assert "data" not in gone.json()
    assert code(api.get("/v1/conversation/retrieve", params={"conversation_id": conversation_id})) == 4002
    assert api.conversation()["id"] != conversation_id


def test_conversations_of_other_accounts_are_unknown(api: ApiClient, emulator: Emulator) -> None:
    conversation_id = api.conversation(bot_id="1")["id"]
    with ApiClient(emulator, emulator.issue_token(account="7")) as other:
        assert code(other.get("/v1/conversation/retrieve", params={"conversation_id": conversation_id})) == 4002
        assert code(other.put(f"/v1/conversations/{conversation_id}", json={"name": "mine"})) == 4002
        assert code(other.delete(f"/v1/conversations/{conversation_id}")) == 4002
        assert code(other.ask("echo", "hi", conversation_id)) == 4002
        assert data(other.get("/v1/conversations", params={"bot_id": "1"}))["conversations"] == []


def test_metadata_over_its_limit_is_refused(api: ApiClient) -> None:
    assert code(api.post("/v1/conversation/create", json={"meta_data": {"k": ""}})) == 4003
    assert code(api.post("/v1/conversation/create", json={"name": "n" * 101})) == 4000
    assert code(api.post("/v1/conversation/create", json={"messages": [question("hi", role="tool")]})) == 4000
