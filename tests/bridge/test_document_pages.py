"""Which documents of a dataset are loaded, in which order, and with how many requests."""

from __future__ import annotations

import gc
import weakref
from datetime import datetime, timezone
from typing import Any

import pytest

from coze_client import ConfigurationError, NotFound
from coze_client.api.datasets.values import Document
from coze_client.emulator import Emulator
from tests.support.clients import ConnectedClient, Driver
from tests.support.loaders import LoadedDataset, Page, texts


def test_a_page_is_fetched_when_the_one_before_is_done_with(dataset: LoadedDataset) -> None:
    dataset.fill(*(f"{number}.txt" for number in range(5)))
    loader = dataset.open(content=lambda document: document.name, page_size=2)

    listed = []
    for _ in range(3):
        page = dataset.run(loader.next())
        listed.append((texts(page), len(dataset.coze.emulator.calls_to("/open_api/knowledge/document/list"))))

    assert listed == [(["0.txt", "1.txt"], 1), (["2.txt", "3.txt"], 2), (["4.txt"], 3)]
    assert dataset.run(loader.next()) is None


def test_no_more_than_a_page_is_kept(dataset: LoadedDataset) -> None:
    dataset.fill(*(f"{number}.txt" for number in range(6)))
    alive: weakref.WeakSet[Page] = weakref.WeakSet()
    counts = []

    def content(document: Document) -> Page:
        gc.collect()
        counts.append(len(alive))
        page = Page(document.name)
        alive.add(page)
        return page

    dataset.load_and_discard(content=content, page_size=2)

    assert max(counts) <= 2


def test_a_server_that_counts_pages_from_0_is_loaded_too(driver: Driver) -> None:
    with Emulator(dialect="studio") as studio:
        dataset = LoadedDataset(ConnectedClient(driver, studio))
        ids = dataset.fill(*(f"{number}.txt" for number in range(5)))

        assert sorted(each.id for each in dataset.load(on_missing="metadata", page_size=2)) == ids


def test_loading_goes_on_after_a_document(dataset: LoadedDataset) -> None:
    ids = dataset.fill("a.txt", "b.txt", "c.txt", "d.txt")

    assert dataset.names(start_after=ids[1], page_size=1) == ["c.txt", "d.txt"]
    assert dataset.names(start_after=ids[0]) == ["b.txt", "c.txt", "d.txt"]
    assert dataset.names(start_after=ids[3]) == []


@pytest.mark.parametrize("gone", [{"start_after": "999"}, {"document_ids": ["999"]}])
def test_a_document_that_is_not_there_is_an_error(dataset: LoadedDataset, gone: dict[str, Any]) -> None:
    dataset.fill("a.txt")

    with pytest.raises(NotFound, match="no document 999"):
        dataset.names(**gone)


def test_documents_are_chosen_by_id_and_no_page_more_is_fetched(dataset: LoadedDataset) -> None:
    ids = dataset.fill("a.txt", "b.txt", "c.txt", "d.txt")

    assert dataset.names(document_ids=[ids[2], ids[0]], page_size=1) == ["a.txt", "c.txt"]
    assert len(dataset.coze.emulator.calls_to("/open_api/knowledge/document/list")) == 3
    assert dataset.names(document_ids=[]) == []


def test_documents_are_chosen_by_state(dataset: LoadedDataset) -> None:
    ids = dataset.fill("a.txt", "b.txt", "c.txt")
    dataset.change(ids[0], failure="it is broken")
    dataset.change(ids[1], looks_needed=1_000)

    assert dataset.names(status="ready") == ["c.txt"]
    assert dataset.names(status=("failed", "processing")) == ["a.txt", "b.txt"]
    with pytest.raises(ConfigurationError, match=r"'done' is not .* processing, ready, failed"):
        dataset.names(status="done")


MOMENT = datetime.fromtimestamp(1_700_000_000, timezone.utc)


@pytest.mark.parametrize("moment", [1_700_000_000, MOMENT, MOMENT.astimezone().replace(tzinfo=None)])
def test_documents_are_chosen_by_when_they_changed(dataset: LoadedDataset, moment: object) -> None:
    ids = dataset.fill("before.txt", "then.txt", "after.txt")
    for document_id, changed in zip(ids, (1_699_999_999, 1_700_000_000, 1_700_000_001), strict=True):
        dataset.change(document_id, updated_at=changed)

    assert dataset.names(updated_after=moment) == ["after.txt"]
