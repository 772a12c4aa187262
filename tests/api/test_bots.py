"""Bots: created, changed, published and listed against the emulator, and read from recorded samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from coze_client import CozeError, InvalidRequest
from coze_client.api.bots.resource import Bots
from coze_client.api.bots.values import Bot, BotKnowledge, BotModelInfo, BotPromptInfo, BotSuggestReplyInfo
from coze_client.core.model import convert
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from coze_client.errors import ConfigurationError
from tests.support.clients import ConnectedClient, Driver

SAMPLES = Path(__file__).parent.parent / "data" / "bots"


def answering(driver: Driver, *samples: str) -> Any:
    """A client whose server returns these recorded bodies, one per request."""
    answers = iter(samples)
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, content=(SAMPLES / f"{next(answers)}.json").read_bytes())
    )
    return driver.client("t", base_url="http://coze", transport=transport)


def test_a_bot_is_made_changed_published_and_taken_back(coze: ConnectedClient) -> None:
    bots = coze.client.bots
    bot_id = coze.run(bots.create(name="Porter", workspace_id=WORKSPACE, prompt_info=BotPromptInfo(prompt="Be brief.")))
    draft = coze.run(bots.retrieve(bot_id=bot_id, is_published=False))
    assert (draft.bot_id, draft.name, draft.prompt_info.prompt) == (bot_id, "Porter", "Be brief.")
    with pytest.raises(InvalidRequest, match="4015"):
        coze.run(bots.retrieve(bot_id=bot_id))
    version = coze.run(bots.publish(bot_id=bot_id))
    assert version
    assert coze.run(bots.update(bot_id=bot_id, description="Carries bags")) is None
    assert coze.run(bots.retrieve(bot_id=bot_id)).description == ""
    assert coze.run(bots.retrieve(bot_id=bot_id, is_published=False)).description == "Carries bags"
    assert [found.version for found in coze.collect(bots.versions(bot_id=bot_id))] == [version]
    assert coze.run(bots.unpublish(bot_id=bot_id, unpublish_reason="done")) is None
    with pytest.raises(InvalidRequest, match="4015"):
        coze.run(bots.retrieve(bot_id=bot_id))


def test_datasets_are_bound_by_what_was_read_and_what_is_new(coze: ConnectedClient) -> None:
    first, second = (coze.emulator.add_dataset(name, {"a.txt": name}) for name in ("one", "two"))
    bot_id = coze.run(coze.client.bots.create(name="Porter", workspace_id=WORKSPACE))
    coze.run(coze.client.bots.update(bot_id=bot_id, knowledge=BotKnowledge(dataset_ids=(first,), auto_call=True)))
    bound = coze.run(coze.client.bots.retrieve(bot_id=bot_id, is_published=False)).knowledge.dataset_ids
    coze.run(coze.client.bots.update(bot_id=bot_id, knowledge={"dataset_ids": [*bound, second]}))
    assert coze.run(coze.client.bots.retrieve(bot_id=bot_id, is_published=False)).knowledge.dataset_ids == (
        first,
        second,
    )


@pytest.mark.parametrize("size", [1, 2, 3, 20])
def test_every_bot_is_listed_once_whatever_the_page_size(coze: ConnectedClient, size: int) -> None:
    made = [coze.run(coze.client.bots.create(name=f"b{n}", workspace_id="7340000000000000009")) for n in range(4)]
    listing = coze.client.bots.list(workspace_id="7340000000000000009", publish_status="all", page_size=size)
    before = len(coze.emulator.calls)
    found = coze.collect(listing)
    assert [entry.bot_id for entry in found] == made
    assert [entry.is_published for entry in found] == [False] * 4
    assert len(coze.emulator.calls) - before == -(-4 // size)
    assert coze.collect(coze.client.bots.list(workspace_id="7340000000000000009")) == []


@pytest.mark.parametrize("size", [1, 2, 30])
def test_every_version_is_listed_once_whatever_the_page_size(coze: ConnectedClient, size: int) -> None:
    bot_id = coze.run(coze.client.bots.create(name="Porter", workspace_id=WORKSPACE))
    made = [coze.run(coze.client.bots.publish(bot_id=bot_id)) for _ in range(3)]
    found = coze.collect(coze.client.bots.versions(bot_id=bot_id, page_size=size))
    assert [version.version for version in found] == made[::-1]


def test_a_full_bot_is_read_with_all_its_parts(driver: Driver) -> None:
    bot = driver.run(answering(driver, "bot_retrieve_full").bots.retrieve(bot_id="1"))
    assert (bot.name, bot.version, bot.bot_mode) == ("Live", "1768380200123", 0)
    assert bot.prompt_info.prompt.endswith("Be brief.")
    assert bot.onboarding_info.suggested_questions == ("When is the next train?",)
    assert bot.knowledge.dataset_ids == ("7410000000000000001",)
    assert bot.model_info.context_round == 3
    assert bot.plugin_info_list[0].api_info_list[0].name == "now"
    assert bot.workflow_info_list[0].id == "7420000000000000001"
    assert bot.variables[0].keyword == "city"
    assert bot.shortcut_commands[0].components[0]["tool_parameter"] == "query"
    assert "background_image_info" in (bot.model_extra or {})


def test_a_sparse_bot_with_unknown_values_is_read(driver: Driver) -> None:
    bot = driver.run(answering(driver, "bot_retrieve_sparse_unknown_enums").bots.retrieve(bot_id="1"))
    assert (bot.bot_mode, bot.default_user_input_type, bot.suggest_reply_info.reply_mode) == (
        7,
        "telepathy",
        "sometimes",
    )
    assert bot.knowledge.dataset_ids == ()
    assert bot.onboarding_info.suggested_questions == ()
    assert bot.name == ""


def test_an_opening_in_capitals_is_read_too() -> None:
    fields = {"Prologue": "Hello", "SuggestedQuestions": ["Why?"], "OnboardingMode": 2}
    opening = Bot.model_validate({"onboarding_info": fields}).onboarding_info
    assert (opening.prologue, opening.suggested_questions) == ("Hello", ("Why?",))


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({"knowledge_infos": [{"id": 7, "name": "a"}, {"name": "no id"}, None, "odd"]}, ("7",)),
        ({"knowledge_infos": None}, ()),
        ({"dataset_ids": ["1", 2]}, ("1", "2")),
        ({"dataset_ids": [], "knowledge_infos": [{"id": "3"}]}, ("3",)),
    ],
)
def test_datasets_are_read_under_both_names(fields: dict[str, object], ids: tuple[str, ...]) -> None:
    assert Bot.model_validate({"knowledge": fields}).knowledge.dataset_ids == ids


def test_listings_are_read_in_every_form(driver: Driver) -> None:
    client = answering(driver, "bots_list_v2_null_fields", "bots_list_draft_published-1")
    found = driver.collect(client.bots.list(workspace_id="1"))
    assert [(entry.bot_id[-2:], entry.name, entry.published_at) for entry in found] == [
        ("11", "Draft only", None),
        ("12", "Live", 1768380200),
    ]
    assert found[0].description == ""
    assert [entry.name for entry in driver.collect(client.bots.list(workspace_id="1"))] == ["语音伴侣"]


def test_versions_are_read_in_every_form(driver: Driver) -> None:
    client = answering(driver, "bot_versions_docs_form", "list_bot_versions-1")
    (version,) = driver.collect(client.bots.versions(bot_id="1"))
    assert (version.version, version.changelog, version.created_at) == ("1768380200123", "New greeting", 1768380200)
    (version,) = driver.collect(client.bots.versions(bot_id="1"))
    assert version.creator["name"] == "Susan"


def test_recorded_answers_of_writes_are_read(driver: Driver) -> None:
    bots = answering(driver, "create_bot-1", "bot_publish", "publish_bot-1", "update_bot-1", "unpublish_agent-1").bots
    assert driver.run(bots.create(name="a", workspace_id="1")) == "73428668*****"
    assert driver.run(bots.publish(bot_id="1")) == "1768380200123"
    assert driver.run(bots.publish(bot_id="1")) == "1732190531***"
    assert driver.run(bots.update(bot_id="1", name="b")) is None
    assert driver.run(bots.unpublish(bot_id="1")) is None


def test_only_what_is_given_is_sent() -> None:
    knowledge = BotKnowledge.model_validate({"knowledge_infos": [{"id": "1", "name": "a"}]})
    request = Bots.update(
        bot_id="9", name="b", knowledge=knowledge, suggest_reply_info=BotSuggestReplyInfo(reply_mode="disable")
    )
    assert request.body == {
        "bot_id": "9",
        "name": "b",
        "knowledge": {"dataset_ids": ["1"]},
        "suggest_reply_info": {"reply_mode": "disable"},
    }
    assert Bots.create(name="b", workspace_id="5").body == {"space_id": "5", "name": "b"}
    assert Bots.update(bot_id="9", knowledge=BotKnowledge(dataset_ids=())).body == {
        "bot_id": "9",
        "knowledge": {"dataset_ids": []},
    }
    assert Bots.publish(bot_id="9").body == {"bot_id": "9", "connector_ids": ["1024"]}


def test_what_coze_would_refuse_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="20 characters"):
        Bots.create(name="x" * 21, workspace_id="1")
    with pytest.raises(ConfigurationError, match="20 characters"):
        Bots.update(bot_id="1", name="")
    with pytest.raises(ConfigurationError, match="150"):
        Bots.update(bot_id="1", knowledge=BotKnowledge(dataset_ids=tuple(map(str, range(151)))))
    with pytest.raises(ConfigurationError, match="1 to 30"):
        Bots.versions(bot_id="1", page_size=31)


def test_a_listing_without_a_total_ends_at_a_short_page(driver: Driver) -> None:
    bodies = iter([["1", "2"], ["3"]])

    def answer(_: httpx.Request) -> httpx.Response:
        items = [{"id": bot_id} for bot_id in next(bodies)]
        return httpx.Response(200, content=json.dumps({"code": 0, "data": {"items": items}}).encode())

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(answer))
    listing = client.bots.list(workspace_id="1", page_size=2)
    assert [entry.bot_id for entry in driver.collect(listing)] == ["1", "2", "3"]


def test_a_bot_that_does_not_exist_is_reported(coze: ConnectedClient) -> None:
    with pytest.raises(CozeError, match="4006"):
        coze.run(coze.client.bots.retrieve(bot_id="7350000000000009999"))


# --- a studio's names and numbers ---

STUDIO_BOT = {
    "bot_id": "7",
    "bot_mode": 0,
    "create_time": 0,
    "update_time": 0,
    "model_info": {
        "model_id": "1",
        "response_format": 2,
        "short_memory_policy": {"context_mode": 0, "history_round": 7},
    },
    "plugin_info_list": [
        {"plugin_id": "81", "api_id": "82", "api_name": "now"},
        {"plugin_id": "9", "api_id": "84", "api_name": "find"},
        {"plugin_id": "81", "api_id": "83", "api_name": "then"},
    ],
    "workflow_info_list": [{"workflow_id": "3", "workflow_name": "Book table", "desc": "Books"}],
    "shortcut_commands": None,
    "suggest_reply_info": None,
    "variables": None,
}


def test_a_bot_of_a_studio_is_read_by_its_names() -> None:
    bot = convert(Bot, STUDIO_BOT)
    assert (bot.create_time, bot.update_time, bot.variables) == (None, None, ())
    assert (bot.model_info.context_round, bot.model_info.response_format) == (7, "json")
    tools = {each.plugin_id: [(tool.api_id, tool.name) for tool in each.api_info_list] for each in bot.plugin_info_list}
    assert tools == {"81": [("82", "now"), ("83", "then")], "9": [("84", "find")]}
    [workflow] = bot.workflow_info_list
    assert (workflow.id, workflow.name, workflow.description) == ("3", "Book table", "Books")
    assert convert(Bot, bot.model_dump()) == bot


@pytest.mark.parametrize(("given", "read"), [(0, "text"), (1, "markdown"), (2, "json"), (7, "7"), ("json", "json")])
def test_the_format_of_answers_has_a_name(given: object, read: str) -> None:
    assert BotModelInfo.model_validate({"response_format": given}).response_format == read


@pytest.mark.parametrize(
    "entries", [None, "odd", [None], [{"api_id": "1"}], [{"plugin_id": None, "api_id": None}], [[]]]
)
def test_odd_plugins_break_nothing(entries: object) -> None:
    assert convert(Bot, {"bot_id": "7", "plugin_info_list": entries}).bot_id == "7"


def test_a_studio_shows_a_bot(driver: Driver) -> None:
    with Emulator("studio") as studio:
        client = driver.client(studio.token, base_url=studio.url)
        bot = driver.run(client.bots.retrieve(bot_id=studio.bots["echo"]))
        assert (bot.name, bot.create_time, bot.model_info.response_format) == ("echo", None, "text")
