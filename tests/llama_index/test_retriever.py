"""CozeRetriever in LlamaIndex: its nodes, and the events and callbacks of a retrieval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.schema import MetadataMode, QueryBundle
from llama_index_instrumentation import get_dispatcher
from pydantic import PrivateAttr

from coze_client.emulator import Emulator
from llama_index_coze import CozeRetriever
from tests.support.knowledge import AnimalKnowledge
from tests.support.llama_index_calls import Search, aretrieve, node_texts, retrieve

Knowledge = AnimalKnowledge[CozeRetriever]


@pytest.fixture
def knowledge(emulator: Emulator) -> Knowledge:
    return AnimalKnowledge(emulator, CozeRetriever)


@pytest.fixture(params=[retrieve, aretrieve], ids=lambda way: way.__name__)
def search(request: pytest.FixtureRequest) -> Search:
    """Each way to retrieve, one after the other: both must return the same nodes."""
    way: Search = request.param
    return way


def test_a_node_refers_to_its_document(knowledge: Knowledge, search: Search) -> None:
    (node,) = search(knowledge.by_workflow(similarity_top_k=1), "Where does the cat sleep?")
    assert node.node.ref_doc_id == knowledge.documents["pets.txt"]


def test_models_do_not_read_run_metadata(knowledge: Knowledge, search: Search) -> None:
    (node,) = search(knowledge.by_workflow(run_metadata=True, similarity_top_k=1), "cat")
    assert node.metadata["execute_id"]
    assert node.get_content(MetadataMode.LLM) == node.text


def test_models_read_names_and_no_ids(knowledge: Knowledge, search: Search) -> None:
    (node,) = search(knowledge.by_bot(similarity_top_k=1), "Where does the cat sleep?")
    read = "dataset_name: animals\ndocument_name: pets.txt\n\nThe cat sleeps on the warm stove."
    assert node.get_content(MetadataMode.LLM) == node.get_content(MetadataMode.EMBED) == read


def test_a_node_has_the_same_id_and_hash_whatever_the_query(knowledge: Knowledge, search: Search) -> None:
    retriever = knowledge.by_bot()
    (first,) = (each for each in search(retriever, "swallows") if "Swallows" in each.text)
    (second,) = (each for each in search(retriever, "cat swallows") if "Swallows" in each.text)
    assert first.score != second.score
    assert (first.node_id, first.node.hash) == (second.node_id, second.node.hash)
    (by_workflow,) = (each for each in search(knowledge.by_workflow(), "swallows") if "Swallows" in each.text)
    assert by_workflow.node_id == first.node_id


def test_the_number_of_nodes_can_be_changed_between_queries(knowledge: Knowledge, search: Search) -> None:
    retriever = knowledge.by_workflow(similarity_top_k=9)
    every = node_texts(search(retriever, "cat dog"))
    assert len(every) == 5
    retriever.similarity_top_k = 2
    assert node_texts(search(retriever, QueryBundle("cat dog"))) == every[:2]


class RetrievalListener(BaseEventHandler):
    """Keeps the events of retrievals."""

    _events: list[BaseEvent] = PrivateAttr(default_factory=list)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if event.class_name().startswith(("Retrieval", "ExceptionEvent")):
            self._events.append(event)


@pytest.fixture
def listener() -> Iterator[RetrievalListener]:
    listener, dispatcher = RetrievalListener(), get_dispatcher()
    dispatcher.add_event_handler(listener)
    yield listener
    dispatcher.event_handlers.remove(listener)


def test_instrumentation_reports_the_start_and_the_nodes(
    knowledge: Knowledge, search: Search, listener: RetrievalListener
) -> None:
    found = search(knowledge.by_workflow(), "autumn")
    started, ended = (event.model_dump() for event in listener._events)
    assert (started["class_name"], started["str_or_query_bundle"]) == ("RetrievalStartEvent", "autumn")
    assert (ended["class_name"], [each["node"]["text"] for each in ended["nodes"]]) == (
        "RetrievalEndEvent",
        node_texts(found),
    )
    assert knowledge.emulator.token not in "".join(map(str, listener._events))


def test_callbacks_get_the_question_and_the_nodes(knowledge: Knowledge, search: Search) -> None:
    handler = LlamaDebugHandler(print_trace_on_end=False)
    retriever = knowledge.by_workflow(callback_manager=CallbackManager([handler]))
    found = search(retriever, "autumn")
    ((started, ended),) = handler.get_event_pairs(CBEventType.RETRIEVE)
    assert started.payload == {EventPayload.QUERY_STR: "autumn"}
    assert ended.payload == {EventPayload.NODES: found}
