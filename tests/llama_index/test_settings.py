"""Creating a CozeLLM, overriding its settings for a call, storing it, and importing it."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.extractors import TitleExtractor
from llama_index.core.ingestion.pipeline import get_transformation_hash
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.schema import TextNode
from pydantic import SecretStr, ValidationError

from coze_client import AsyncCozeClient, ConfigurationError, CozeClient, NotFound
from coze_client.emulator import Emulator
from llama_index_coze import CozeLLM
from tests.support.llama_index_calls import Ask, Complete, Make, chat_body


def token_from_elsewhere() -> str:
    return "pat_elsewhere"


def test_it_is_an_llm_of_llamaindex() -> None:
    assert issubclass(CozeLLM, (FunctionCallingLLM, LLM, BaseLLM))
    assert CozeLLM.class_name() == "CozeLLM"


def test_metadata_contains_what_llamaindex_needs(llm: Make) -> None:
    model = llm(context_window=1000, num_output=10)
    metadata = model.metadata
    assert (metadata.context_window, metadata.num_output, metadata.model_name) == (1000, 10, model.bot_id)
    assert metadata.is_chat_model
    assert not metadata.is_function_calling_model
    assert llm().metadata.context_window == 32_768
    assert llm(client_plugins=True).metadata.is_function_calling_model


def test_unknown_names_raise(llm: Make, ask: Ask) -> None:
    with pytest.raises(ValidationError, match="conversation"):
        llm(conversation="1")
    with pytest.raises(TypeError, match="takes no 'conversation'"):
        ask(llm(), "hello", conversation="1")


def test_a_call_overrides_the_settings(llm: Make, emulator: Emulator, ask: Ask) -> None:
    model = llm(custom_variables={"name": "Ann"}, meta_data={"a": "b"})
    options: dict[str, Any] = {
        "custom_variables": {"name": "Bob"},
        "user_id": "u2",
        "bot_id": emulator.bots["reasoner"],
        "parameters": {"x": 0},
        "auto_save_history": False,
    }
    response = ask(model, "Hi {{name}}", **options)
    sent = chat_body(emulator)
    assert {name: sent[name] for name in options} == options
    assert sent["meta_data"] == {"a": "b"}
    assert response.message.additional_kwargs["saved"] is False
    assert model.custom_variables == {"name": "Ann"}


def test_a_completion_takes_the_same_options(llm: Make, finish: Complete) -> None:
    assert finish(llm(), "Hi {{name}}", custom_variables={"name": "Bob"}).text == "Hi Bob"


def test_what_the_bot_decides_is_warned_of_once_and_not_sent(llm: Make, emulator: Emulator, ask: Ask) -> None:
    with pytest.warns(UserWarning, match="temperature: not sent"):
        model = llm(temperature=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ask(model, "hello", max_tokens=5)
    assert "temperature" not in chat_body(emulator)
    assert "max_tokens" not in chat_body(emulator)


def test_an_empty_conversation_means_none_and_an_empty_user_one_of_its_own(llm: Make, emulator: Emulator) -> None:
    model = llm(conversation_id="", user_id="")
    assert model.conversation_id is None
    assert model.user_id != llm(user_id="").user_id
    model.complete("hello", conversation_id="")
    assert emulator.calls[-1].query == {}


def test_an_invented_conversation_names_the_cure(llm: Make, ask: Ask) -> None:
    with pytest.raises(NotFound, match=r"conversations\.create"):
        ask(llm(conversation_id="12345"), "hello")


@pytest.mark.parametrize("client_class", [CozeClient, AsyncCozeClient])
def test_a_blocking_or_asyncio_client_serves_all_methods(emulator: Emulator, client_class: type, ask: Ask) -> None:
    given = client_class(emulator.token, base_url=emulator.url)
    assert ask(CozeLLM(bot_id=emulator.bots["echo"], client=given), "hello").message.content == "hello"


def test_a_client_and_the_settings_of_one_are_too_much(llm: Make) -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        llm(client=CozeClient("t"))


def test_the_token_may_come_from_the_environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COZE_API_KEY", raising=False)
    monkeypatch.delenv("COZE_API_TOKEN", raising=False)
    with pytest.raises(ConfigurationError, match="COZE_API_TOKEN"):
        CozeLLM(bot_id="1")
    monkeypatch.setenv("COZE_API_TOKEN", emulator.token)
    monkeypatch.setenv("COZE_API_BASE", emulator.url)
    assert CozeLLM(bot_id=emulator.bots["echo"]).complete("hello").text == "hello"


def test_a_dict_of_it_has_no_secret_and_makes_it_again(
    llm: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = llm(custom_variables={"a": "b"}, timeout=20, client_plugins=True)
    stored = model.to_dict()
    for text in (repr(stored), model.to_json(), repr(model), str(model)):
        assert emulator.token not in text
    monkeypatch.setenv("COZE_API_TOKEN", emulator.token)
    again = CozeLLM.from_dict(stored)
    assert again.to_dict() == stored
    assert again.complete("hello").text == "hello"


def by_pickle(model: CozeLLM) -> CozeLLM:
    copied: CozeLLM = pickle.loads(pickle.dumps(model))
    return copied


@pytest.mark.parametrize("copied", [by_pickle, copy.deepcopy])
def test_copies_work_and_are_equal(llm: Make, copied: Callable[[CozeLLM], CozeLLM], ask: Ask) -> None:
    model = llm(context_window=77)
    ask(model, "before")
    again = copied(model)
    assert again.to_dict() == model.to_dict()
    assert ask(again, "hello").message.content == "hello"


def test_a_pickle_that_would_lose_its_token_or_client_is_refused(llm: Make) -> None:
    with httpx.Client() as http_client, pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(CozeLLM(bot_id="1", client=CozeClient("t", http_client=http_client)))
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(CozeLLM(bot_id="1", token=lambda: "t"))
    assert by_pickle(CozeLLM(bot_id="1", token=token_from_elsewhere)).token is token_from_elsewhere
    assert by_pickle(llm()).token == llm().token


def test_a_token_is_kept_secret_whatever_it_is_given_as() -> None:
    assert CozeLLM(bot_id="1", token="pat_1").token == CozeLLM(bot_id="1", token=SecretStr("pat_1")).token


def python(*lines: str) -> Sequence[str]:
    """The output of a new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    ).stdout.split()


def test_importing_the_package_loads_no_framework() -> None:
    loaded = python("import llama_index_coze, sys", "print(*sys.modules)")
    assert not {name.partition(".")[0] for name in loaded} & {"llama_index", "langchain_core", "langchain_coze"}


def test_a_missing_llamaindex_names_the_extra() -> None:
    (printed,) = python(
        "import sys",
        "sys.modules['llama_index.core'] = None",
        "try:",
        "    from llama_index_coze import CozeLLM",
        "except ImportError as missing:",
        "    print('coze-adapters[llama-index]' in str(missing))",
    )
    assert printed == "True"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    import llama_index_coze

    with pytest.raises(AttributeError, match="Coze2"):
        llama_index_coze.Coze2  # noqa: B018 - looked up for its error
    assert dir(llama_index_coze) == sorted(llama_index_coze.__all__)


def test_equal_llms_without_a_user_have_equal_keys_in_a_cache() -> None:
    def key(**options: Any) -> str:
        extractor = TitleExtractor(llm=CozeLLM(bot_id="1", token="t", **options))
        return get_transformation_hash([TextNode(text="x", id_="1")], extractor)

    assert key() == key() == key(user_id="")
    assert len({key(), key(user_id="ada"), key(user_id="bert"), key(trim=True)}) == 4


@pytest.mark.parametrize("name", ["bot_id", "model", "model_name"])
def test_the_model_is_the_bot_by_any_name(name: str) -> None:
    given: dict[str, Any] = {name: "7", "token": "t"}
    assert (CozeLLM(**given).model, CozeLLM(**given).model_name) == ("7", "7")


def test_two_names_of_the_model_are_an_error() -> None:
    given: dict[str, Any] = {"bot_id": "7", "model": "8", "token": "t"}
    with pytest.raises(ValidationError, match="bot_id and model mean the same"):
        CozeLLM(**given)
