"""Bots that the API creates, changes and publishes: their settings in replies, and the version that chats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from coze_client.emulator import Clock, Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.support.api_calls import ApiClient, Json, code, data, message_texts
from tests.support.slices import CITIES, LAKES, add_dataset


def create(api: ApiClient, name: str = "Guide", **more: Any) -> str:
    return str(data(api.post("/v1/bot/create", json={"space_id": WORKSPACE, "name": name, **more}))["bot_id"])


def update(api: ApiClient, bot_id: str, **changes: Any) -> None:
    assert code(api.post("/v1/bot/update", json={"bot_id": bot_id, **changes})) == 0


def publish(api: ApiClient, bot_id: str, *channels: str) -> str:
    body = {"bot_id": bot_id, "connector_ids": channels or ["1024"]}
    made = data(api.post("/v1/bot/publish", json=body))
    assert made["bot_id"] == bot_id
    return str(made["version"])


def shown(api: ApiClient, bot_id: str, **query: str) -> Json:
    return dict(data(api.get(f"/v1/bots/{bot_id}", params=query)))


def listed(api: ApiClient, **query: Any) -> list[Json]:
    return list(data(api.get("/v1/bots", params={"workspace_id": WORKSPACE, **query}))["items"])


def recalled(response: httpx.Response) -> list[str]:
    contents = [json.loads(content) for content in message_texts(response, "verbose")]
    [recall] = [content["data"] for content in contents if content["msg_type"] == "knowledge_recall"]
    return [chunk["slice"] for chunk in json.loads(recall)["chunks"] or ()]


def test_a_new_bot_is_a_draft_that_chats_as_one_only(api: ApiClient) -> None:
    bot = create(api)
    assert code(api.ask(bot, "Hello")) == 4015
    assert code(api.get(f"/v1/bots/{bot}")) == 4015
    assert message_texts(api.ask(bot, "Hello", publish_status="unpublished_draft")) == ["You said: Hello"]
    publish(api, bot)
    assert message_texts(api.ask(bot, "Hello")) == ["You said: Hello"]


def test_what_was_set_is_told_again(api: ApiClient, emulator: Emulator) -> None:
    icon = api.upload("icon.png")["id"]
    dataset = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    bot = create(
        api,
        description="Knows lakes",
        icon_file_id=icon,
        prompt_info={"prompt": "Be brief."},
        onboarding_info={"prologue": "Hi!", "suggested_questions": ["Where?"]},
        suggest_reply_info={"reply_mode": "disable"},
        model_info_config={"model_id": "1", "temperature": 0.5},
        plugin_id_list={"id_list": [{"plugin_id": "81", "api_id": "82"}, {"plugin_id": "81", "api_id": "83"}]},
        workflow_id_list={"ids": [{"id": emulator.workflows["book_table"]}, {"id": "9"}]},
    )
    update(api, bot, knowledge={"dataset_ids": [dataset]})
    details = shown(api, bot, is_published="false")
    assert (details["bot_id"], details["version"]) == (bot, "")
    assert (details["name"], details["description"]) == ("Guide", "Knows lakes")
    assert icon in details["icon_url"]
    assert details["prompt_info"] == {"prompt": "Be brief."}
    assert details["onboarding_info"] == {"prologue": "Hi!", "suggested_questions": ["Where?"]}
    assert details["suggest_reply_info"] == {"reply_mode": "disable"}
    assert (details["model_info"]["model_id"], details["model_info"]["temperature"]) == ("1", 0.5)
    [plugin] = details["plugin_info_list"]
    assert [tool["api_id"] for tool in plugin["api_info_list"]] == ["82", "83"]
    assert [workflow["name"] for workflow in details["workflow_info_list"]] == ["Book table", ""]
    assert details["knowledge"] == {"knowledge_infos": [{"id": dataset, "name": "Lakes"}]}


def test_an_update_changes_the_draft_and_only_what_is_given(api: ApiClient) -> None:
    bot = create(api, description="old", onboarding_info={"prologue": "Hi!"})
    version = publish(api, bot)
    update(api, bot, name="Renamed", onboarding_info={"suggested_questions": ["Why?"]})
    online, draft = shown(api, bot), shown(api, bot, is_published="false")
    assert (online["name"], online["version"], online["onboarding_info"]["prologue"]) == ("Guide", version, "Hi!")
    assert (draft["name"], draft["description"]) == ("Renamed", "old")
    assert draft["onboarding_info"] == {"prologue": "", "suggested_questions": ["Why?"]}
    publish(api, bot)
    assert shown(api, bot)["name"] == "Renamed"
    assert data(api.get("/v1/bot/get_online_info", params={"bot_id": bot}))["name"] == "Renamed"


def test_the_datasets_of_draft_version_and_online_are_their_own(api: ApiClient, emulator: Emulator) -> None:
    lakes = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    cities = add_dataset(emulator, "Cities", {"cities.txt": CITIES})
    bot = create(api)
    update(api, bot, knowledge={"dataset_ids": [lakes]})
    first = publish(api, bot)
    update(api, bot, knowledge={"dataset_ids": [cities]})
    asked = "Is Paris at Lake Geneva?"
    assert recalled(api.ask(bot, asked))[0] == LAKES[0]
    assert recalled(api.ask(bot, asked, publish_status="unpublished_draft")) == [CITIES[0]]
    publish(api, bot)
    assert recalled(api.ask(bot, asked)) == [CITIES[0]]
    assert recalled(api.ask(bot, asked, bot_version=first))[0] == LAKES[0]
    assert code(api.ask(bot, asked, bot_version="1")) == 4006
    assert message_texts(api.ask(bot, asked))[0].endswith("Sources: [1] cities.txt")


def test_knowledge_on_demand_is_not_looked_into(api: ApiClient, emulator: Emulator) -> None:
    lakes = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    bot = create(api)
    update(api, bot, knowledge={"dataset_ids": [lakes], "auto_call": False, "search_strategy": 20})
    response = api.ask(bot, "Lake Geneva?", publish_status="unpublished_draft")
    assert message_texts(response) == ["I did not look into my documents."]
    assert "knowledge_recall" not in response.text


def test_datasets_are_bound_by_updates_and_unbound_by_an_empty_list(api: ApiClient, emulator: Emulator) -> None:
    lakes = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    bot = create(api, knowledge={"dataset_ids": [lakes]})
    assert shown(api, bot, is_published="false")["knowledge"]["knowledge_infos"] == []
    update(api, bot, knowledge={"dataset_ids": [lakes]})
    update(api, bot, name="Other")
    assert shown(api, bot, is_published="false")["knowledge"]["knowledge_infos"] != []
    [dataset] = data(api.get("/v1/datasets", params={"space_id": WORKSPACE}))["dataset_list"]
    assert dataset["bot_used_count"] == 1
    update(api, bot, knowledge={"dataset_ids": []})
    assert shown(api, bot, is_published="false")["knowledge"]["knowledge_infos"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "n" * 21},
        {"description": "d" * 501},
        {"prompt_info": {"prompt": "p" * 20_001}},
        {"prompt_info": "Be brief."},
        {"onboarding_info": {"prologue": "p" * 301}},
        {"onboarding_info": {"suggested_questions": ["q" * 51]}},
        {"onboarding_info": {"suggested_questions": "q"}},
        {"suggest_reply_info": {"reply_mode": "sometimes"}},
        {"icon_file_id": "7490000000000009999"},
        {"plugin_id_list": {"id_list": [{"plugin_id": "81"}]}},
        {"workflow_id_list": {"ids": ["9"]}},
        {"knowledge": {"dataset_ids": ["7440000000000009999"]}},
        {"knowledge": {"dataset_ids": ["1"] * 151}},
        {"knowledge": {"dataset_ids": [7440000000000009999]}},
        {"knowledge": {"auto_call": "yes"}},
        {"knowledge": {"search_strategy": 2}},
    ],
)
def test_settings_that_break_a_rule_change_nothing(api: ApiClient, change: Json) -> None:
    bot = create(api)
    before = shown(api, bot, is_published="false")
    assert code(api.post("/v1/bot/update", json={"bot_id": bot, **change})) == 4000
    assert shown(api, bot, is_published="false") == before
    if "knowledge" not in change:
        assert code(api.post("/v1/bot/create", json={"space_id": WORKSPACE, "name": "n", **change})) == 4000


def test_a_name_of_twenty_characters_is_taken_in_any_script(api: ApiClient) -> None:
    bot = create(api, "湖" * 20)
    assert shown(api, bot, is_published="false")["name"] == "湖" * 20
    assert code(api.post("/v1/bot/create", json={"name": "no space"})) == 4000
    assert code(api.post("/v1/bot/create", json={"space_id": WORKSPACE})) == 4000


def test_a_bot_taken_out_of_the_api_channel_does_not_chat(api: ApiClient) -> None:
    bot = create(api)
    publish(api, bot, "1024", "999")
    assert code(api.post(f"/v1/bots/{bot}/unpublish", json={"connector_id": "1024"})) == 0
    assert code(api.ask(bot, "Hello")) == 4015
    assert code(api.post(f"/v1/bots/{bot}/unpublish", json={"connector_id": "1024"})) == 4015
    assert code(api.post(f"/v1/bots/{bot}/unpublish", json={})) == 4000
    reason = {"connector_id": "999", "unpublish_reason": "r" * 1025}
    assert code(api.post(f"/v1/bots/{bot}/unpublish", json=reason)) == 4000
    assert [item["id"] for item in listed(api, connector_id="999")] == [bot]


@pytest.mark.parametrize("channels", [[], ["7"], ["999", "7"], "1024"])
def test_a_bot_is_published_to_channels_that_go_together(api: ApiClient, channels: Any) -> None:
    bot = create(api)
    assert code(api.post("/v1/bot/publish", json={"bot_id": bot, "connector_ids": channels})) == 4000
    assert publish(api, bot, "1024", "7")


def test_lists_tell_drafts_changes_and_what_is_online(api: ApiClient) -> None:
    draft, plain, changed = (create(api, name) for name in ("draft", "plain", "changed"))
    publish(api, plain)
    publish(api, changed)
    update(api, changed, name="newer")

    def names(**query: str) -> set[str]:
        return {item["name"] for item in listed(api, **query)} - api.emulator.bots.keys()

    assert names() == names(publish_status="published_online") == {"plain", "changed"}
    assert names(publish_status="published_draft") == {"newer"}
    assert names(publish_status="unpublished_draft") == {"draft"}
    assert names(publish_status="all") == {"draft", "plain", "newer"}
    items = {item["id"]: item for item in listed(api, publish_status="all")}
    assert (items[draft]["is_published"], "published_at" in items[draft]) == (False, False)
    assert (items[plain]["is_published"], items[plain]["published_at"] > 0) == (True, True)


def test_lists_have_pages_and_a_total(api: ApiClient, emulator: Emulator) -> None:
    whole = listed(api)
    assert {item["id"] for item in whole} == set(emulator.bots.values())
    page = data(api.get("/v1/bots", params={"workspace_id": WORKSPACE, "page_num": "2", "page_size": "4"}))
    assert (page["items"], page["total"]) == (whole[4:8], len(whole))
    assert code(api.get("/v1/bots")) == 4000
    assert listed(api, workspace_id="7340000000000009999") == []


def test_the_older_list_has_its_own_words(api: ApiClient, emulator: Emulator) -> None:
    bot = create(api)
    publish(api, bot)
    create(api, "draft")
    where = {"space_id": WORKSPACE, "page_size": "4"}
    pages = [data(api.get("/v1/space/published_bots_list", params={**where, "page_index": n})) for n in "123"]
    bots = [each for page in pages for each in page["space_bots"]]
    assert [each["bot_id"] for each in bots] == [*emulator.bots.values(), bot]
    assert {page["total"] for page in pages} == {len(bots)}
    assert (bots[-1]["bot_name"], bots[-1]["publish_time"].isdigit()) == ("Guide", True)


def test_versions_are_listed_newest_first() -> None:
    clock = Clock(1_768_380_200.5)
    with Emulator(clock=clock) as emulator, ApiClient(emulator) as api:
        bot = create(api)
        names = [publish(api, bot), publish(api, bot), publish(api, bot, "999")]
        assert names == ["1768380200500", "1768380200501", "1768380200502"]

        def found(**query: str) -> tuple[list[str], bool]:
            page = data(api.get(f"/v1/bots/{bot}/versions", params=query))
            return [item["version"] for item in page["items"]], page["has_more"]

        assert found() == (names[1::-1], False)
        assert found(page_size="1") == ([names[1]], True)
        assert found(page_size="1", page_num="2") == ([names[0]], False)
        assert found(connector_id="999") == ([names[2]], False)
        assert found(publish_status="unpublished_draft") == ([], False)
        assert code(api.get(f"/v1/bots/{bot}/versions", params={"page_size": "31"})) == 4000


def test_scripted_bots_are_bots_like_others(api: ApiClient, emulator: Emulator) -> None:
    echo = emulator.bots["echo"]
    assert shown(api, echo)["name"] == "echo"
    lakes = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    update(api, echo, knowledge={"dataset_ids": [lakes]})
    publish(api, echo)
    response = api.ask("echo", "Lake Geneva?")
    assert (recalled(response), message_texts(response)) == (list(LAKES), ["Lake Geneva?"])
    hidden = emulator.add_bot("hidden", published=False)
    assert code(api.get(f"/v1/bots/{hidden}")) == 4015
    publish(api, hidden)
    assert message_texts(api.ask(hidden, "Hello")) == ["You said: Hello"]


def test_only_its_owner_changes_a_bot(api: ApiClient, emulator: Emulator) -> None:
    bot = create(api)
    publish(api, bot)
    with ApiClient(emulator, emulator.issue_token(account="2478774393250009999")) as stranger:
        assert code(stranger.post("/v1/bot/update", json={"bot_id": bot, "name": "mine"})) == 4101
        assert code(stranger.post("/v1/bot/publish", json={"bot_id": bot, "connector_ids": ["1024"]})) == 4101
        assert code(stranger.post(f"/v1/bots/{bot}/unpublish", json={"connector_id": "1024"})) == 4101
        assert code(stranger.get(f"/v1/bots/{bot}", params={"is_published": "false"})) == 4101
        assert shown(stranger, bot)["name"] == "Guide"


def test_an_unknown_bot_is_4006_and_a_narrow_token_4101(api: ApiClient, emulator: Emulator) -> None:
    unknown = "7352000000000009999"
    assert code(api.post("/v1/bot/update", json={"bot_id": unknown})) == 4006
    assert code(api.get(f"/v1/bots/{unknown}")) == 4006
    assert code(api.get(f"/v1/bots/{unknown}/versions")) == 4006
    with ApiClient(emulator, emulator.issue_token(["chat"])) as narrow:
        assert code(narrow.get("/v1/bots", params={"workspace_id": WORKSPACE})) == 4101


def test_bots_outlive_the_emulator_in_its_file(tmp_path: Path) -> None:
    with Emulator(data=tmp_path / "state.db") as emulator, ApiClient(emulator) as api:
        bot = create(api)
        publish(api, bot)
    with Emulator(data=tmp_path / "state.db") as emulator, ApiClient(emulator) as api:
        assert shown(api, bot)["name"] == "Guide"
        assert message_texts(api.ask(bot, "Hello")) == ["You said: Hello"]
        assert create(api) != bot


def test_the_studio_shows_bots_and_makes_none(studio_api: ApiClient) -> None:
    echo = studio_api.emulator.bots["echo"]
    assert shown(studio_api, echo)["name"] == "echo"
    online = studio_api.get("/v1/bot/get_online_info", params={"bot_id": echo, "connector_id": "1024"})
    assert online.json()["bot_id"] == echo
    assert studio_api.post("/v1/bot/create", json={"space_id": WORKSPACE, "name": "Guide"}).status_code == 401
    assert studio_api.get("/v1/workspaces").status_code == 401


def test_there_is_one_workspace(api: ApiClient) -> None:
    [workspace] = data(api.get("/v1/workspaces"))["workspaces"]
    assert (workspace["id"], workspace["role_type"]) == (WORKSPACE, "owner")
    assert data(api.get("/v1/workspaces", params={"page_num": "2"})) == {"workspaces": [], "total_count": 1}
    assert code(api.get("/v1/workspaces", params={"user_id": "1"})) == 4000
    assert code(api.get("/v1/workspaces", params={"page_size": "51"})) == 4000


def test_a_chatflow_finds_the_conversation_that_was_made_for_it(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow(chatflow=True, app_id="7")
    def greet(words: str) -> str:
        return f"Hello, {words}"

    body = {"app_id": "7", "workflow_id": greet.id, "conversation_name": "support"}
    made = data(api.post("/v1/workflow/conversation/create", json=body))
    again = data(api.post("/v1/workflow/conversation/create", json={**body, "get_or_create": True}))
    assert (again["id"], made["last_section_id"]) == (made["id"], made["id"])
    assert code(api.post("/v1/workflow/conversation/create", json={**body, "workflow_id": None})) == 4000
    message = {"role": "user", "content": "Ada", "content_type": "text"}
    asked = {
        "workflow_id": greet.id,
        "app_id": "7",
        "additional_messages": [message],
        "parameters": {"CONVERSATION_NAME": "support"},
    }
    response = api.post("/v1/workflows/chat", json=asked)
    assert f'"conversation_id":"{made["id"]}"' in response.text
    assert "Hello, Ada" in response.text
