"""CozeRetriever in LangChain: what it finds, what it tells of it, and how it fails."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core import exceptions as langchain
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.load import dumps
from langchain_core.runnables import ConfigurableField
from pydantic import ValidationError

from coze_client import AsyncCozeClient, ConfigurationError, CozeClient, NotFound, WorkflowFailed
from coze_client.emulator import Emulator, faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.scripts import Answer, Turn
from coze_client.emulator.workflows import WORKSPACE
from langchain_coze import CozeModelError, CozeRetriever, CozeWorkflowFailed
from tests.langchain.conftest import body
from tests.support.retrievers import Shelf

Search = Callable[..., list[Document]]
Shelved = Shelf[CozeRetriever]


def invoke(retriever: Any, query: Any, /, **options: Any) -> Any:
    return retriever.invoke(query, **options)


def ainvoke(retriever: Any, query: Any, /, **options: Any) -> Any:
    return asyncio.run(retriever.ainvoke(query, **options))


@pytest.fixture
def shelf(emulator: Emulator) -> Shelved:
    return Shelf(emulator, CozeRetriever)


@pytest.fixture(params=[invoke, ainvoke], ids=lambda way: way.__name__)
def search(request: pytest.FixtureRequest) -> Search:
    """Both ways to ask, one after the other: they must find the same."""
    way: Search = request.param
    return way


def texts(documents: Any) -> list[str]:
    return [each.page_content for each in documents]


def test_a_workflow_finds_the_best_slices_without_scores(shelf: Shelved, search: Search) -> None:
    best, *others = search(shelf.by_workflow(), "Where does the cat sleep?")
    assert best.page_content == "The cat sleeps on the warm stove."
    document_id = shelf.documents["pets.txt"]
    assert best.metadata == {"document_id": document_id, "source": f"coze://documents/{document_id}"}
    assert len(others) == 3


def test_a_bot_finds_them_with_scores_names_and_ids(shelf: Shelved, search: Search) -> None:
    found = search(shelf.by_bot(), "Where does the cat sleep?")
    scores = [each.metadata.pop("score") for each in found]
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


def test_the_helper_bot_of_a_dataset_is_asked_as_a_draft(shelf: Shelved, search: Search) -> None:
    client = CozeClient(shelf.emulator.token, base_url=shelf.emulator.url)
    helper = client.recall.setup(shelf.dataset_id, WORKSPACE, dry_run=False)
    retriever = CozeRetriever(bot_id=helper.bot_id, publish_status=helper.publish_status, client=client)
    assert texts(search(retriever, "autumn")) == ["Swallows fly south in autumn."]


def test_a_slice_has_the_same_id_whoever_recalls_it(shelf: Shelved, search: Search) -> None:
    by_workflow, by_bot = (search(each, "cat") for each in (shelf.by_workflow(), shelf.by_bot()))
    assert {each.id for each in by_workflow} == {each.id for each in by_bot}
    assert len({each.id for each in by_workflow}) == 4


def test_k_is_the_retrievers_or_the_calls(shelf: Shelved, search: Search) -> None:
    retriever = shelf.by_workflow(k=2)
    every = texts(search(retriever, "cat dog", k=9))
    assert len(every) == 5
    assert texts(search(retriever, "cat dog")) == every[:2]
    assert texts(search(retriever.bind(k=1), "cat dog")) == every[:1]


def test_filters_are_the_retrievers_or_the_calls(shelf: Shelved, search: Search) -> None:
    birds = shelf.documents["birds.txt"]
    found = ["A parrot repeats what the cat says."]
    assert texts(search(shelf.by_workflow(document_ids=[birds]), "cat")) == found
    assert texts(search(shelf.by_bot(), "cat", document_ids=[birds])) == found
    assert texts(search(shelf.by_bot(dataset_ids=[shelf.other_id]), "cat")) == ["A cat likes fish."]


def test_a_workflows_slices_are_filtered_by_dataset_and_get_their_names(shelf: Shelved, search: Search) -> None:
    retriever = shelf.by_workflow(dataset_ids=[shelf.other_id])
    (only,) = search(retriever, "cat")
    (fish,) = shelf.emulator.documents(shelf.other_id)
    assert only.metadata == {
        "dataset_id": shelf.other_id,
        "document_id": fish.id,
        "document_name": "fish.txt",
        "source": f"coze://datasets/{shelf.other_id}/documents/{fish.id}",
    }
    assert len(search(retriever, "cat", dataset_ids=[shelf.dataset_id, shelf.other_id])) == 4


def test_a_threshold_drops_what_a_bot_scores_lower(shelf: Shelved, search: Search) -> None:
    found = search(shelf.by_bot(), "cat dog")
    best, second = (each.metadata["score"] for each in found[:2])
    assert texts(search(shelf.by_bot(score_threshold=best), "cat dog")) == texts(found[:1])
    assert best > second


def test_nothing_found_is_an_empty_list(shelf: Shelved, search: Search) -> None:
    assert search(shelf.by_workflow(), "quantum chromodynamics") == []
    assert search(shelf.by_bot(), "quantum chromodynamics") == []


def test_run_metadata_tells_where_to_look_it_up(shelf: Shelved, search: Search) -> None:
    _, second = search(shelf.by_workflow(run_metadata=True, k=2), "cat")
    assert {"rank": 2, "recalled_by": "workflow", "workflow_id": shelf.workflow_id}.items() <= second.metadata.items()
    assert second.metadata["execute_id"] in second.metadata["debug_url"]
    (first,) = search(shelf.by_bot(run_metadata=True, k=1), "cat")
    assert {"rank": 1, "recalled_by": "bot", "bot_id": shelf.bot_id}.items() <= first.metadata.items()
    assert {"chat_id", "conversation_id", "logid"} <= first.metadata.keys()


def test_a_recall_makes_nothing_and_leaves_nothing_behind(shelf: Shelved, search: Search) -> None:
    emulator = shelf.emulator
    search(shelf.by_bot(), "cat")
    search(shelf.by_workflow(), "cat")
    emulator.wait_until(lambda: emulator.open_streams == 0)
    assert {call.path for call in emulator.calls} == {"/v3/chat", "/v1/workflow/stream_run"}
    assert body(emulator)["auto_save_history"] is False


def test_a_text_answer_is_one_document_of_the_workflow(shelf: Shelved, search: Search) -> None:
    workflow_id = shelf.emulator.add_knowledge_workflow([shelf.dataset_id], text=True)
    (only,) = search(shelf.by_workflow(workflow_id=workflow_id), "autumn")
    assert only.page_content == "Swallows fly south in autumn."
    assert only.metadata == {"source": f"coze://workflows/{workflow_id}"}
    with pytest.raises(CozeModelError, match="outputList"):
        search(shelf.by_workflow(workflow_id=workflow_id), "autumn", document_ids=["1"])


def test_a_bots_own_settings_reach_it(emulator: Emulator, search: Search) -> None:
    def script(turn: Turn) -> Any:
        yield Answer("Nothing.")

    bot_id = emulator.add_bot("variables", script)
    retriever = Shelf(emulator, CozeRetriever).by_bot(bot_id=bot_id, user_id="u7", custom_variables={"shelf": "A"})
    assert search(retriever, "Which?", parameters={"deep": True}) == []
    sent = body(emulator)
    assert (sent["user_id"], sent["custom_variables"], sent["parameters"]) == ("u7", {"shelf": "A"}, {"deep": True})


def test_a_refusal_is_an_error_of_both(shelf: Shelved, search: Search) -> None:
    for retriever in (shelf.by_workflow(workflow_id="1"), shelf.by_bot(bot_id="1")):
        with pytest.raises(NotFound) as caught:
            search(retriever, "cat")
        assert isinstance(caught.value, langchain.ModelNotFoundError)


def test_a_workflow_that_fails_is_an_error_of_both(shelf: Shelved, search: Search) -> None:
    @shelf.emulator.workflow(title="Broken")
    def broken(query: str) -> str:
        raise ValueError("no index")

    with pytest.raises(CozeWorkflowFailed, match="no index") as caught:
        search(shelf.by_workflow(workflow_id=broken.id), "cat")
    assert isinstance(caught.value, WorkflowFailed)
    assert isinstance(caught.value, langchain.ModelAPIError)


def test_a_wrong_argument_of_a_call_is_refused_before_anything_is_sent(shelf: Shelved, search: Search) -> None:
    with pytest.raises(ConfigurationError, match="top_k"):
        search(shelf.by_workflow(), "cat", top_k=3)
    for k in (0, None, "3", 2.5):
        with pytest.raises(ConfigurationError, match="integer of 1 or more"):
            search(shelf.by_workflow(), "cat", k=k)
    assert not shelf.emulator.calls


@pytest.mark.parametrize(
    "fault",
    [faults.AfterStart(faults.HttpStatus(502)), faults.AfterStart(faults.DropConnection()), faults.CutAfterEvents(1)],
    ids=lambda fault: type(fault).__name__,
)
def test_what_may_have_begun_is_not_begun_again_by_those_who_ask_what_may_be_retried(
    shelf: Shelved, search: Search, fault: Fault
) -> None:
    again: Any = {"retry_if_exception_type": (langchain.ModelRateLimitError,), "wait_exponential_jitter": False}
    shelf.emulator.inject(fault)
    with pytest.raises(CozeModelError) as caught:
        search(shelf.by_bot().with_retry(**again), "cat")
    assert not caught.value.is_retryable
    assert shelf.emulator.chats_started == 1
    shelf.emulator.inject(faults.Coded(4020))
    assert search(shelf.by_bot(max_retries=0).with_retry(**again), "cat")
    assert shelf.emulator.chats_started == 2


@pytest.mark.parametrize(
    "given", [{"top_k": 3}, {"bot_id": "1"}, {"until": "answer"}, {"k": 0}, {"client": "no client"}]
)
def test_settings_that_make_no_sense_are_refused(shelf: Shelved, given: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, ConfigurationError)):
        shelf.by_workflow(**given)


class Heard(BaseCallbackHandler):
    """What callbacks are told of retrievals."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def on_retriever_start(self, serialized: Any, query: str, **kwargs: Any) -> None:
        self.told.append(("start", query, kwargs["tags"], kwargs["metadata"]))

    def on_retriever_end(self, documents: Any, **kwargs: Any) -> None:
        self.told.append(("end", texts(documents)))

    def on_retriever_error(self, error: BaseException, **kwargs: Any) -> None:
        self.told.append(("error", type(error).__name__))


def test_callbacks_hear_of_a_retrieval_with_its_tags(shelf: Shelved, search: Search) -> None:
    heard = Heard()
    retriever = shelf.by_workflow(tags=["mine"], metadata={"of": "me"}, k=1)
    search(retriever, "autumn", config={"callbacks": [heard], "tags": ["yours"]})
    (start, query, tags, metadata), end = heard.told
    assert (start, query, sorted(tags)) == ("start", "autumn", ["mine", "yours"])
    assert {"of": "me", "ls_retriever_name": "coze"}.items() <= metadata.items()
    assert end == ("end", ["Swallows fly south in autumn."])


def test_callbacks_hear_of_a_failure(shelf: Shelved, search: Search) -> None:
    heard = Heard()
    with pytest.raises(CozeModelError):
        search(shelf.by_workflow(workflow_id="1"), "cat", config={"callbacks": [heard]})
    assert heard.told[1] == ("error", "CozeNotFound")


def test_events_tell_the_documents(shelf: Shelved) -> None:
    async def collect() -> list[Any]:
        return [each async for each in shelf.by_workflow(k=1).astream_events("autumn", version="v2")]

    first, *_, last = asyncio.run(collect())
    assert (first["event"], last["event"]) == ("on_retriever_start", "on_retriever_end")
    assert texts(last["data"]["output"]) == ["Swallows fly south in autumn."]


def no_threads(*args: Any) -> None:
    raise AssertionError("a thread was wanted")


def test_asyncio_needs_no_threads(shelf: Shelved) -> None:
    async def search_both() -> list[str]:
        asyncio.get_running_loop().run_in_executor = no_threads  # type: ignore[assignment,method-assign]  # of this loop only
        retrievers = (shelf.by_workflow(k=1), shelf.by_bot(k=1), shelf.by_workflow(k=1, dataset_ids=[shelf.dataset_id]))
        return [each.page_content for retriever in retrievers for each in await retriever.ainvoke("autumn")]

    assert asyncio.run(search_both()) == ["Swallows fly south in autumn."] * 3


class Meeting:
    """A workflow that answers only when two of its runs are there, and counts how many there were at most."""

    def __init__(self, emulator: Emulator) -> None:
        self.most = self._inside = 0
        self._counting = threading.Lock()
        self._meeting = threading.Barrier(2, timeout=20)

        @emulator.workflow(title="Meeting")
        def meet(query: str) -> dict[str, list[str]]:
            self._count(1)
            self._meeting.wait()
            self._count(-1)
            return {"outputList": [query]}

        self.id = meet.id

    def _count(self, difference: int) -> None:
        with self._counting:
            self._inside += difference
            self.most = max(self.most, self._inside)


def batch(retriever: CozeRetriever, queries: list[str]) -> list[Any]:
    return list(retriever.batch(queries, {"max_concurrency": 6}))


def abatch(retriever: CozeRetriever, queries: list[str]) -> list[Any]:
    return list(asyncio.run(retriever.abatch(queries)))


@pytest.mark.parametrize("ask", [batch, abatch])
def test_queries_of_a_batch_run_together_up_to_the_limit(
    emulator: Emulator, ask: Callable[[CozeRetriever, list[str]], list[Any]]
) -> None:
    meeting = Meeting(emulator)
    retriever = Shelf(emulator, CozeRetriever).by_workflow(workflow_id=meeting.id, concurrency=2)
    queries = [f"query {number}" for number in range(6)]
    assert [texts(each) for each in ask(retriever, queries)] == [[query] for query in queries]
    assert meeting.most == 2


def test_a_batch_can_return_what_failed(shelf: Shelved) -> None:
    shelf.emulator.inject(faults.Coded(4000, "no"), "/v1/workflow/stream_run")
    found = shelf.by_workflow().batch(["cat", "dog"], return_exceptions=True)
    assert sorted(isinstance(each, CozeModelError) for each in found) == [False, True]


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
    retriever = shelf.by_workflow(k=3, tags=["mine"])
    before = search(retriever, "cat")
    again = copied(retriever)
    assert again.model_dump() == retriever.model_dump()
    assert search(again, "cat") == before


def test_no_dump_and_no_text_has_the_token(shelf: Shelved) -> None:
    retriever = shelf.by_workflow()
    shown = [repr(retriever), str(retriever), retriever.model_dump_json(), dumps(retriever), str(vars(retriever))]
    assert all(shelf.emulator.token not in each for each in shown)


def test_fields_are_configurable(shelf: Shelved, search: Search) -> None:
    retriever = shelf.by_workflow().configurable_fields(k=ConfigurableField(id="k"))
    assert len(search(retriever, "cat", config={"configurable": {"k": 1}})) == 1
