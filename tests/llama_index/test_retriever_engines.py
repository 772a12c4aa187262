"""CozeRetriever inside LlamaIndex: query engines, fusion, postprocessors, tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine, SubQuestionQueryEngine
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.retrievers import BaseRetriever, QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.core.tools import QueryEngineTool, RetrieverTool

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Turn
from llama_index_coze import CozeLLM, CozeRetriever
from tests.support.knowledge import AnimalKnowledge
from tests.support.llama_index_calls import Make, Search, aretrieve, node_texts, retrieve

Ask = Callable[[Any, str], Any]
Knowledge = AnimalKnowledge[CozeRetriever]


def query(engine: Any, question: str) -> Any:
    return engine.query(question)


def aquery(engine: Any, question: str) -> Any:
    return asyncio.run(engine.aquery(question))


@pytest.fixture
def knowledge(emulator: Emulator) -> Knowledge:
    return AnimalKnowledge(emulator, CozeRetriever)


@pytest.fixture(params=[query, aquery], ids=lambda way: way.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    """The two methods that ask a query engine."""
    way: Ask = request.param
    return way


@pytest.fixture(params=[retrieve, aretrieve], ids=lambda way: way.__name__)
def search(request: pytest.FixtureRequest) -> Search:
    """The two methods that ask a retriever."""
    way: Search = request.param
    return way


def test_a_query_engine_answers_from_the_slices_and_cites_them(knowledge: Knowledge, llm: Make, ask: Ask) -> None:
    for retriever in (knowledge.by_workflow(similarity_top_k=1), knowledge.by_bot(similarity_top_k=1)):
        response = ask(RetrieverQueryEngine.from_args(retriever, llm=llm()), "Where to in autumn?")
        assert "Swallows fly south in autumn." in str(response)
        assert "Query: Where to in autumn?" in str(response)
        (metadata,) = response.metadata.values()
        assert metadata["document_id"] == knowledge.documents["birds.txt"]


def test_a_query_engine_streams(knowledge: Knowledge, llm: Make) -> None:
    engine = RetrieverQueryEngine.from_args(knowledge.by_workflow(), llm=llm(), streaming=True)
    response: Any = engine.query("autumn")
    assert "Swallows fly south in autumn." in "".join(response.response_gen)


def test_a_query_engine_without_slices_says_that_it_has_none(knowledge: Knowledge, llm: Make, ask: Ask) -> None:
    engine = RetrieverQueryEngine.from_args(knowledge.by_workflow(), llm=llm())
    assert str(ask(engine, "quantum chromodynamics")) == "Empty Response"


SUB_QUESTIONS = """```json
{"items": [{"sub_question": "the stove", "tool_name": "animals"}, {"sub_question": "autumn", "tool_name": "animals"}]}
```"""


def test_a_question_is_split_and_each_part_looked_up(knowledge: Knowledge, emulator: Emulator, ask: Ask) -> None:
    def script(turn: Turn) -> Any:
        yield Answer(SUB_QUESTIONS if "<Tools>" in turn.question else turn.question)

    given: Any = {"token": emulator.token, "base_url": emulator.url}
    llm = CozeLLM(bot_id=emulator.add_bot("splitter", script), **given)
    inner = RetrieverQueryEngine.from_args(knowledge.by_workflow(similarity_top_k=1), llm=llm)
    engine = SubQuestionQueryEngine(
        LLMQuestionGenerator.from_defaults(llm=llm),
        get_response_synthesizer(llm=llm),
        [QueryEngineTool.from_defaults(inner, name="animals", description="Knows animals.")],
        verbose=False,
        use_async=True,
    )
    response = ask(engine, "Who sleeps and who leaves?")
    found = {each.text for each in response.source_nodes}
    assert {"The cat sleeps on the warm stove.", "Swallows fly south in autumn."} <= found


@pytest.mark.parametrize("mode", list(FUSION_MODES))
@pytest.mark.parametrize("use_async", [True, False])
def test_fusion_has_each_slice_once(knowledge: Knowledge, search: Search, mode: FUSION_MODES, use_async: bool) -> None:
    retrievers: list[BaseRetriever] = [knowledge.by_bot(), knowledge.by_bot()]
    fusion = QueryFusionRetriever(
        retrievers, llm=MockLLM(), mode=mode, num_queries=1, similarity_top_k=9, use_async=use_async
    )
    found = node_texts(search(fusion, "cat dog"))
    assert sorted(found) == sorted(node_texts(search(knowledge.by_bot(), "cat dog")))


def test_fusion_of_several_queries_has_each_slice_once(
    knowledge: Knowledge, emulator: Emulator, search: Search
) -> None:
    def script(turn: Turn) -> Any:
        yield Answer("autumn swallows\nswallows and the cat")

    given: Any = {"token": emulator.token, "base_url": emulator.url}
    llm = CozeLLM(bot_id=emulator.add_bot("rephraser", script), **given)
    mode = FUSION_MODES.RECIPROCAL_RANK
    fusion = QueryFusionRetriever(
        [knowledge.by_workflow(similarity_top_k=9)], llm=llm, mode=mode, num_queries=3, similarity_top_k=9
    )
    best, *others = node_texts(search(fusion, "autumn"))
    assert best == "Swallows fly south in autumn."
    assert len(others) == len(set(others)) == 4
    assert emulator.runs_started == 3


def test_similarity_is_judged_by_the_bots_scores_and_never_by_missing_ones(knowledge: Knowledge) -> None:
    found = knowledge.by_bot().retrieve("cat dog")
    cutoff = SimilarityPostprocessor(similarity_cutoff=found[1].score or 0)
    assert cutoff.postprocess_nodes(found) == found[:2]
    assert cutoff.postprocess_nodes(knowledge.by_workflow().retrieve("cat dog")) == []


def test_a_postprocessor_works_within_a_query_engine(knowledge: Knowledge, llm: Make, ask: Ask) -> None:
    cutoff = SimilarityPostprocessor(similarity_cutoff=0.7)
    engine = RetrieverQueryEngine.from_args(knowledge.by_bot(), llm=llm(), node_postprocessors=[cutoff])
    nodes: list[NodeWithScore] = ask(engine, "cat dog").source_nodes
    assert node_texts(nodes) == ["The cat and the dog share a bowl."]


def test_a_retriever_is_a_tool(knowledge: Knowledge) -> None:
    tool = RetrieverTool.from_defaults(knowledge.by_workflow(similarity_top_k=1), name="animals", description="Knows.")
    assert "Swallows fly south" in str(tool.call("autumn").content)
    assert "Swallows fly south" in str(asyncio.run(tool.acall(QueryBundle("autumn").query_str)).content)
