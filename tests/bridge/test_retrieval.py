"""What both retrievers are made of, without any framework."""

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
from coze_client.bridge.retrieval.settings import Retrieval, RetrieverSettings, select, slice_id, slice_metadata
from coze_client.core.concurrency import Asyncio, Blocking
from tests.conftest import Connected

GOOD = Slice("good", 0.9, "d1", "Books", "1", "a.txt", "A", "https://a", 1, "bot")
FAIR = Slice("fair", 0.5, "d2", "Films", "2", "b.txt", rank=2, source="bot")
UNSCORED = Slice("unscored", None, document_id="3", rank=3, source="workflow")
BARE = Slice("bare", rank=4, source="text")


def kept(*slices: Slice, **filters: Any) -> list[str]:
    return [each.text for each in select(slices, Retrieval(workflow_id="1", **filters))]


def test_without_filters_everything_is_kept_in_its_order() -> None:
    assert kept(FAIR, GOOD, UNSCORED, BARE) == ["fair", "good", "unscored", "bare"]


def test_the_threshold_judges_only_scores_that_were_told() -> None:
    assert kept(GOOD, FAIR, UNSCORED, score_threshold=0.6) == ["good", "unscored"]
    assert kept(FAIR, score_threshold=0.5) == ["fair"]


def test_slices_that_do_not_tell_what_they_are_of_pass_no_filter_for_ids() -> None:
    assert kept(GOOD, FAIR, UNSCORED, BARE, dataset_ids=["d1"]) == ["good"]
    assert kept(GOOD, FAIR, UNSCORED, BARE, document_ids=["2", "3"]) == ["fair", "unscored"]
    assert kept(GOOD, FAIR, dataset_ids=["d1"], document_ids=["2"]) == []


@pytest.mark.parametrize("name", ["dataset_ids", "document_ids"])
def test_a_filter_that_no_slice_lets_judge_is_an_error_and_no_empty_result(name: str) -> None:
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


def test_metadata_tells_only_what_is_known() -> None:
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
    told = slice_metadata(UNSCORED, Recall("?", workflow_id="w", execute_id="e", debug_url="https://d"), run=True)
    assert told == {
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


class Asked:
    """Settings over a client of either face on an emulator whose workflow recalls what it is told to."""

    def __init__(self, coze: Connected[Any], chunks: Any) -> None:
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


def test_the_first_k_that_pass_are_recalled(coze: Connected[Any]) -> None:
    asked = Asked(coze, CHUNKS)
    settings = asked.settings(document_ids=("1",))
    assert [each.text for each in asked.recall(settings, 2)] == ["text 1", "text 3"]
    assert [each.rank for each in asked.recall(settings, 9)] == [2, 4, 6]
    assert asked.recall(settings, 1).execute_id
    assert [each.text for each in asked.recall(settings, 1, document_ids=["0"])] == ["text 0"]


@pytest.mark.parametrize("chunks", [[], None])
def test_nothing_recalled_is_nothing_and_no_error(coze: Connected[Any], chunks: Any) -> None:
    asked = Asked(coze, chunks)
    assert not asked.recall(asked.settings(score_threshold=0.5, document_ids=("1",)))


@pytest.mark.parametrize("given", [{"k": 0}, {"kk": 1}, {"bot_id": "1"}, {"token": "pat_test"}])
def test_what_a_query_cannot_be_given_is_refused(coze: Connected[Any], given: dict[str, Any]) -> None:
    asked = Asked(coze, CHUNKS)
    with pytest.raises(ConfigurationError):
        asked.recall(asked.settings(), **given)
    assert not coze.emulator.calls_to("/v1/workflow/stream_run")


def test_filters_that_leave_too_few_say_so_once(coze: Connected[Any], caplog: pytest.LogCaptureFixture) -> None:
    asked = Asked(coze, CHUNKS)
    settings = asked.settings(document_ids=("1",), score_threshold=0.5)
    with caplog.at_level(logging.WARNING, "coze_client"):
        for _ in range(2):
            asked.recall(settings, 4)
    assert [record.message for record in caplog.records] == [
        "The filters left 3 of 6 recalled slices, fewer than the 4 wanted",
        "score_threshold does not apply to slices without a score; workflows tell none",
    ]


def test_a_recall_of_few_slices_is_nothing_to_speak_of(coze: Connected[Any], caplog: pytest.LogCaptureFixture) -> None:
    asked = Asked(coze, CHUNKS)
    asked.recall(asked.settings(document_ids=("0", "1")), 50)
    assert not caplog.records


def test_further_inputs_and_the_querys_name_are_the_authors(coze: Connected[Any]) -> None:
    @coze.emulator.workflow(title="Other")
    def other(question: str, language: str) -> dict[str, Any]:
        return {"found": {"list": [question, language]}, "noise": [{"output": "noise"}]}

    asked = Asked(coze, [])
    settings = asked.settings(
        workflow_id=other.id, query_parameter="question", parameters={"language": "de"}, path="found.list"
    )
    assert [each.text for each in asked.recall(settings)] == ["?", "de"]
    assert [each.text for each in asked.recall(settings, parameters={"language": "fr"})] == ["?", "fr"]


LISTING = "/open_api/knowledge/document/list"


def test_documents_are_looked_up_once_and_again_only_for_new_ones(coze: Connected[Any]) -> None:
    emulator = coze.emulator
    books = emulator.add_dataset("books", {"a.txt": "a", "b.txt": "b"})
    films = emulator.add_dataset("films", {"c.txt": "c"})
    foreign = emulator.add_dataset("foreign", {"d.txt": "d"})
    a, b, c, d = (each.id for dataset_id in (books, films, foreign) for each in emulator.documents(dataset_id))
    known = DocumentNames()

    def complete(*ids: str) -> list[tuple[str, str]]:
        slices = [Slice("text", document_id=each) for each in ids]
        completing = known.complete(coze.client._session, [books, films], slices)
        found = Blocking.run(completing) if isinstance(coze.client, CozeClient) else coze.run(completing)
        return [(each.dataset_id, each.document_name) for each in found]

    assert complete(a, b) == [(books, "a.txt"), (books, "b.txt")]
    assert len(emulator.calls_to(LISTING)) == 1
    assert complete(c, d, a) == [(films, "c.txt"), ("", ""), (books, "a.txt")]
    assert len(emulator.calls_to(LISTING)) == 3
    assert complete(a, d, c, "") == [(books, "a.txt"), ("", ""), (films, "c.txt"), ("", "")]
    assert len(emulator.calls_to(LISTING)) == 3


def test_queries_at_the_same_time_look_a_dataset_up_once(coze: Connected[Any]) -> None:
    dataset_id = coze.emulator.add_dataset("books", {"a.txt": "a"})
    (document,) = coze.emulator.documents(dataset_id)
    known, session = DocumentNames(), coze.client._session
    job = partial(known.complete, session, [dataset_id], [Slice("text", document_id=document.id)])
    looking = session.concurrency.gather([job] * 4, 4)
    found = Blocking.run(looking) if isinstance(coze.client, CozeClient) else coze.run(looking)
    assert [each.document_name for slices in found for each in slices] == ["a.txt"] * 4
    assert len(coze.emulator.calls_to(LISTING)) == 1


def test_what_a_recall_tells_is_not_looked_up(coze: Connected[Any]) -> None:
    completing = DocumentNames().complete(coze.client._session, ["1"], [GOOD, BARE])
    found = Blocking.run(completing) if isinstance(coze.client, CozeClient) else coze.run(completing)
    assert found == (GOOD, BARE)
    assert not coze.emulator.calls


class Crowd:
    """Counts who is inside; two must meet there, or a barrier breaks."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.counting = threading.Lock()

    def enter(self) -> None:
        with self.counting:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def leave(self) -> None:
        with self.counting:
            self.inside -= 1


def test_threads_wait_for_a_place() -> None:
    limit, crowd, meeting = ConcurrencyLimit(2), Crowd(), threading.Barrier(2, timeout=10)

    async def work() -> None:
        async with limit.slot(Blocking()):
            crowd.enter()
            meeting.wait()
            crowd.leave()

    threads = [threading.Thread(target=Blocking.run, args=(work(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (crowd.most, crowd.inside) == (2, 0)


def test_tasks_wait_for_a_place_in_any_loop() -> None:
    limit = ConcurrencyLimit(2)

    async def work(crowd: Crowd) -> None:
        async with limit.slot(Asyncio()):
            crowd.enter()
            await asyncio.sleep(0)
            crowd.leave()

    async def crowded() -> int:
        crowd = Crowd()
        await asyncio.gather(*map(work, [crowd] * 6))
        return crowd.most

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
