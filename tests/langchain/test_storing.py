"""A ChatCoze that LangChain stores as JSON and loads again; and its names for the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.load import dumps, loads

from coze_client import AsyncCozeClient, CozeClient, RateLimit, Timeout
from coze_client.emulator import Emulator
from langchain_coze import ChatCoze
from tests.support.langchain_calls import Ask

Make = Callable[..., ChatCoze]
CANARY = "pat_canary_7f3a"


def reload(model: ChatCoze, token: str) -> ChatCoze:
    loaded: ChatCoze = loads(
        dumps(model),
        allowed_objects=[ChatCoze],
        valid_namespaces=["langchain_coze"],
        secrets_map={"COZE_API_TOKEN": token},
    )
    return loaded


SETTINGS: list[dict[str, Any]] = [
    {},
    {"user_id": "ada", "custom_variables": {"a": "b"}, "stop": ["x"], "trim": True},
    {"timeout": Timeout(read=3, deadline=9), "max_retries": 0, "continue_question": None},
    {"rate_limit": RateLimit(per_second=50, max_concurrency=3, name="team")},
    {"timeout": None, "auto_save_history": False, "system_variable": "rules", "parameters": {"n": [1]}},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_stored_model_is_loaded_with_its_settings(model: Make, emulator: Emulator, settings: Any, ask: Ask) -> None:
    original = model(**settings)
    loaded = reload(original, emulator.token)
    assert loaded.model_dump() == original.model_dump()
    assert ask(loaded, "Hi").content == "Hi"


def test_the_token_is_stored_by_its_name() -> None:
    for given in ({"token": CANARY}, {"api_key": CANARY}, {"token": lambda: CANARY}):
        stored = json.loads(dumps(ChatCoze(bot_id="1", **given)))
        assert stored["kwargs"]["token"] == {"lc": 1, "type": "secret", "id": ["COZE_API_TOKEN"]}
        assert CANARY not in json.dumps(stored)
        assert stored["id"] == ["langchain_coze", "chat_model", "ChatCoze"]


def test_a_stored_rate_limit_has_the_address_of_its_server_without_the_password() -> None:
    for address in (f"redis://:{CANARY}@host:7/0", f"redis://user:{CANARY}@host:7/0", "redis://host:7/0"):
        stored = json.loads(dumps(ChatCoze(bot_id="1", token="t", rate_limit=RateLimit(3, redis=address))))
        assert stored["kwargs"]["rate_limit"]["redis"] == "redis://host:7/0"
        assert CANARY not in json.dumps(stored)


@pytest.mark.parametrize("kind", [CozeClient, AsyncCozeClient])
def test_the_server_is_stored_and_the_client_is_not(kind: Any, emulator: Emulator) -> None:
    model = ChatCoze(bot_id=emulator.bots["echo"], client=kind(CANARY, base_url=emulator.url))
    assert CANARY not in dumps(model)
    assert json.loads(dumps(model))["kwargs"]["base_url"] == emulator.url


def test_a_region_is_stored_as_its_address() -> None:
    stored = json.loads(dumps(ChatCoze(bot_id="1", token="t", region="cn")))["kwargs"]
    assert stored["base_url"] == "https://api.coze.cn"
    assert reload(ChatCoze(bot_id="1", token="t", region="cn"), "t").model_name == "1"


def test_a_random_user_is_not_stored(model: Make) -> None:
    assert "user_id" not in json.loads(dumps(ChatCoze(bot_id="1", token="t")))["kwargs"]
    assert json.loads(dumps(model(user_id="ada")))["kwargs"]["user_id"] == "ada"


@pytest.mark.parametrize("name", ["bot_id", "model", "model_name"])
def test_the_model_is_the_bot_by_any_name(name: str) -> None:
    given: dict[str, Any] = {name: "7", "token": "t"}
    model = ChatCoze(**given)
    assert (model.bot_id, model.model, model.model_name) == ("7", "7", "7")


def test_the_model_of_a_chatflow_is_the_chatflow() -> None:
    model = ChatCoze(bot_id="7", workflow_id="8", token="t")
    assert (model.model, model.model_name) == ("8", "8")
