"""CozeRetriever among LangChain's other things: chains, tools, agents, retrievers of retrievers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_classic.retrievers import EnsembleRetriever, MultiQueryRetriever
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import create_retriever_tool

from coze_client.emulator import Emulator
from langchain_coze import ChatCoze, CozeRetriever
from tests.support.knowledge import AnimalKnowledge
from tests.support.langchain_calls import ainvoke, invoke

Run = Callable[..., Any]
Knowledge = AnimalKnowledge[CozeRetriever]


@pytest.fixture
def knowledge(emulator: Emulator) -> Knowledge:
    return AnimalKnowledge(emulator, CozeRetriever)


@pytest.fixture(params=[invoke, ainvoke], ids=lambda way: way.__name__)
def run(request: pytest.FixtureRequest) -> Run:
    """Both ways to run a chain."""
    way: Run = request.param
    return way


def joined(documents: list[Document]) -> str:
    return " ".join(each.page_content for each in documents)


def test_a_chain_answers_from_what_was_retrieved(knowledge: Knowledge, run: Run) -> None:
    given: Any = {"token": knowledge.emulator.token, "base_url": knowledge.emulator.url}
    prompt = ChatPromptTemplate.from_template("From {context} answer {question}")
    model = ChatCoze(bot_id=knowledge.emulator.bots["echo"], **given)
    context = {"context": knowledge.by_workflow(k=1) | joined, "question": RunnablePassthrough()}
    chain = context | prompt | model | StrOutputParser()
    assert run(chain, "autumn?") == "From Swallows fly south in autumn. answer autumn?"


def test_a_tool_gives_the_texts_and_keeps_the_documents(knowledge: Knowledge, run: Run) -> None:
    tool = create_retriever_tool(
        knowledge.by_workflow(k=2), "animals", "Knows animals.", response_format="content_and_artifact"
    )
    call = {"name": "animals", "args": {"query": "The dog at night"}, "id": "1", "type": "tool_call"}
    message = run(tool, call)
    assert message.content.startswith("A dog guards the house at night.")
    assert [each.metadata["document_id"] for each in message.artifact] == [knowledge.documents["pets.txt"]] * 2


class Caller(GenericFakeChatModel):
    """Says what it was made to say, whatever tools it has."""

    def bind_tools(self, *args: Any, **kwargs: Any) -> Any:
        return self


def test_an_agent_looks_things_up(knowledge: Knowledge, run: Run) -> None:
    call = {"name": "animals", "args": {"query": "autumn"}, "id": "1", "type": "tool_call"}
    model = Caller(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("South.")]))
    agent = create_agent(model, [create_retriever_tool(knowledge.by_workflow(), "animals", "Knows animals.")])
    messages = run(agent, {"messages": [("user", "Where to?")]})["messages"]
    (told,) = (each for each in messages if isinstance(each, ToolMessage))
    assert (told.content, messages[-1].content) == ("Swallows fly south in autumn.", "South.")


def test_an_ensemble_of_both_ways_has_each_slice_once(knowledge: Knowledge, run: Run) -> None:
    ensemble = EnsembleRetriever(retrievers=[knowledge.by_workflow(), knowledge.by_bot()], weights=[0.5, 0.5])
    found = run(ensemble, "cat")
    assert len(found) == len({each.page_content for each in found}) == 4


def test_several_queries_of_one_question_have_each_slice_once(knowledge: Knowledge, run: Run) -> None:
    model = FakeListChatModel(responses=["autumn swallows\ncat and swallows\nautumn"])
    several = MultiQueryRetriever.from_llm(knowledge.by_workflow(), model)
    found = [each.page_content for each in run(several, "When do they leave?")]
    assert found.count("Swallows fly south in autumn.") == 1
    assert len(found) == 4
    assert knowledge.emulator.runs_started == 3
