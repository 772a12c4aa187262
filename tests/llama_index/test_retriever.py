"""CozeRetriever in LlamaIndex: what it finds, what it tells of it, and how it fails."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from llama_index_instrumentation import get_dispatcher
from pydantic import PrivateAttr, ValidationError

from coze_client import AsyncCozeClient, ConfigurationError, CozeClient, NotFound, WorkflowFailed
from coze_client.emulator import Emulator
from llama_index_coze import CozeRetriever
from tests.support.retrievers import Shelf

Search = Callable[..., list[NodeWithScore]]
Shelved = Shelf[CozeRetriever]


def retrieve(retriever: BaseRetriever, query: Any) -> list[NodeWithScore]:
    return list(retriever.retrieve(query))


def aretrieve(retriever: BaseRetriever, query: Any) -> list[NodeWithScore]:
    return list(asyncio.run(retriever.aretrieve(query)))


@pytest.fixture
def shelf(emulator: Emulator) -> Shelved:
    return Shelf(emulator, CozeRetriever)


@pytest.fixture(params=[retrieve, aretrieve], ids=lambda way: way.__name__)
def search(request: pytest.FixtureRequest) -> Search:
    """Both ways to ask, one after the other: they must find the same."""
    way: Search = request.param
    return way


def texts(nodes: list[NodeWithScore]) -> list[str]:
    return [each.text for each in nodes]


def test_a_workflow_finds_the_best_slices_without_scores(shelf: Shelved, search: Search) -> None:
    best, *others = search(shelf.by_workflow(), "Where does the cat sleep?")
    assert best.text == "The cat sleeps on the warm stove."
    document_id = shelf.documents["pets.txt"]
    assert best.metadata == {"document_id": document_id, "source": f"coze://documents/{document_id}"}
    assert best.node.ref_doc_id == document_id
    assert {each.score for each in (best, *others)} == {None}
    assert len(others) == 3


def test_a_bot_finds_them_with_scores_names_and_ids(shelf: Shelved, search: Search) -> None:
    found = search(shelf.by_bot(), "Where does the cat sleep?")
    scores = [each.score or 0 for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    document_id = shelf.documents["pets.txt"]
    assert found[0].metadata == {
        "dataset_id": shelf.dataset_id,
        "dataset_name": "animals",
        "document_id": document_id,
        "document_name": "pets.txt",
        "source": f"coze://datasets/{shelf.dataset_id}/documents/{document_id}",
    }


def test_models_read_names_and_no_ids(shelf: Shelved, search: Search) -> None:
    (node,) = search(shelf.by_bot(similarity_top_k=1), "Where does the cat sleep?")
    read = "dataset_name: animals\ndocument_name: pets.txt\n\nThe cat sleeps on the warm stove."
    assert node.get_content(MetadataMode.LLM) == node.get_content(MetadataMode.EMBED) == read


def test_a_node_has_the_same_id_and_hash_whatever_the_query(shelf: Shelved, search: Search) -> None:
    retriever = shelf.by_bot()
    (first,) = (each for each in search(retriever, "swallows") if "Swallows" in each.text)
    (second,) = (each for each in search(retriever, "cat swallows") if "Swallows" in each.text)
    assert first.score != second.score
    assert (first.node_id, first.node.hash) == (second.node_id, second.node.hash)
    (by_workflow,) = (each for each in search(shelf.by_workflow(), "swallows") if "Swallows" in each.text)
    assert by_workflow.node_id == first.node_id


def test_the_number_of_nodes_can_be_changed_between_queries(shelf: Shelved, search: Search) -> None:
    retriever = shelf.by_workflow(similarity_top_k=9)
    every = texts(search(retriever, "cat dog"))
    assert len(every) == 5
    retriever.similarity_top_k = 2
    assert texts(search(retriever, QueryBundle("cat dog"))) == every[:2]


def test_filters_leave_what_was_asked_for(shelf: Shelved, search: Search) -> None:
    birds, found = shelf.documents["birds.txt"], ["A parrot repeats what the cat says."]
    assert texts(search(shelf.by_workflow(document_ids=[birds]), "cat")) == found
    assert texts(search(shelf.by_bot(document_ids=[birds]), "cat")) == found
    best, *_ = search(shelf.by_bot(), "cat dog")
    assert texts(search(shelf.by_bot(score_threshold=best.score), "cat dog")) == [best.text]
    (only,) = search(shelf.by_workflow(dataset_ids=[shelf.other_id]), "cat")
    assert (only.text, only.metadata["document_name"]) == ("A cat likes fish.", "fish.txt")


def test_nothing_found_is_an_empty_list(shelf: Shelved, search: Search) -> None:
    assert search(shelf.by_workflow(), "quantum chromodynamics") == []
    assert search(shelf.by_bot(), "quantum chromodynamics") == []


def test_run_metadata_tells_where_to_look_it_up(shelf: Shelved, search: Search) -> None:
    _, second = search(shelf.by_workflow(run_metadata=True, similarity_top_k=2), "cat")
    assert {"rank": 2, "recalled_by": "workflow", "workflow_id": shelf.workflow_id}.items() <= second.metadata.items()
    assert second.metadata["execute_id"] in second.metadata["debug_url"]
    assert second.get_content(MetadataMode.LLM) == second.text


def test_a_recall_makes_nothing_and_leaves_nothing_behind(shelf: Shelved, search: Search) -> None:
    emulator = shelf.emulator
    search(shelf.by_bot(), "cat")
    search(shelf.by_workflow(), "cat")
    emulator.wait_until(lambda: emulator.open_streams == 0)
    assert {call.path for call in emulator.calls} == {"/v3/chat", "/v1/workflow/stream_run"}


def test_failures_are_the_clients(shelf: Shelved, search: Search) -> None:
    @shelf.emulator.workflow(title="Broken")
    def broken(query: str) -> str:
        raise ValueError("no index")

    for retriever in (shelf.by_workflow(workflow_id="1"), shelf.by_bot(bot_id="1")):
        with pytest.raises(NotFound):
            search(retriever, "cat")
    with pytest.raises(WorkflowFailed, match="no index"):
        search(shelf.by_workflow(workflow_id=broken.id), "cat")


def test_settings_that_make_no_sense_are_refused(shelf: Shelved) -> None:
    with pytest.raises(ConfigurationError, match="exactly one"):
        shelf.by_workflow(bot_id="1")
    for wrong in ({"k": 3}, {"similarity_top_k": 0}):
        with pytest.raises(ValidationError):
            shelf.by_workflow(**wrong)


class Listener(BaseEventHandler):
    """Keeps the events of retrievals."""

    _events: list[BaseEvent] = PrivateAttr(default_factory=list)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if event.class_name().startswith(("Retrieval", "ExceptionEvent")):
            self._events.append(event)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening, dispatcher = Listener(), get_dispatcher()
    dispatcher.add_event_handler(listening)
    yield listening
    dispatcher.event_handlers.remove(listening)


def test_instrumentation_tells_the_beginning_and_the_nodes(shelf: Shelved, search: Search, listener: Listener) -> None:
    found = search(shelf.by_workflow(), "autumn")
    begun, ended = (event.model_dump() for event in listener._events)
    assert (begun["class_name"], begun["str_or_query_bundle"]) == ("RetrievalStartEvent", "autumn")
    assert (ended["class_name"], [each["node"]["text"] for each in ended["nodes"]]) == (
        "RetrievalEndEvent",
        texts(found),
    )
    assert all(shelf.emulator.token not in str(event) for event in listener._events)


def test_callbacks_are_told_the_question_and_the_nodes(shelf: Shelved, search: Search) -> None:
    heard = LlamaDebugHandler(print_trace_on_end=False)
    retriever = shelf.by_workflow(callback_manager=CallbackManager([heard]))
    found = search(retriever, "autumn")
    ((begun, ended),) = heard.get_event_pairs(CBEventType.RETRIEVE)
    assert begun.payload == {EventPayload.QUERY_STR: "autumn"}
    assert ended.payload == {EventPayload.NODES: found}


def no_threads(*args: Any) -> None:
    raise AssertionError("a thread was wanted")


def test_asyncio_needs_no_threads(shelf: Shelved) -> None:
    async def search_both() -> list[str]:
        asyncio.get_running_loop().run_in_executor = no_threads  # type: ignore[assignment,method-assign]  # of this loop only
        retrievers = (shelf.by_workflow(similarity_top_k=1), shelf.by_bot(similarity_top_k=1))
        return [each.text for retriever in retrievers for each in await retriever.aretrieve("autumn")]

    assert asyncio.run(search_both()) == ["Swallows fly south in autumn."] * 2


def test_queries_at_the_same_time_run_together_up_to_the_limit(emulator: Emulator) -> None:
    counting, meeting = threading.Lock(), threading.Barrier(2, timeout=20)
    inside, most = 0, 0

    @emulator.workflow(title="Meeting")
    def meet(query: str) -> dict[str, list[str]]:
        nonlocal inside, most
        with counting:
            inside += 1
            most = max(most, inside)
        meeting.wait()
        with counting:
            inside -= 1
        return {"outputList": [query]}

    async def ask(retriever: CozeRetriever) -> list[list[NodeWithScore]]:
        return list(await asyncio.gather(*(retriever.aretrieve(f"query {number}") for number in range(6))))

    retriever = Shelf(emulator, CozeRetriever).by_workflow(workflow_id=meet.id, concurrency=2)
    assert [texts(each) for each in asyncio.run(ask(retriever))] == [[f"query {number}"] for number in range(6)]
    assert most == 2


def test_a_client_of_either_face_serves_both_ways(shelf: Shelved, search: Search) -> None:
    emulator = shelf.emulator
    clients: list[Any] = [kind(emulator.token, base_url=emulator.url) for kind in (CozeClient, AsyncCozeClient)]
    for client in clients:
        assert texts(search(CozeRetriever(workflow_id=shelf.workflow_id, client=client), "autumn"))


def by_pickle(retriever: CozeRetriever) -> CozeRetriever:
    copied: CozeRetriever = pickle.loads(pickle.dumps(retriever))
    return copied


@pytest.mark.parametrize("copied", [by_pickle, copy.deepcopy])
def test_copies_find_the_same(shelf: Shelved, search: Search, copied: Any) -> None:
    retriever = shelf.by_workflow(similarity_top_k=3)
    before = search(retriever, "cat")
    again = copied(retriever)
    assert again.model_dump() == retriever.model_dump()
    assert search(again, "cat") == before


def test_no_dump_and_no_text_has_the_token(shelf: Shelved) -> None:
    retriever = shelf.by_workflow()
    shown = [repr(retriever), str(retriever), retriever.model_dump_json(), str(vars(retriever))]
    assert all(shelf.emulator.token not in each for each in shown)
