"""Full-text ranking: terms, BM25, and the index of the slices."""

# ruff: noqa: RUF001 - Chinese is written with Chinese punctuation

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import StoredDocument, StoredSlice
from coze_client.emulator.state.settings import Settings
from coze_client.emulator.text.ranking import Posting, rank
from coze_client.emulator.text.terms import terms

FACTS = (
    "The capital of France is Paris, on the river Seine.",
    "Lake Geneva is one of the largest lakes in Western Europe.",
    "Bern has been the seat of the Swiss government since 1848.",
    "法国的首都是巴黎，位于塞纳河畔。",
    "小猫咪喜欢吃鱼，也喜欢睡觉。",
)


@pytest.fixture
def backend() -> Iterator[Backend]:
    backend = Backend(Settings())
    put(backend, "1", "facts", *FACTS)
    yield backend
    backend.state.close()


def put(backend: Backend, document_id: str, dataset_id: str, *texts: str, ready_at: float = 0.0) -> None:
    document = StoredDocument(document_id, dataset_id, "me", "facts.txt", "txt", 1, 0, 0, 0, 0, ready_at=ready_at)
    backend.state.save(document)
    for number, text in enumerate(texts):
        backend.state.save(StoredSlice(f"{document_id}-{number}", document_id, dataset_id, text, number))


def found(backend: Backend, query: str, *dataset_ids: str) -> list[str]:
    return [hit.slice.text for hit in backend.knowledge.search(dataset_ids or ("facts",), query, top_k=100)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Lakes of Geneva's shore", ["lak", "geneva", "s", "shor"]),
        ("painted painting paints", ["paint"] * 3),
        ("running runs, made cities; GLASS bus", ["run", "run", "mad", "city", "glass", "bus"]),
        ("首都", ["首", "都", "首都"]),
        ("法国的首都是什么？", ["法", "国", "法国", "首", "都", "首都"]),
        ("GPT4模型", ["gpt4", "模", "型", "模型"]),
        ("ＦＵＬＬ　ｗｉｄｔｈ", ["full", "width"]),
        ("🙂 … \u0000 _ \ud800", []),
        ("What is it?", []),
    ],
)
def test_a_text_becomes_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("What is the capital of France?", FACTS[0]),
        ("Which lake is large?", FACTS[1]),
        ("government seats", FACTS[2]),
        ("in 1848", FACTS[2]),
        ("法国的首都是什么？", FACTS[3]),
        ("塞纳河在哪里", FACTS[3]),
        ("猫", FACTS[4]),
        ("睡觉", FACTS[4]),
    ],
)
def test_the_slice_that_answers_comes_first(backend: Backend, query: str, expected: str) -> None:
    assert found(backend, query)[0] == expected


def test_scores_fall_between_one_and_zero_and_a_rare_word_weighs_more(backend: Backend) -> None:
    put(
        backend,
        "2",
        "facts",
        "France",
        "river",
        "The Seine is a river in France.",
        "a river, a river, a river",
        "Rhine river",
    )
    hits = backend.knowledge.search(["facts"], "the river Seine in France", top_k=10)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert 1 > scores[0] > scores[-1] > 0
    texts = [hit.slice.text for hit in hits]
    assert texts[0] == "The Seine is a river in France."
    assert texts.index("France") < texts.index("river")


def test_a_text_that_says_every_word_once_scores_three_quarters() -> None:
    postings = [Posting("a", "1", 1, 10), Posting("b", "1", 1, 10), Posting("b", "2", 1, 10)]
    (best, score), (_, second) = rank(["a", "b"], postings, 9, 10)
    assert best == "1"
    assert score == pytest.approx(0.75)
    assert 0 < second < 0.5
    assert rank(["a"], [], 0, 1.0) == []


def test_only_so_many_and_only_so_good_slices_are_found(backend: Backend) -> None:
    put(backend, "2", "facts", *(f"bridge number {n}" for n in range(8)))
    search = backend.knowledge.search
    assert len(search(["facts"], "bridge", 3)) == 3
    assert search(["facts"], "bridge", 0) == []
    [best, *others] = search(["facts"], "bridge number 5", 10)
    assert best.slice.text == "bridge number 5"
    assert others
    assert [hit.slice.text for hit in search(["facts"], "bridge number 5", 10, best.score)] == ["bridge number 5"]


def test_datasets_do_not_mix(backend: Backend) -> None:
    put(backend, "2", "tales", "Paris was a prince of Troy.")
    assert found(backend, "Paris", "tales") == ["Paris was a prince of Troy."]
    assert len(found(backend, "Paris", "tales", "facts")) == 2
    assert found(backend, "Paris", "nowhere") == found(backend, "Paris", "1") == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "🙂🎉",
        '"',
        "NEAR(a b",
        "a OR",
        "*",
        "^x",
        "col:x",
        "'; DROP TABLE record; --",
        "\u0000",
        "\ud800",
        "-",
        "AND NOT",
    ],
)
def test_a_query_is_never_syntax(backend: Backend, query: str) -> None:
    assert found(backend, query) == []
    assert found(backend, f"{query} Paris") == [FACTS[0]]


def test_a_query_may_be_a_whole_book(backend: Backend) -> None:
    ideographs = "".join(map(chr, range(0x4E00, 0x9FFF)))
    assert FACTS[3] in found(backend, f"{ideographs} 巴黎 {'many words ' * 9000}")


def test_each_recall_counts_for_slice_and_document(backend: Backend) -> None:
    assert [hit.slice.hit_count for hit in backend.knowledge.search(["facts"], "France Geneva", 2)] == [0, 0]
    backend.knowledge.search(["facts"], "Geneva")
    counts = [each.hit_count for each in backend.state.owned(StoredSlice, "1")]
    assert counts == [1, 2, 0, 0, 0]
    document = backend.state.get(StoredDocument, "1")
    assert document is not None
    assert document.hit_count == 3


def test_counting_a_hit_brings_nothing_deleted_back_and_undoes_no_change(backend: Backend) -> None:
    state, wanted = backend.state, "Paris"
    get, document = state.get, state.get(StoredDocument, "1")
    assert document is not None

    def found_by_another_thread(kind: Any, key: str) -> Any:
        """Renames or deletes each record after it is read, before it can be saved again."""
        found = get(kind, key)
        if isinstance(found, StoredDocument):
            state.save(replace(found, name="renamed"))
        elif found:
            state.delete(found)
        return found

    state.get = found_by_another_thread  # type: ignore[method-assign]
    assert len(backend.knowledge.search(["facts"], wanted)) == 1
    state.get = get  # type: ignore[method-assign]
    assert [each.text for each in state.owned(StoredSlice, "1")] == list(FACTS[1:])
    assert get(StoredDocument, "1") == replace(document, name="renamed", hit_count=1)


def test_what_is_deleted_or_rewritten_is_not_found_as_it_was(backend: Backend) -> None:
    paris, lake, *_ = backend.state.owned(StoredSlice, "1")
    backend.state.delete(paris)
    backend.state.save(replace(lake, text="A lake in the Alps"))
    assert found(backend, "France") == found(backend, "Geneva") == []
    assert found(backend, "Alps") == ["A lake in the Alps"]


def test_documents_at_work_are_not_found_yet(backend: Backend) -> None:
    put(backend, "2", "facts", "Paris is large.", ready_at=backend.clock() + 3600)
    assert found(backend, "Paris") == [FACTS[0]]
    backend.clock = lambda: 1e11
    assert found(backend, "Paris") == ["Paris is large.", FACTS[0]]
    backend.clock = lambda: -1.0  # a clock that is set back sends nothing to work again
    assert found(backend, "Paris") == ["Paris is large.", FACTS[0]]


def test_the_index_outlives_the_emulator_in_its_file(tmp_path: Path) -> None:
    first = Backend(Settings(data=tmp_path / "state.db"))
    put(first, "1", "facts", *FACTS)
    first.state.close()
    second = Backend(Settings(data=tmp_path / "state.db"))
    assert found(second, "capital of France") == [FACTS[0]]
    second.state.delete(second.state.owned(StoredSlice, "1")[0])
    assert found(second, "capital of France") == []
    second.state.close()
