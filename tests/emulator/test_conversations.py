from __future__ import annotations

import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import Wire, answer, code, data, events, question, text


def test_a_conversation_keeps_what_it_was_created_with(wire: Wire) -> None:
    created = wire.conversation(name="Trip", meta_data={"a": "b"}, messages=[question("hi"), answer("ho")])
    found = data(wire.get("/v1/conversation/retrieve", params={"conversation_id": created["id"]}))
    assert found == created
    assert (found["name"], found["meta_data"], found["last_section_id"]) == ("Trip", {"a": "b"}, created["id"])
    listed = wire.post("/v1/conversation/message/list", params={"conversation_id": created["id"]}, json={})
    assert [message["content"] for message in data(listed)] == ["ho", "hi"]


def test_conversations_are_listed_by_bot_in_pages(wire: Wire) -> None:
    bot_id = wire.emulator.bots["echo"]
    made = [wire.conversation(bot_id=bot_id)["id"] for _ in range(5)]
    wire.conversation(bot_id=wire.emulator.bots["slow"])
    wire.conversation()

    def page(**params: object) -> tuple[list[str], bool]:
        found = data(wire.get("/v1/conversations", params={"bot_id": bot_id, **params}))  # type: ignore[dict-item]
        return [item["id"] for item in found["conversations"]], found["has_more"]

    assert page() == (made[::-1], False)
    assert page(page_num=1, page_size=3) == (made[:1:-1], True)
    assert page(page_num=2, page_size=3) == (made[1::-1], False)
    assert page(sort_order="ASC", page_size=2) == (made[:2], True)
    assert page(connector_id="999") == ([], False)


@pytest.mark.parametrize("wrong", [{"page_size": 51}, {"page_num": 0}, {"sort_order": "UP"}, {"page_num": "x"}])
def test_wrong_pages_are_refused(wire: Wire, wrong: dict[str, str]) -> None:
    assert code(wire.get("/v1/conversations", params={"bot_id": "1", **wrong})) == 4000
    assert code(wire.get("/v1/conversations")) == 4000


def test_a_conversation_is_renamed(wire: Wire) -> None:
    path = f"/v1/conversations/{wire.conversation()['id']}"
    assert data(wire.put(path, json={"name": "New"}))["name"] == "New"
    assert code(wire.put(path, json={"name": "n" * 101})) == 4000
    assert code(wire.put(path, json={})) == 4000


def test_clearing_hides_the_past_from_the_bot_and_keeps_it_listed(wire: Wire) -> None:
    told = events(wire.ask("assistant", "my name is Ada"))[0][1]
    conversation_id = told["conversation_id"]
    cleared = data(wire.post(f"/v1/conversations/{conversation_id}/clear"))
    assert (cleared["conversation_id"], cleared["id"] == told["section_id"]) == (conversation_id, False)
    assert text(wire.ask("assistant", "what is my name", conversation_id)) == ["You have not told me your name."]
    listed = wire.post("/v1/conversation/message/list", params={"conversation_id": conversation_id}, json={})
    assert len(data(listed)) == 4


def test_a_deleted_conversation_is_gone(wire: Wire) -> None:
    conversation_id = wire.conversation()["id"]
    gone = wire.delete(f"/v1/conversations/{conversation_id}")
    assert "data" not in gone.json()
    assert code(wire.get("/v1/conversation/retrieve", params={"conversation_id": conversation_id})) == 4002
    assert wire.conversation()["id"] != conversation_id


def test_conversations_of_other_accounts_are_unknown(wire: Wire, emulator: Emulator) -> None:
    conversation_id = wire.conversation(bot_id="1")["id"]
    with Wire(emulator, emulator.issue_token(account="7")) as other:
        assert code(other.get("/v1/conversation/retrieve", params={"conversation_id": conversation_id})) == 4002
        assert code(other.put(f"/v1/conversations/{conversation_id}", json={"name": "mine"})) == 4002
        assert code(other.delete(f"/v1/conversations/{conversation_id}")) == 4002
        assert code(other.ask("echo", "hi", conversation_id)) == 4002
        assert data(other.get("/v1/conversations", params={"bot_id": "1"}))["conversations"] == []


def test_metadata_over_its_limit_is_refused(wire: Wire) -> None:
    assert code(wire.post("/v1/conversation/create", json={"meta_data": {"k": ""}})) == 4003
    assert code(wire.post("/v1/conversation/create", json={"name": "n" * 101})) == 4000
    assert code(wire.post("/v1/conversation/create", json={"messages": [question("hi", role="tool")]})) == 4000
