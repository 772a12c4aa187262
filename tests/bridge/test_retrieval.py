"""What the retrievers of both adapters share, without any framework."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import threading
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from coze_client import ConfigurationError, CozeClient, Recall, Slice
from coze_client.bridge.retrieval.concurrency_limit import ConcurrencyLimit
from coze_client.bridge.retrieval.document_names import DocumentNames
from coze_client.bridge.retrieval.settings import RecallOptions, RetrieverSettings, select
from coze_client.bridge.retrieval.slice_metadata import slice_id, slice_metadata
from coze_client.core.concurrency import Asyncio, Blocking
from tests.support.clients import ConnectedClient

GOOD = Slice("good", 0.9, "d1", "Books", "1", "a.txt", "A", "https://a", 1, "bot")
FAIR = Slice("fair", 0.5, "d2", "Films", "2", "b.txt", rank=2, source="bot")
UNSCORED = Slice("unscored", None, document_id="3", rank=3, source="workflow")
BARE = Slice("bare", rank=4, source="text")


def kept(*slices: Slice, **filters: Any) -> list[str]:
    return [each.text for each in select(slices, RecallOptions(workflow_id="1", **filters))]


def test_without_filters_everything_is_kept_in_its_order() -> None:
    assert kept(FAIR, GOOD, UNSCORED, BARE) == ["fair", "good", "unscored", "bare"]


def test_the_threshold_applies_only_to_slices_with_a_score() -> None:
    assert kept(GOOD, FAIR, UNSCORED, score_threshold=0.6) == ["good", "unscored"]
    assert kept(FAIR, score_threshold=0.5) == ["fair"]


def test_slices_without_ids_pass_no_filter_for_ids() -> None:
    assert kept(GOOD, FAIR, UNSCORED, BARE, dataset_ids=["d1"]) == ["good"]
    assert kept(GOOD, FAIR, UNSCORED, BARE, document_ids=["2", "3"]) == ["fair", "unscored"]
    assert kept(GOOD, FAIR, dataset_ids=["d1"], document_ids=["2"]) == []


@pytest.mark.parametrize("name", ["dataset_ids", "document_ids"])
def test_a_filter_for_ids_is_an_error_if_no_slice_has_an_id(name: str) -> None:
    with pytest.raises(ConfigurationError, match="outputList"):
        kept(BARE, BARE, **{name: ["1"]})
    assert kept(**{name: ["1"]}) == []


def test_an_id_is_of_the_document_and_the_text_alone() -> None:
    assert slice_id(GOOD) == slice_id(Slice("good", document_id="1", rank=7)) == "5e4c86d7-8fb8-52d3-b525-2bbb289bf6c1"
    others = [
        Slice("good", document_id="2"),
        Slice("good."),
        Slice("half \ud83d"),
        Slice("half \ud83c", document_id="2"),
    ]
    assert len({slice_id(each) for each in (GOOD, *others)}) == 5


def test_metadata_contains_only_what_is_known() -> None:
    recall = Recall("?", (GOOD,), bot_id="b", chat_id="c")
    assert slice_metadata(GOOD, recall, run=False) == {
        "source": "coze://datasets/d1/documents/1",
        "dataset_id": "d1",
        "dataset_name": "Books",
        "document_id": "1",
        "document_name": "a.txt",
        "title": "A",
        "url": "https://a",
    }
    metadata = slice_metadata(UNSCORED, Recall("?", workflow_id="w", execute_id="e", debug_url="https://d"), run=True)
    assert metadata == {
        "source": "coze://documents/3",
        "document_id": "3",
        "rank": 3,
        "recalled_by": "workflow",
        "workflow_id": "w",
        "execute_id": "e",
        "debug_url": "https://d",
    }
    assert slice_metadata(BARE, Recall("?", workflow_id="w"), run=False) == {"source": "coze://workflows/w"}
    assert slice_metadata(BARE, recall, run=False) == {"source": "coze://bots/b"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"workflow_id": "1", "bot_id": "2"},
        {"workflow_id": "1", "user_id": "me"},
        {"bot_id": "2", "query_parameter": "q"},
        {"workflow_id": "1", "client": CozeClient("pat_test"), "token": "pat_test"},
        {"workflow_id": "1", "client": CozeClient("pat_test"), "base_url": "https://api.coze.cn"},
    ],
)
def test_what_cannot_work_together_is_refused_before_anything_is_sent(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        RetrieverSettings(**{"token": "pat_test", **given} if "client" not in given else given)


@pytest.mark.parametrize("given", [{"workflow": "1"}, {"dataset_ids": "d1"}, {"concurrency": 0}])
def test_a_misspelt_or_senseless_setting_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RetrieverSettings(workflow_id="1", token="pat_test", **given)


class Workflow:
    """Makes settings over either client, on an emulator whose workflow returns the given chunks."""

    def __init__(self, coze: ConnectedClient, chunks: Any) -> None:
        @coze.emulator.workflow(title="Search")
        def search(query: str) -> dict[str, Any]:
            found: dict[str, Any] = {"outputList": chunks}
            return found

        self.coze = coze
        self.workflow_id = search.id

    def settings(self, **given: Any) -> RetrieverSettings:
        return RetrieverSettings(**{"workflow_id": self.workflow_id, "client": self.coze.client, **given})

    def recall(self, settings: RetrieverSettings, k: int = 4, **given: Any) -> Recall:
        recall = settings._recall(self.coze.client, "?", k, given)
        found: Recall = Blocking.run(recall) if isinstance(self.coze.client, CozeClient) else self.coze.run(recall)
        return found


CHUNKS = [{"output": f"text {number}", "documentId": str(number % 2)} for number in range(6)]


def test_the_first_k_that_pass_are_recalled(coze: ConnectedClient) -> None:
    workflow = Workflow(coze, CHUNKS)
    settings = workflow.settings(document_ids=("1",))
    assert [each.text for each in workflow.recall(settings, 2)] == ["text 1", "text 3"]
    assert [each.rank for each in workflow.recall(settings, 9)] == [2, 4, 6]
    assert workflow.recall(settings, 1).execute_id
    assert [each.text for each in workflow.recall(settings, 1, document_ids=["0"])] == ["text 0"]


@pytest.mark.parametrize("chunks", [[], None])
def test_nothing_recalled_is_nothing_and_no_error(coze: ConnectedClient, chunks: Any) -> None:
    workflow = Workflow(coze, chunks)
    assert not workflow.recall(workflow.settings(score_threshold=0.5, document_ids=("1",)))


@pytest.mark.parametrize("given", [{"k": 0}, {"kk": 1}, {"bot_id": "1"}, {"token": "pat_test"}])
def test_what_a_query_cannot_be_given_is_refused(coze: ConnectedClient, given: dict[str, Any]) -> None:
    workflow = Workflow(coze, CHUNKS)
    with pytest.raises(ConfigurationError):
        workflow.recall(workflow.settings(), **given)
    assert not coze.emulator.calls_to("/v1/workflow/stream_run")


def test_filters_that_keep_too_few_are_logged_once(coze: ConnectedClient, caplog: pytest.LogCaptureFixture) -> None:
    workflow = Workflow(coze, CHUNKS)
    settings = workflow.settings(document_ids=("1",), score_threshold=0.5)
    with caplog.at_level(logging.WARNING, "coze_client"):
        for _ in range(2):
            workflow.recall(settings, 4)
    assert [record.message for record in caplog.records] == [
        "The filters kept 3 of 6 recalled slices, fewer than k=4",
        "score_threshold ignores slices without a score; workflows return no scores",
    ]


def test_a_recall_of_few_slices_is_not_logged(coze: ConnectedClient, caplog: pytest.LogCaptureFixture) -> None:
    workflow = Workflow(coze, CHUNKS)
    workflow.recall(workflow.settings(document_ids=("0", "1")), 50)
    assert not caplog.records


@pytest.mark.parametrize("k", [1, 3])
def test_filters_that_keep_enough_are_not_logged(
    coze: ConnectedClient, caplog: pytest.LogCaptureFixture, k: int
) -> None:
    workflow = Workflow(coze, CHUNKS)
    assert len(workflow.recall(workflow.settings(document_ids=("1",)), k).slices) == k
    assert not caplog.records


def test_further_inputs_and_the_querys_name_are_the_authors(coze: ConnectedClient) -> None:
    @coze.emulator.workflow(title="Other")
    def other(question: str, language: str) -> dict[str, Any]:
        return {"found": {"list": [question, language]}, "noise": [{"output": "noise"}]}

    workflow = Workflow(coze, [])
    settings = workflow.settings(
        workflow_id=other.id, query_parameter="question", parameters={"language": "de"}, path="found.list"
    )
    assert [each.text for each in workflow.recall(settings)] == ["?", "de"]
    assert [each.text for each in workflow.recall(settings, parameters={"language": "fr"})] == ["?", "fr"]


LISTING = "/open_api/knowledge/document/list"


def test_documents_are_looked_up_once_and_again_only_for_new_ones(coze: ConnectedClient) -> None:
    emulator = coze.emulator
    books = emulator.add_dataset("books", {"a.txt": "a", "b.txt": "b"})
    films = emulator.add_dataset("films", {"c.txt": "c"})
    foreign = emulator.add_dataset("foreign", {"d.txt": "d"})
    a, b, c, d = (each.id for dataset_id in (books, films, foreign) for each in emulator.documents(dataset_id))
    names = DocumentNames()

    def complete(*ids: str) -> list[tuple[str, str]]:
        slices = [Slice("text", document_id=each) for each in ids]
        completing = names.complete(coze.client._session, [books, films], slices)
        found = Blocking.run(completing) if isinstance(coze.client, CozeClient) else coze.run(completing)
        return [(each.dataset_id, each.document_name) for each in found]

    assert complete(a, b) == [(books, "a.txt"), (books, "b.txt")]
    assert len(emulator.calls_to(LISTING)) == 1
    assert complete(c, d, a) == [(films, "c.txt"), ("", ""), (books, "a.txt")]
    assert len(emulator.calls_to(LISTING)) == 3
    assert complete(a, d, c, "") == [(books, "a.txt"), ("", ""), (films, "c.txt"), ("", "")]
    assert len(emulator.calls_to(LISTING)) == 3


def test_queries_at_the_same_time_look_a_dataset_up_once(coze: ConnectedClient) -> None:
    dataset_id = coze.emulator.add_dataset("books", {"a.txt": "a"})
    (document,) = coze.emulator.documents(dataset_id)
    names, session = DocumentNames(), coze.client._session
    job = partial(names.complete, session, [dataset_id], [Slice("text", document_id=document.id)])
    looking = session.concurrency.gather([job] * 4, 4)
    found = Blocking.run(looking) if isinstance(coze.client, CozeClient) else coze.run(looking)
    assert [each.document_name for slices in found for each in slices] == ["a.txt"] * 4
    assert len(coze.emulator.calls_to(LISTING)) == 1


def test_what_a_recall_contains_is_not_looked_up(coze: ConnectedClient) -> None:
    completing = DocumentNames().complete(coze.client._session, ["1"], [GOOD, BARE])
    found = Blocking.run(completing) if isinstance(coze.client, CozeClient) else coze.run(completing)
    assert found == (GOOD, BARE)
    assert not coze.emulator.calls


class Counter:
    """Counts how many are inside, now and at most."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.lock = threading.Lock()

    def enter(self) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1


def test_threads_wait_for_a_place() -> None:
    limit, counter, meeting = ConcurrencyLimit(2), Counter(), threading.Barrier(2, timeout=10)

    async def work() -> None:
        async with limit.slot(Blocking()):
            counter.enter()
            meeting.wait()
            counter.leave()

    threads = [threading.Thread(target=Blocking.run, args=(work(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (counter.most, counter.inside) == (2, 0)


def test_tasks_wait_for_a_place_in_any_loop() -> None:
    limit = ConcurrencyLimit(2)

    async def work(counter: Counter) -> None:
        async with limit.slot(Asyncio()):
            counter.enter()
            await asyncio.sleep(0)
            counter.leave()

    async def crowded() -> int:
        counter = Counter()
        await asyncio.gather(*map(work, [counter] * 6))
        return counter.most

    assert [asyncio.run(crowded()) for _ in range(2)] == [2, 2]


def test_a_failure_or_cancellation_gives_its_place_back() -> None:
    limit = ConcurrencyLimit(1)

    async def fail() -> None:
        async with limit.slot(Asyncio()):
            raise KeyError

    async def stay() -> None:
        async with limit.slot(Asyncio()):
            await asyncio.Event().wait()

    async def all_three() -> None:
        with pytest.raises(KeyError):
            await fail()
        staying, waiting = asyncio.ensure_future(stay()), asyncio.ensure_future(stay())
        await asyncio.sleep(0)
        for task in (waiting, staying):
            task.cancel()
        await asyncio.gather(staying, waiting, return_exceptions=True)
        with pytest.raises(KeyError):
            await asyncio.wait_for(fail(), 5)

    asyncio.run(all_three())
    assert not limit._semaphores


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies_count_for_themselves(copied: Any) -> None:
    async def both(limit: ConcurrencyLimit) -> None:
        again = copied(limit)
        async with limit.slot(Blocking()), again.slot(Blocking()):
            pass

    Blocking.run(partial(both, ConcurrencyLimit(1))())
