from __future__ import annotations

from typing import Any

import pytest

from tests.support.api_calls import ApiClient, Json, chat_ids, code, data, events, parts, question

CREATE = "/v1/conversation/message/create"
LIST = "/v1/conversation/message/list"


@pytest.fixture
def where(api: ApiClient) -> dict[str, str]:
    """Create a conversation with five messages."""
    where = {"conversation_id": api.conversation()["id"]}
    for number in range(1, 6):
        data(api.post(CREATE, params=where, json=question(str(number))))
    return where


def contents(page: Json) -> str:
    return "".join(message["content"] for message in page["data"])


def test_a_handmade_message_has_no_type_and_is_found_again(api: ApiClient, where: dict[str, str]) -> None:
    made = data(api.post(CREATE, params=where, json=question("6", meta_data={"a": "b"})))
    assert (made["type"], made["chat_id"], made["bot_id"], made["meta_data"]) == ("", "", "", {"a": "b"})
    assert isinstance(made["created_at"], int)
    assert made["updated_at"] == str(made["created_at"])
    found = api.get("/v1/conversation/message/retrieve", params={**where, "message_id": made["id"]})
    assert data(found) == made


def test_the_time_of_a_message_is_a_number_in_its_chat_and_a_text_in_its_conversation(api: ApiClient) -> None:
    """The samples of the documentation differ so; coze-go reads a chat only with numbers."""
    streamed = [item for name, item in events(api.ask("echo", "Hello")) if name == "conversation.message.completed"]
    where = {name: streamed[0][name] for name in ("conversation_id", "chat_id")}
    listed = data(api.get("/v3/chat/message/list", params=where))
    ids = {"conversation_id": where["conversation_id"], "message_id": listed[-1]["id"]}
    deleted = data(api.post("/v1/conversation/message/delete", params=ids))
    assert {type(each["updated_at"]) for each in (*streamed, *listed, deleted)} == {int}
    [question] = api.post(LIST, params={"conversation_id": ids["conversation_id"]}, json={}).json()["data"]
    assert question["updated_at"] == str(question["created_at"])


def test_pages_follow_after_id_in_either_order(api: ApiClient, where: dict[str, str]) -> None:
    for order, expected in (("desc", ["54", "32", "1"]), ("asc", ["12", "34", "5"])):
        seen, after = [], None
        for _ in expected:
            body = {"order": order, "limit": 2, **({"after_id": after} if after else {})}
            page = api.post(LIST, params=where, json=body).json()
            after = page["last_id"]
            assert page["first_id"] == page["data"][0]["id"]
            seen.append((contents(page), page["has_more"]))
        assert seen == [(expected[0], True), (expected[1], True), (expected[2], False)]


def test_before_id_and_both_cursors_cut_a_window(api: ApiClient, where: dict[str, str]) -> None:
    everything = api.post(LIST, params=where, json={"order": "asc"}).json()["data"]
    id_of = {message["content"]: message["id"] for message in everything}

    def listed(**body: Any) -> str:
        return contents(api.post(LIST, params=where, json={"order": "asc", **body}).json())

    assert listed(before_id=id_of["4"]) == "123"
    assert listed(before_id=id_of["4"], limit=2) == "23"
    assert listed(before_id=id_of["5"], after_id=id_of["1"]) == "234"
    assert listed(before_id="0", after_id="0") == "12345"


def test_an_empty_page_has_no_cursors(api: ApiClient) -> None:
    page = api.post(LIST, params={"conversation_id": api.conversation()["id"]}, json={}).json()
    assert (page["data"], page["has_more"], "first_id" in page, "last_id" in page) == ([], False, False, False)


@pytest.mark.parametrize(
    ("body", "expected"),
    [({"limit": 0}, 4000), ({"limit": 51}, 4000), ({"order": "up"}, 4000), ({"after_id": "9"}, 4005)],
)
def test_wrong_lists_are_refused(api: ApiClient, where: dict[str, str], body: Json, expected: int) -> None:
    assert code(api.post(LIST, params=where, json=body)) == expected


def test_a_chat_is_listed_without_what_lies_between(api: ApiClient) -> None:
    chat = events(api.ask("several_answers", "go"))[0][1]
    where = {"conversation_id": chat["conversation_id"]}

    def kinds(**body: Any) -> list[str]:
        return [message["type"] for message in data(api.post(LIST, params=where, json={"order": "asc", **body}))]

    assert kinds() == ["question", "answer", "answer"]
    assert kinds(chat_id=chat["id"]) == ["question", "answer", "answer"]
    assert kinds(chat_id="1") == []
    assert "function_call" in kinds(include_middle_message=True)


def test_a_modified_message_comes_under_its_own_key(api: ApiClient, where: dict[str, str]) -> None:
    made = data(api.post(CREATE, params=where, json=question("old")))
    params = {**where, "message_id": made["id"]}
    new = api.post("/v1/conversation/message/modify", params=params, json={"content": "new", "content_type": "text"})
    assert "data" not in new.json()
    assert new.json()["message"]["content"] == "new"
    new = api.post("/v1/conversation/message/modify", params=params, json={"meta_data": {"a": "b"}})
    assert (new.json()["message"]["content"], new.json()["message"]["meta_data"]) == ("new", {"a": "b"})
    assert code(api.post("/v1/conversation/message/modify", params=params, json={})) == 4000
    assert code(api.post("/v1/conversation/message/modify", params=params, json={"content": "x"})) == 4000


def test_a_deleted_answer_takes_its_calls_along(api: ApiClient) -> None:
    chat = events(api.ask("several_answers", "go"))[0][1]
    answers = [m for m in data(api.get("/v3/chat/message/list", params=chat_ids(chat))) if m["type"] == "answer"]
    params = {"conversation_id": chat["conversation_id"], "message_id": answers[0]["id"]}
    assert data(api.post("/v1/conversation/message/delete", params=params))["id"] == answers[0]["id"]
    left = data(api.get("/v3/chat/message/list", params=chat_ids(chat)))
    assert [message["id"] for message in left] == [answers[1]["id"]]
    assert code(api.post("/v1/conversation/message/delete", params=params)) == 4005


def test_only_questions_and_answers_are_deleted(api: ApiClient) -> None:
    chat = events(api.ask("echo", "go"))[0][1]
    verbose = data(api.get("/v3/chat/message/list", params=chat_ids(chat)))[0]
    params = {"conversation_id": chat["conversation_id"], "message_id": verbose["id"]}
    assert code(api.post("/v1/conversation/message/delete", params=params)) == 4005


def test_feedback_is_set_and_removed(api: ApiClient, where: dict[str, str]) -> None:
    message_id = data(api.post(LIST, params=where, json={}))[0]["id"]
    path = f"/v1/conversations/{where['conversation_id']}/messages/{message_id}/feedback"
    good = {"feedback_type": "like", "reason_types": ["clear"], "comment": "thanks"}
    for response in (api.post(path, json=good), api.delete(path)):
        assert (code(response), "data" in response.json()) == (0, False)
    for change in (
        {"feedback_type": "love"},
        {"reason_types": ["r"] * 11},
        {"reason_types": ["r" * 31]},
        {"comment": "c" * 251},
    ):
        assert code(api.post(path, json={**good, **change})) == 4000
    assert code(api.delete(path.replace(message_id, "1"))) == 4005


@pytest.mark.parametrize(
    "wrong",
    [
        question(""),
        question("x", role="system"),
        {"role": "user", "content": "x"},
        parts({"type": "text", "text": "x"}),
    ],
)
def test_wrong_messages_are_refused(api: ApiClient, where: dict[str, str], wrong: Json) -> None:
    assert code(api.post(CREATE, params=where, json=wrong)) == 4000
    assert code(api.post(CREATE, params={"conversation_id": "1"}, json=question("x"))) == 4002
