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
from tests.conftest import Connected, Driver
from tests.support.loaders import Library, Page, texts


def test_a_page_is_fetched_when_the_one_before_is_done_with(library: Library) -> None:
    library.fill(*(f"{number}.txt" for number in range(5)))
    loader = library.open(content=lambda document: document.name, page_size=2)

    listed = []
    for _ in range(3):
        page = library.run(loader.next())
        listed.append((texts(page), len(library.coze.emulator.calls_to("/open_api/knowledge/document/list"))))

    assert listed == [(["0.txt", "1.txt"], 1), (["2.txt", "3.txt"], 2), (["4.txt"], 3)]
    assert library.run(loader.next()) is None


def test_no_more_than_a_page_is_kept(library: Library) -> None:
    library.fill(*(f"{number}.txt" for number in range(6)))
    alive: weakref.WeakSet[Page] = weakref.WeakSet()
    counts = []

    def content(document: Document) -> Page:
        gc.collect()
        counts.append(len(alive))
        page = Page(document.name)
        alive.add(page)
        return page

    library.skim(content=content, page_size=2)

    assert max(counts) <= 2


def test_a_server_that_counts_pages_from_0_is_loaded_too(driver: Driver) -> None:
    with Emulator(dialect="studio") as studio:
        library = Library(Connected(driver, studio))
        ids = library.fill(*(f"{number}.txt" for number in range(5)))

        assert sorted(each.id for each in library.load(on_missing="metadata", page_size=2)) == ids


def test_loading_goes_on_after_a_document(library: Library) -> None:
    ids = library.fill("a.txt", "b.txt", "c.txt", "d.txt")

    assert library.names(start_after=ids[1], page_size=1) == ["c.txt", "d.txt"]
    assert library.names(start_after=ids[0]) == ["b.txt", "c.txt", "d.txt"]
    assert library.names(start_after=ids[3]) == []


@pytest.mark.parametrize("gone", [{"start_after": "999"}, {"document_ids": ["999"]}])
def test_a_document_that_is_not_there_is_an_error(library: Library, gone: dict[str, Any]) -> None:
    library.fill("a.txt")

    with pytest.raises(NotFound, match="no document 999"):
        library.names(**gone)


def test_documents_are_chosen_by_id_and_no_page_more_is_fetched(library: Library) -> None:
    ids = library.fill("a.txt", "b.txt", "c.txt", "d.txt")

    assert library.names(document_ids=[ids[2], ids[0]], page_size=1) == ["a.txt", "c.txt"]
    assert len(library.coze.emulator.calls_to("/open_api/knowledge/document/list")) == 3
    assert library.names(document_ids=[]) == []


def test_documents_are_chosen_by_state(library: Library) -> None:
    ids = library.fill("a.txt", "b.txt", "c.txt")
    library.change(ids[0], failure="it is broken")
    library.change(ids[1], looks_needed=1_000)

    assert library.names(status="ready") == ["c.txt"]
    assert library.names(status=("failed", "processing")) == ["a.txt", "b.txt"]
    with pytest.raises(ConfigurationError, match=r"'done' is not .* processing, ready, failed"):
        library.names(status="done")


MOMENT = datetime.fromtimestamp(1_700_000_000, timezone.utc)


@pytest.mark.parametrize("moment", [1_700_000_000, MOMENT, MOMENT.astimezone().replace(tzinfo=None)])
def test_documents_are_chosen_by_when_they_changed(library: Library, moment: object) -> None:
    ids = library.fill("before.txt", "then.txt", "after.txt")
    for document_id, changed in zip(ids, (1_699_999_999, 1_700_000_000, 1_700_000_001), strict=True):
        library.change(document_id, updated_at=changed)

    assert library.names(updated_after=moment) == ["after.txt"]
