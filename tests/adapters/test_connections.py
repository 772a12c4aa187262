"""Everything that sends takes a token and an address, or a client: in both frameworks, under the same names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from coze_client import AsyncCozeClient, ConfigurationError, CozeClient, RateLimit, WorkflowSignature
from coze_client.core.transport import AsyncioTransport
from coze_client.core.turns import Turns
from coze_client.emulator import Emulator
from langchain_coze import (
    ChatCoze,
    CozeBotTool,
    CozeDatasetLoader,
    CozeDatasetWriter,
    CozeRetriever,
    CozeToolkit,
    CozeWorkflowTool,
    aload_coze_tools,
    load_coze_tools,
)
from llama_index_coze import CozeDatasetWriter as LlamaIndexWriter
from llama_index_coze import CozeLLM, CozeReader, CozeToolSpec
from llama_index_coze import CozeRetriever as LlamaIndexRetriever
from llama_index_coze import CozeWorkflowTool as LlamaIndexTool

Use = Callable[[Emulator, Mapping[str, Any]], object]


def workflow(emulator: Emulator) -> str:
    return emulator.workflow(title="Ping")(ping).id


def ping(word: str = "pong") -> str:
    """Says a word."""
    return word


def dataset(emulator: Emulator) -> str:
    return emulator.add_dataset("notes", {"a.txt": "hello there"})


def knowledge(emulator: Emulator) -> str:
    return emulator.add_knowledge_workflow([dataset(emulator)])


def one(tools: list[Any]) -> Any:
    (tool,) = tools
    return tool


SIGNATURE = {"properties": {"word": {"type": "string"}}}
USES: Mapping[str, Use] = {
    "ChatCoze": lambda coze, by: ChatCoze(bot_id=coze.bots["echo"], **by).invoke("hi"),
    "CozeWorkflowTool": lambda coze, by: CozeWorkflowTool(
        workflow_id=workflow(coze), name="ping", description="", signature=WorkflowSignature.of(SIGNATURE), **by
    ).invoke({}),
    "CozeWorkflowTool.from_workflow": lambda coze, by: CozeWorkflowTool.from_workflow(workflow(coze), **by).invoke({}),
    "CozeWorkflowTool.afrom_workflow": lambda coze, by: asyncio.run(
        CozeWorkflowTool.afrom_workflow(workflow(coze), **by)
    ).invoke({}),
    "load_coze_tools": lambda coze, by: one(load_coze_tools(workflow_ids=[workflow(coze)], **by)).invoke({}),
    "aload_coze_tools": lambda coze, by: one(asyncio.run(aload_coze_tools(workflow_ids=[workflow(coze)], **by))).invoke(
        {}
    ),
    "CozeToolkit": lambda coze, by: one(CozeToolkit(workflow_ids=(workflow(coze),), **by).get_tools()).invoke({}),
    "CozeBotTool": lambda coze, by: CozeBotTool(coze.bots["echo"], "echo", "Repeats.", **by).invoke({"question": "hi"}),
    "CozeRetriever": lambda coze, by: CozeRetriever(workflow_id=knowledge(coze), **by).invoke("hello"),
    "CozeDatasetLoader": lambda coze, by: CozeDatasetLoader(
        dataset_id=dataset(coze), content=lambda _: "text", **by
    ).load(),
    "CozeDatasetWriter": lambda coze, by: CozeDatasetWriter(dataset_id=dataset(coze), **by).delete("none"),
    "CozeLLM": lambda coze, by: CozeLLM(bot_id=coze.bots["echo"], **by).complete("hi"),
    "LlamaIndexTool": lambda coze, by: LlamaIndexTool(workflow(coze), SIGNATURE, **by)(word="hi"),
    "LlamaIndexTool.from_workflow": lambda coze, by: LlamaIndexTool.from_workflow(workflow(coze), **by)(word="hi"),
    "LlamaIndexTool.afrom_workflow": lambda coze, by: asyncio.run(LlamaIndexTool.afrom_workflow(workflow(coze), **by))(
        word="hi"
    ),
    "CozeToolSpec": lambda coze, by: one(CozeToolSpec(workflow_ids=[workflow(coze)], **by).to_tool_list())(word="hi"),
    "LlamaIndexRetriever": lambda coze, by: LlamaIndexRetriever(workflow_id=knowledge(coze), **by).retrieve("hello"),
    "CozeReader": lambda coze, by: CozeReader(dataset_id=dataset(coze), content=lambda _: "text", **by).load_data(),
    "LlamaIndexWriter": lambda coze, by: LlamaIndexWriter(dataset_id=dataset(coze), **by).delete("none"),
}


@pytest.fixture(params=USES)
def use(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Makes one thing with connection settings and uses it; the environment has no token."""
    for name in ("COZE_API_TOKEN", "COZE_API_KEY", "COZE_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    return USES[request.param]


def test_a_token_and_an_address_are_enough(use: Use, emulator: Emulator) -> None:
    use(emulator, {"token": emulator.token, "base_url": emulator.url})
    assert emulator.calls


def test_a_rate_limit_holds_for_all_that_it_sends(
    use: Use, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[RateLimit] = []
    take = Turns.take

    async def note_limit(turns: Turns, *given: Any, **options: Any) -> Any:
        taken.append(turns.limit)
        return await take(turns, *given, **options)

    monkeypatch.setattr(Turns, "take", note_limit)
    limit = RateLimit(per_second=10_000)
    use(emulator, {"token": emulator.token, "base_url": emulator.url, "rate_limit": limit})
    assert taken == [limit] * len(emulator.calls)
    assert taken


@pytest.mark.parametrize("kind", [CozeClient, AsyncCozeClient])
def test_a_client_of_either_kind_is_enough(use: Use, emulator: Emulator, kind: type[Any]) -> None:
    use(emulator, {"client": kind(emulator.token, base_url=emulator.url)})
    assert emulator.calls


def test_a_client_and_a_token_are_too_much(use: Use, emulator: Emulator) -> None:
    client = CozeClient(emulator.token, base_url=emulator.url)
    with pytest.raises(ConfigurationError, match="not both"):
        use(emulator, {"client": client, "token": emulator.token})


def test_a_region_is_an_address(use: Use, emulator: Emulator) -> None:
    with pytest.raises(ConfigurationError, match="region"):
        use(emulator, {"token": emulator.token, "base_url": emulator.url, "region": "cn"})


def test_a_copy_with_another_client_sends_over_it(emulator: Emulator) -> None:
    nobody = CozeClient("pat_other", base_url="https://coze.example")
    for model in (ChatCoze, CozeLLM):
        copy = model(bot_id="1", client=CozeClient(emulator.token, base_url=emulator.url)).model_copy(
            update={"client": nobody}
        )
        assert copy._coze is nobody


@pytest.mark.parametrize("kind", [ChatCoze, CozeLLM, CozeRetriever, CozeToolkit])
def test_a_wrong_name_for_the_token_does_not_print_it(kind: type[Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        kind(tokn="pat_secret", **({} if kind is CozeToolkit else {"bot_id": "1"}))
    assert "pat_secret" not in str(caught.value)


@pytest.mark.parametrize("kind", [ChatCoze, CozeLLM])
def test_a_model_may_send_over_aiohttp(kind: type[Any], emulator: Emulator) -> None:
    model = kind(bot_id=emulator.bots["echo"], token=emulator.token, base_url=emulator.url, transport="aiohttp")

    async def ask() -> str:
        try:
            return str((await model.ainvoke("hi")).text if kind is ChatCoze else (await model.acomplete("hi")).text)
        finally:
            await model._asyncio.close()

    assert asyncio.run(ask()) == "hi"
    assert isinstance(model._asyncio._session.transport, AsyncioTransport)
    assert model._asyncio._setup.transport == "aiohttp"
    assert (model.invoke("hi") if kind is ChatCoze else model.complete("hi")).text == "hi"


@pytest.mark.parametrize("kind", [ChatCoze, CozeLLM])
def test_a_client_brings_its_own_transport(kind: type[Any]) -> None:
    client = CozeClient("pat_test", base_url="https://coze.example")
    with pytest.raises(ConfigurationError, match="transport"):
        kind(bot_id="1", client=client, transport="aiohttp")
