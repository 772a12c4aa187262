"""Making a ChatCoze: names, environment, clients, copies; and what it reports about itself."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.load import dumps
from langchain_core.messages import HumanMessage
from langchain_core.runnables import ConfigurableField

from coze_client import AsyncCozeClient, ConfigurationError, CozeClient
from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripting.standard_bots import FIRST_VERSION
from langchain_coze import ChatCoze, CozeTimedOut
from tests.support.langchain_calls import Ask, chat_body

Make = Callable[..., ChatCoze]
CANARY = "pat_canary_7f3a"


def own(**options: Any) -> ChatCoze:
    return ChatCoze(**{"bot_id": "1", "token": CANARY, **options})


def test_the_names_of_langchain_community_work(emulator: Emulator, ask: Ask) -> None:
    script: dict[str, Any] = {
        "coze_api_key": emulator.token,
        "coze_api_base": emulator.url,
        "bot_id": emulator.bots["echo"],
        "user": "ada",
        "conversation_id": "",
        "request_timeout": 30,
        "streaming": True,
    }
    migrated = ChatCoze(**script)
    assert ask(migrated, "Hi").content == "Hi"
    assert chat_body(emulator)["user_id"] == "ada"
    assert (migrated.conversation_id, migrated.timeout) == (None, 30)


SPELLINGS = [
    ("bot_id", "model"),
    ("user_id", "user"),
    ("token", "coze_api_key"),
    ("token", "api_key"),
    ("base_url", "coze_api_base"),
    ("timeout", "request_timeout"),
]


@pytest.mark.parametrize(("name", "other"), SPELLINGS)
def test_both_names_at_once_are_an_error(name: str, other: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.*{other}|{other}.*{name}"):
        own(**{name: "1", other: "2"})


def test_unknown_names_are_an_error() -> None:
    with pytest.raises(ValueError, match="custom_variable"):
        own(custom_variable={})


def test_the_environment_gives_token_and_server(monkeypatch: pytest.MonkeyPatch, emulator: Emulator) -> None:
    monkeypatch.delenv("COZE_API_TOKEN", raising=False)
    monkeypatch.setenv("COZE_API_KEY", emulator.token)
    monkeypatch.setenv("COZE_API_BASE", emulator.url + "/")
    assert ChatCoze(bot_id=emulator.bots["echo"]).invoke("Hi").content == "Hi"


def test_no_token_at_all_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COZE_API_TOKEN", raising=False)
    monkeypatch.delenv("COZE_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="COZE_API_TOKEN"):
        ChatCoze(bot_id="1")


def test_every_instance_without_a_user_is_a_user_of_its_own() -> None:
    first, second = own(), own(user_id="")
    assert first.user_id
    assert second.user_id
    assert first.user_id != second.user_id
    assert copy.deepcopy(first).user_id == first.user_id


@pytest.mark.parametrize("asynchronous", [False, True])
def test_either_client_serves_blocking_and_asyncio_calls(emulator: Emulator, ask: Ask, asynchronous: bool) -> None:
    kind = AsyncCozeClient if asynchronous else CozeClient
    client = kind(emulator.token, base_url=emulator.url, headers={"x-mine": "yes"})
    assert ask(ChatCoze(bot_id=emulator.bots["echo"], client=client), "Hi").content == "Hi"
    assert emulator.calls[0].headers["x-mine"] == "yes"


def test_a_client_and_what_it_is_made_of_are_an_error() -> None:
    with pytest.raises(ConfigurationError, match="client"):
        own(client=CozeClient("t"))


def test_a_token_function_is_asked(emulator: Emulator, ask: Ask) -> None:
    async def fetch() -> str:
        return emulator.token

    assert ask(ChatCoze(bot_id=emulator.bots["echo"], token=fetch, base_url=emulator.url), "Hi").content == "Hi"


@pytest.mark.parametrize("used", [False, True])
def test_copies_and_pickles_work_on(model: Make, ask: Ask, used: bool) -> None:
    original = model()
    if used:
        original.invoke("Hi")
        asyncio.run(original.ainvoke("Hi"))
    for again in (copy.deepcopy(original), copy.copy(original), pickle.loads(pickle.dumps(original))):
        assert ask(again, "Hi").content == "Hi"
        assert again.user_id == original.user_id


def test_one_model_works_in_several_event_loops(model: Make) -> None:
    asked = model()
    for _ in range(3):
        assert asyncio.run(asked.ainvoke("Hi")).content == "Hi"


def test_no_text_shows_the_token(monkeypatch: pytest.MonkeyPatch, emulator: Emulator) -> None:
    shown = own(base_url=emulator.url)
    with pytest.raises(Exception, match="4100") as failure:
        shown.invoke("Hi")
    texts = [
        repr(shown),
        str(shown),
        dumps(shown),
        str(shown.asdict()),
        str(shown.model_dump()),
        str(failure.value),
    ]
    texts += [
        shown.model_dump_json(),
        repr(failure.value),
        str(shown._get_ls_params()),
        repr(shown.bind(model="2")),
    ]
    assert not [text for text in texts if CANARY in text]


def test_what_the_bot_decides_warns_once() -> None:
    with pytest.warns(UserWarning, match=r"max_tokens, temperature.*bot"):
        made = own(temperature=0.5, max_tokens=10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made._chunk_builder([HumanMessage("Hi")], None, {"temperature": 1})
    quiet = own()
    with pytest.warns(UserWarning, match="top_p"):
        quiet._chunk_builder([HumanMessage("Hi")], None, {"top_p": 1})


def test_the_timeout_is_the_clients(model: Make, emulator: Emulator, ask: Ask) -> None:
    emulator.inject(faults.Delay(5))
    with pytest.raises(CozeTimedOut):
        ask(model(timeout=0.2), "Hi")


@pytest.mark.parametrize(("retries", "starts"), [(0, 1), (1, 2)])
def test_only_what_surely_did_not_start_is_tried_again(
    model: Make, emulator: Emulator, retries: int, starts: int
) -> None:
    limited = faults.HttpStatus(429, headers={"Retry-After": "0"})
    emulator.inject(limited, times=9)
    with pytest.raises(Exception, match="429"):
        model(max_retries=retries).invoke("Hi")
    assert len(emulator.calls) == starts


DIFFERENT: list[dict[str, Any]] = [
    {"user_id": "other"},
    {"conversation_id": "", "custom_variables": {"a": "b"}},
    {"parameters": {"n": 1}},
    {"system_variable": "rules"},
    {"stop": ["x"]},
    {"bot_version": FIRST_VERSION},
    {"meta_data": {"a": "b"}},
]


def test_cached_answers_are_found_again(model: Make, emulator: Emulator) -> None:
    cache = InMemoryCache()
    for _ in range(2):
        model(cache=cache).invoke("Hi")
    assert emulator.chats_started == 1


@pytest.mark.parametrize("other", DIFFERENT)
def test_a_cached_answer_is_never_another_users(model: Make, emulator: Emulator, other: dict[str, Any]) -> None:
    cache = InMemoryCache()
    model(cache=cache).invoke("Hi")
    model(cache=cache, **other).invoke("Hi")
    model(cache=cache).invoke("Hi", **{**other, "user_id": "third"})
    assert emulator.chats_started == 3


def test_a_conversation_is_not_cached_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert own(conversation_id="7").cache is False
    assert own(conversation_id="7", cache=True).cache is True
    assert own().cache is None


def test_traces_name_provider_and_bot() -> None:
    params = own()._get_ls_params(stop=["x"], model="2")
    assert (params["ls_provider"], params["ls_model_name"], params["ls_model_type"]) == ("coze", "2", "chat")
    assert own()._get_ls_params()["ls_model_name"] == "1"
    assert "lc_versions" in (own().metadata or {})


def test_a_bot_can_be_chosen_by_configuration(model: Make, emulator: Emulator) -> None:
    chosen = model().configurable_fields(bot_id=ConfigurableField(id="bot"))
    config = {"configurable": {"bot": emulator.bots["reasoner"]}}
    assert chosen.invoke("Hi").content == "Hi"
    assert chosen.with_config(config).invoke("Hi").content == "After some thought: Hi"  # type: ignore[arg-type]  # a plain dict


def test_tokens_are_counted_without_a_tokenizer() -> None:
    blocked = sys.modules.get("transformers")
    sys.modules["transformers"] = None  # type: ignore[assignment]  # makes importing it fail
    try:
        assert 2 <= own().get_num_tokens("four words are here") <= 12
        assert own().get_num_tokens_from_messages([HumanMessage("a" * 400)]) >= 100
        assert own(custom_get_token_ids=lambda text: [1] * 7).get_num_tokens("x") == 7
    finally:
        if blocked is None:
            del sys.modules["transformers"]
        else:
            sys.modules["transformers"] = blocked


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_package_does_not_import_langchain() -> None:
    assert run("import langchain_coze, sys; print('langchain_core' in sys.modules)") == "False"
    assert run("import langchain_coze as c, sys; print('ChatCoze' in dir(c))") == "True"


def test_a_missing_langchain_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['langchain_core'] = None\n"
        "try:\n    from langchain_coze import ChatCoze\nexcept ImportError as error: print(error)"
    )
    assert 'pip install "coze-adapters[langchain]"' in run(code)
