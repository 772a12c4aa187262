"""CozeRetriever in LangChain: arguments of a call, retries, callbacks, events and batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core import exceptions as langchain
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.runnables import ConfigurableField

from coze_client import ConfigurationError
from coze_client.emulator import Emulator, faults
from coze_client.emulator.protocol.fault import Fault
from langchain_coze import CozeModelError, CozeRetriever
from tests.support.knowledge import AnimalKnowledge, MeetingWorkflow
from tests.support.langchain_calls import ainvoke, chat_body, invoke

Search = Callable[..., list[Document]]
Knowledge = AnimalKnowledge[CozeRetriever]


@pytest.fixture
def knowledge(emulator: Emulator) -> Knowledge:
    return AnimalKnowledge(emulator, CozeRetriever)


@pytest.fixture(params=[invoke, ainvoke], ids=lambda way: way.__name__)
def search(request: pytest.FixtureRequest) -> Search:
    """Each way to retrieve, one after the other: both must return the same documents."""
    way: Search = request.param
    return way


def texts(documents: Any) -> list[str]:
    return [each.page_content for each in documents]


def test_a_call_may_change_k(knowledge: Knowledge, search: Search) -> None:
    retriever = knowledge.by_workflow(k=2)
    every = texts(search(retriever, "cat dog", k=9))
    assert len(every) == 5
    assert texts(search(retriever, "cat dog")) == every[:2]
    assert texts(search(retriever.bind(k=1), "cat dog")) == every[:1]


def test_a_call_may_change_filters(knowledge: Knowledge, search: Search) -> None:
    birds = knowledge.documents["birds.txt"]
    assert texts(search(knowledge.by_bot(), "cat", document_ids=[birds])) == ["A parrot repeats what the cat says."]
    retriever = knowledge.by_workflow(dataset_ids=[knowledge.other_id])
    assert len(search(retriever, "cat", dataset_ids=[knowledge.dataset_id, knowledge.other_id])) == 4


def test_a_call_may_give_parameters(knowledge: Knowledge, search: Search) -> None:
    search(knowledge.by_bot(), "cat", parameters={"deep": True})
    assert chat_body(knowledge.emulator)["parameters"] == {"deep": True}


def test_a_wrong_argument_of_a_call_is_refused_before_anything_is_sent(knowledge: Knowledge, search: Search) -> None:
    with pytest.raises(ConfigurationError, match="top_k"):
        search(knowledge.by_workflow(), "cat", top_k=3)
    for k in (0, None, "3", 2.5):
        with pytest.raises(ConfigurationError, match="integer of 1 or more"):
            search(knowledge.by_workflow(), "cat", k=k)
    assert not knowledge.emulator.calls


@pytest.mark.parametrize(
    "fault",
    [faults.AfterStart(faults.HttpStatus(502)), faults.AfterStart(faults.DropConnection()), faults.CutAfterEvents(1)],
    ids=lambda fault: type(fault).__name__,
)
def test_a_call_that_may_have_started_is_not_retried_by_callers_who_retry_rate_limits(
    knowledge: Knowledge, search: Search, fault: Fault
) -> None:
    again: Any = {"retry_if_exception_type": (langchain.ModelRateLimitError,), "wait_exponential_jitter": False}
    knowledge.emulator.inject(fault)
    with pytest.raises(CozeModelError) as caught:
        search(knowledge.by_bot().with_retry(**again), "cat")
    assert not caught.value.is_retryable
    assert knowledge.emulator.chats_started == 1
    knowledge.emulator.inject(faults.Coded(4020))
    assert search(knowledge.by_bot(max_retries=0).with_retry(**again), "cat")
    assert knowledge.emulator.chats_started == 2


class RetrievalRecorder(BaseCallbackHandler):
    """Records the callbacks of retrievals."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def on_retriever_start(self, serialized: Any, query: str, **kwargs: Any) -> None:
        self.calls.append(("start", query, kwargs["tags"], kwargs["metadata"]))

    def on_retriever_end(self, documents: Any, **kwargs: Any) -> None:
        self.calls.append(("end", texts(documents)))

    def on_retriever_error(self, error: BaseException, **kwargs: Any) -> None:
        self.calls.append(("error", type(error).__name__))


def test_callbacks_get_a_retrieval_with_its_tags(knowledge: Knowledge, search: Search) -> None:
    recorder = RetrievalRecorder()
    retriever = knowledge.by_workflow(tags=["mine"], metadata={"of": "me"}, k=1)
    search(retriever, "autumn", config={"callbacks": [recorder], "tags": ["yours"]})
    (start, query, tags, metadata), end = recorder.calls
    assert (start, query, sorted(tags)) == ("start", "autumn", ["mine", "yours"])
    assert {"of": "me", "ls_retriever_name": "coze"}.items() <= metadata.items()
    assert end == ("end", ["Swallows fly south in autumn."])


def test_callbacks_get_a_failure(knowledge: Knowledge, search: Search) -> None:
    recorder = RetrievalRecorder()
    with pytest.raises(CozeModelError):
        search(knowledge.by_workflow(workflow_id="1"), "cat", config={"callbacks": [recorder]})
    assert recorder.calls[1] == ("error", "CozeNotFound")


def test_events_contain_the_documents(knowledge: Knowledge) -> None:
    async def collect() -> list[Any]:
        return [each async for each in knowledge.by_workflow(k=1).astream_events("autumn", version="v2")]

    first, *_, last = asyncio.run(collect())
    assert (first["event"], last["event"]) == ("on_retriever_start", "on_retriever_end")
    assert texts(last["data"]["output"]) == ["Swallows fly south in autumn."]


def batch(retriever: CozeRetriever, queries: list[str]) -> list[Any]:
    return list(retriever.batch(queries, {"max_concurrency": 6}))


def abatch(retriever: CozeRetriever, queries: list[str]) -> list[Any]:
    return list(asyncio.run(retriever.abatch(queries)))


@pytest.mark.parametrize("ask", [batch, abatch])
def test_queries_of_a_batch_run_together_up_to_the_limit(
    emulator: Emulator, ask: Callable[[CozeRetriever, list[str]], list[Any]]
) -> None:
    meeting = MeetingWorkflow(emulator)
    retriever = AnimalKnowledge(emulator, CozeRetriever).by_workflow(workflow_id=meeting.id, concurrency=2)
    queries = [f"query {number}" for number in range(6)]
    assert [texts(each) for each in ask(retriever, queries)] == [[query] for query in queries]
    assert meeting.most == 2


def test_a_batch_can_return_what_failed(knowledge: Knowledge) -> None:
    knowledge.emulator.inject(faults.Coded(4000, "no"), "/v1/workflow/stream_run")
    found = knowledge.by_workflow().batch(["cat", "dog"], return_exceptions=True)
    assert sorted(isinstance(each, CozeModelError) for each in found) == [False, True]


def test_fields_are_configurable(knowledge: Knowledge, search: Search) -> None:
    retriever = knowledge.by_workflow().configurable_fields(k=ConfigurableField(id="k"))
    assert len(search(retriever, "cat", config={"configurable": {"k": 1}})) == 1
