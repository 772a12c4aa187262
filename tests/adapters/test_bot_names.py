"""A bot's name in place of its id: in every way to ask a model, in retrievers and tools."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from string import ascii_lowercase
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.load import dumps, loads
from langchain_core.runnables import ConfigurableField

from coze_client import AsyncCozeClient, BotEntry, ConfigurationError, CozeClient, CozeError, NotFound, PermissionDenied
from coze_client.bridge import bot_names
from coze_client.emulator import Emulator, faults
from coze_client.emulator.workflows import WORKSPACE
from langchain_coze import ChatCoze, CozeBotTool, CozeTimedOut
from langchain_coze import CozeRetriever as LangChainRetriever
from llama_index_coze import CozeLLM
from llama_index_coze import CozeRetriever as LlamaIndexRetriever

LIST, SUBMIT = "/v1/bots", "/v3/chat/submit_tool_outputs"
Ask = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def no_name_known_before(monkeypatch: pytest.MonkeyPatch, own_event_loop: None) -> None:
    """A server of an earlier test may have had the same address."""
    monkeypatch.setattr(bot_names, "_known", {})


def settings(emulator: Emulator, **options: Any) -> dict[str, Any]:
    given = {"token": emulator.token, "base_url": emulator.url, "bot_name": "echo", "workspace_id": WORKSPACE}
    return {**given, **options}


async def read(stream: Any) -> str:
    return "".join([chunk.text async for chunk in stream])


async def last(stream: Any) -> str:
    return str([response async for response in await stream][-1].text)


WAYS: list[tuple[Any, Ask]] = [
    (ChatCoze, lambda model: model.invoke("hi").text),
    (ChatCoze, lambda model: "".join(chunk.text for chunk in model.stream("hi"))),
    (ChatCoze, lambda model: asyncio.run(model.ainvoke("hi")).text),
    (ChatCoze, lambda model: asyncio.run(read(model.astream("hi")))),
    (CozeLLM, lambda llm: llm.complete("hi").text),
    (CozeLLM, lambda llm: list(llm.stream_complete("hi"))[-1].text),
    (CozeLLM, lambda llm: asyncio.run(llm.acomplete("hi")).text),
    (CozeLLM, lambda llm: asyncio.run(last(llm.astream_complete("hi")))),
]
MODELS: list[Any] = [ChatCoze, CozeLLM]


@pytest.fixture(params=WAYS, ids=[f"{way[0].__name__}-{number}" for number, way in enumerate(WAYS)])
def way(request: pytest.FixtureRequest) -> tuple[Any, Ask]:
    """Each way to ask a model of either framework."""
    found: tuple[Any, Ask] = request.param
    return found


def test_every_way_to_ask_looks_the_name_up_once(emulator: Emulator, way: tuple[Any, Ask]) -> None:
    kind, ask = way
    model = kind(**settings(emulator))
    assert emulator.calls == []
    assert [ask(model), ask(model)] == ["hi", "hi"]
    assert len(emulator.calls_to(LIST)) == 1
    assert {call.query["workspace_id"] for call in emulator.calls_to(LIST)} == {WORKSPACE}


def test_the_answer_names_the_id_of_the_bot(emulator: Emulator) -> None:
    answer = ChatCoze(**settings(emulator)).invoke("hi")
    assert answer.response_metadata["bot_id"] == emulator.bots["echo"]


@pytest.mark.parametrize("kind", MODELS)
def test_threads_and_event_loops_at_once_send_one_request(emulator: Emulator, kind: Any) -> None:
    client = CozeClient(emulator.token, base_url=emulator.url)
    emulator.inject(faults.Delay(0.3), path=LIST)
    model = kind(bot_name="echo", workspace_id=WORKSPACE, client=client)
    asks = [ask for owner, ask in WAYS if owner is kind] * 2
    with ThreadPoolExecutor(len(asks)) as pool:
        assert list(pool.map(lambda ask: ask(model), asks)) == ["hi"] * len(asks)
    assert len(emulator.calls_to(LIST)) == 1


@pytest.mark.parametrize("kind", MODELS)
def test_copies_and_pickles_look_the_name_up_no_second_time(emulator: Emulator, kind: Any) -> None:
    model = kind(**settings(emulator))
    for again in (model, copy.deepcopy(model), copy.copy(model), pickle.loads(pickle.dumps(model))):
        assert again.bot_name == "echo"
        assert next(ask for owner, ask in WAYS if owner is kind)(again) == "hi"
    assert len(emulator.calls_to(LIST)) == 1


def test_a_stored_model_has_the_name(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COZE_API_TOKEN", emulator.token)
    stored = dumps(ChatCoze(**settings(emulator)))
    loaded: ChatCoze = loads(
        stored,
        allowed_objects=[ChatCoze],
        valid_namespaces=["langchain_coze"],
        secrets_map={"COZE_API_TOKEN": emulator.token},
    )
    assert (loaded.bot_name, loaded.invoke("hi").text) == ("echo", "hi")
    again = CozeLLM.from_dict(CozeLLM(**settings(emulator)).to_dict())
    assert isinstance(again, CozeLLM)
    assert (again.bot_name, again.complete("hi").text) == ("echo", "hi")
    assert emulator.chats_started == 2


@pytest.mark.parametrize("client_class", [CozeClient, AsyncCozeClient])
def test_a_call_may_name_another_bot(emulator: Emulator, client_class: Any) -> None:
    client = client_class(emulator.token, base_url=emulator.url)
    named = ChatCoze(bot_name="echo", workspace_id=WORKSPACE, client=client)
    assert named.bind(bot_name="reasoner").invoke("hi").text == "After some thought: hi"
    assert named.bind(bot_id=emulator.bots["reasoner"]).invoke("hi").text == "After some thought: hi"
    by_id = ChatCoze(bot_id=emulator.bots["echo"], client=client)
    assert by_id.bind(bot_name="reasoner", workspace_id=WORKSPACE).invoke("hi").text == "After some thought: hi"
    for options in ({"bot_name": "reasoner", "bot_id": "2"}, {"bot_id": "2", "workspace_id": WORKSPACE}):
        for model in (by_id, named):
            with pytest.raises(ConfigurationError, match="not both"):
                model.bind(**options).invoke("hi")
    llm = CozeLLM(bot_name="echo", workspace_id=WORKSPACE, client=client)
    assert llm.complete("hi", bot_name="reasoner").text == "After some thought: hi"


def test_a_name_can_be_chosen_by_configuration(emulator: Emulator) -> None:
    chosen = ChatCoze(**settings(emulator)).configurable_fields(bot_name=ConfigurableField(id="bot"))
    for _ in range(2):
        assert chosen.invoke("hi", config={"configurable": {"bot": "reasoner"}}).text == "After some thought: hi"
    assert chosen.invoke("hi").text == "hi"
    assert len(emulator.calls_to(LIST)) == 2


def test_cached_answers_are_found_by_the_name(emulator: Emulator) -> None:
    cache = InMemoryCache()
    for name in ("echo", "echo", "reasoner"):
        ChatCoze(**settings(emulator, bot_name=name, cache=cache)).invoke("hi")
    assert emulator.chats_started == 2


def test_traces_and_stored_models_have_the_name() -> None:
    model = ChatCoze(bot_name="Support", workspace_id="7", token="t")
    assert model._get_ls_params().get("ls_model_name") == "Support"
    assert model._get_ls_params(bot_name="Sales").get("ls_model_name") == "Sales"
    assert {name: model._identifying_params[name] for name in ("bot_name", "workspace_id")} == {
        "bot_name": "Support",
        "workspace_id": "7",
    }
    assert "bot_name" not in ChatCoze(bot_id="1", token="t")._identifying_params
    assert CozeLLM(bot_name="Support", workspace_id="7", token="t").metadata.model_name == "Support"


def test_tool_outputs_go_to_the_chat_of_the_named_bot(emulator: Emulator) -> None:
    named = ChatCoze(**settings(emulator, bot_name="plugins", check_plugins=False)).bind_tools(
        [{"name": "get_weather"}]
    )
    question = ("human", "What is the weather in Rome?")
    asked = named.invoke([question])
    outputs = [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in asked.tool_calls]
    assert outputs
    named.invoke([question, asked, *outputs])
    assert (emulator.chats_started, len(emulator.calls_to(SUBMIT))) == (1, 1)
    named.invoke([question, asked, *outputs])  # the chat no longer waits: a new one gets the outputs as text
    assert (emulator.chats_started, len(emulator.calls_to(SUBMIT))) == (2, 2)
    assert len(emulator.calls_to(LIST)) == 1


INVALID: list[dict[str, Any]] = [
    {"bot_id": "1", "bot_name": "echo"},
    {"bot_id": "1", "workspace_id": "7"},
    {"workspace_id": "7"},
    {"bot_name": "echo"},
    {"bot_name": "echo", "workspace_id": "7", "app_id": "1"},
    {"bot_name": "echo", "workspace_id": "7", "app_id": "1", "workflow_id": "1"},
]


@pytest.mark.parametrize("given", INVALID, ids=str)
@pytest.mark.parametrize("kind", MODELS)
def test_exactly_one_bot_is_given(kind: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        kind(token="t", **given)


def test_two_bots_of_one_name_are_listed(emulator: Emulator, way: tuple[Any, Ask]) -> None:
    kind, ask = way
    client = CozeClient(emulator.token, base_url=emulator.url)
    ids = [client.bots.create(name="Support", workspace_id=WORKSPACE) for _ in range(2)]
    for bot_id in ids:
        client.bots.publish(bot_id=bot_id)
    with pytest.raises(ConfigurationError, match=f"{ids[0]}, {ids[1]}.*bot_id"):
        ask(kind(**settings(emulator, bot_name="Support")))
    assert emulator.chats_started == 0


def test_an_unknown_name_is_an_error_that_names_similar_bots(emulator: Emulator, way: tuple[Any, Ask]) -> None:
    kind, ask = way
    model = kind(**settings(emulator, bot_name="Echo"))
    with pytest.raises(NotFound, match=r"'Echo' in the API channel.*It has 'echo', .*Publish"):
        ask(model)
    assert emulator.chats_started == 0
    client = CozeClient(emulator.token, base_url=emulator.url)
    client.bots.publish(bot_id=client.bots.create(name="Echo", workspace_id=WORKSPACE))
    ask(model)  # the error was not kept
    assert emulator.chats_started == 1


def test_of_many_bots_the_most_similar_are_named() -> None:
    bots = [BotEntry(bot_id=str(number), name=name) for number, name in enumerate(["Suport", *ascii_lowercase])]
    with pytest.raises(NotFound, match=r"It has 'Suport', .* and 17 more\."):
        bot_names.choose_bot(bots, bot_names.BotName("Support", "7"))


def test_case_does_not_make_names_less_similar() -> None:
    bots = [BotEntry(bot_id=str(number), name=name) for number, name in enumerate(["SUPPLY", "support"])]
    with pytest.raises(NotFound, match="It has 'support', 'SUPPLY'"):
        bot_names.choose_bot(bots, bot_names.BotName("SUPPORT", "7"))


def test_an_entry_without_an_id_is_no_bot() -> None:
    bots = [BotEntry(name="Support"), BotEntry(bot_id="1", name="Support")]
    assert bot_names.choose_bot(bots, bot_names.BotName("Support", "7")) == "1"


def test_a_bot_of_another_channel_is_found_there(emulator: Emulator) -> None:
    client = CozeClient(emulator.token, base_url=emulator.url)
    bot_id = client.bots.create(name="Widget", workspace_id=WORKSPACE)
    client.bots.publish(bot_id=bot_id, connector_ids=["999"])
    with pytest.raises(NotFound, match="in the API channel"):
        ChatCoze(**settings(emulator, bot_name="Widget")).invoke("hi")
    emulator.add_variables(bot_id, {"city": "Bonn"})
    there = ChatCoze(**settings(emulator, bot_name="Widget", connector_id="999", user_id="ada"))
    assert there.read_variables() == {"city": "Bonn"}


def test_every_server_and_process_looks_a_name_up_itself(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ChatCoze(**settings(emulator))
    model.invoke("hi")
    with Emulator() as other:
        ChatCoze(**settings(other)).invoke("hi")
        assert len(other.calls_to(LIST)) == 1
    monkeypatch.setattr(bot_names, "generation", lambda: 7)  # as in a forked child
    model.invoke("hi")
    assert len(emulator.calls_to(LIST)) == 2


def test_of_too_many_names_the_oldest_is_forgotten(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_names, "_MOST_NAMES", 1)
    for name in ("echo", "reasoner", "reasoner", "echo"):
        ChatCoze(**settings(emulator, bot_name=name)).invoke("hi")
    assert len(emulator.calls_to(LIST)) == 3


def test_a_draft_has_a_name_where_drafts_are_asked(emulator: Emulator) -> None:
    client = CozeClient(emulator.token, base_url=emulator.url)
    client.bots.create(name="Draft", workspace_id=WORKSPACE)
    with pytest.raises(NotFound, match="Publish"):
        ChatCoze(**settings(emulator, bot_name="Draft")).invoke("hi")
    ChatCoze(**settings(emulator, bot_name="Draft", publish_status="unpublished_draft")).invoke("hi")
    assert emulator.chats_started == 1


@pytest.mark.parametrize("kind", MODELS)
def test_a_refused_listing_starts_no_chat_and_the_next_call_lists_again(emulator: Emulator, kind: Any) -> None:
    emulator.inject(faults.Coded(4101), path=LIST)
    model, ask = kind(**settings(emulator)), next(ask for owner, ask in WAYS if owner is kind)
    with pytest.raises(PermissionDenied):
        ask(model)
    assert emulator.chats_started == 0
    assert ask(model) == "hi"


async def test_a_cancelled_lookup_leaves_it_to_the_next(emulator: Emulator) -> None:
    model = ChatCoze(**settings(emulator))
    emulator.inject(faults.Delay(30), path=LIST)
    first = asyncio.ensure_future(model.ainvoke("hi"))
    await asyncio.to_thread(emulator.wait_until, lambda: len(emulator.calls_to(LIST)) == 1)
    second = asyncio.ensure_future(model.ainvoke("hi"))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await second).text == "hi"


async def test_a_lookup_that_times_out_fails_all_who_wait_for_it(emulator: Emulator) -> None:
    model = ChatCoze(**settings(emulator, timeout=0.3, max_retries=0))
    emulator.inject(faults.Delay(30), path=LIST, times=2)
    errors = await asyncio.gather(model.ainvoke("hi"), model.ainvoke("hi"), return_exceptions=True)
    assert [type(error) for error in errors] == [CozeTimedOut, CozeTimedOut]
    assert len(emulator.calls_to(LIST)) == 1


async def test_a_blocking_call_waits_no_longer_than_its_patience_for_the_loop_that_it_stops(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_names, "_PATIENCE", 0.05)
    model = ChatCoze(**settings(emulator))
    emulator.inject(faults.Delay(0.2), path=LIST)
    first = asyncio.ensure_future(model.ainvoke("hi"))
    await asyncio.to_thread(emulator.wait_until, lambda: len(emulator.calls_to(LIST)) == 1)
    assert model.invoke("hi").text == "hi"
    assert (await first).text == "hi"


@pytest.mark.parametrize("retriever", [LangChainRetriever, LlamaIndexRetriever])
def test_a_retriever_takes_the_name_of_a_bot(emulator: Emulator, retriever: Any) -> None:
    emulator.add_bot("librarian", dataset_ids=[emulator.add_dataset("birds", {"owl.txt": "Owls hunt at night."})])
    made = retriever(**settings(emulator, bot_name="librarian"))
    search = getattr(made, "invoke", None) or made.retrieve
    assert [len(search("owls")), len(search("owls"))] == [1, 1]
    assert len(emulator.calls_to(LIST)) == 1
    assert emulator.chats_started == 2
    with pytest.raises(CozeError, match="exactly one"):
        retriever(**settings(emulator, workflow_id="1"))


def test_a_bot_tool_takes_the_name_of_a_bot(emulator: Emulator) -> None:
    tool = CozeBotTool(name="parrot", description="Repeats.", **settings(emulator))
    assert tool.invoke({"question": "hi"}) == "hi"
    with pytest.raises(ConfigurationError, match="name and a description"):
        CozeBotTool(**settings(emulator))


@pytest.mark.parametrize("kind", MODELS)
def test_a_chatflow_takes_the_name_of_its_bot(emulator: Emulator, kind: Any) -> None:
    @emulator.workflow(title="Greeter", chatflow=True)
    def greet(question: str) -> str:
        return f"You said {question}"

    model = kind(**settings(emulator, workflow_id=greet.workflow_id))
    assert next(ask for owner, ask in WAYS if owner is kind)(model) == "You said hi"
    assert (model.model_name, len(emulator.calls_to(LIST))) == (greet.workflow_id, 1)
