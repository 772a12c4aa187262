"""CozeDatasetLoader in LangChain: sources, splitters, indexes; tests/adapters has what is true for both frameworks."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, aindex, index
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter

from coze_client import CozeClient
from coze_client.emulator import Emulator
from langchain_coze import CozeDatasetLoader
from tests.support.books import NAMES, BookDataset
from tests.support.frameworks import UpperCaseLoader
from tests.support.slices import backend_of

Books = BookDataset[CozeDatasetLoader]


@pytest.fixture
def books(emulator: Emulator, client: CozeClient, tmp_path: Path) -> Books:
    return BookDataset(emulator, client, tmp_path, CozeDatasetLoader)


def test_the_source_of_a_parsed_original_is_its_address_in_coze(books: Books) -> None:
    documents = books.with_texts(loaders={".txt": UpperCaseLoader}).load()

    found = [document.metadata["source"] for document in documents]
    assert found == [f"coze://datasets/{books.dataset_id}/documents/{document.id}" for document in documents]


def test_the_source_of_a_functions_document_is_its_address_in_coze(books: Books) -> None:
    pages = [Document("one", metadata={"page": 1, "source": "disk"}), Document("two")]

    first, *_ = books.loader(content=lambda _: pages).load()

    assert first.metadata["page"] == 1
    assert first.metadata["source"].startswith("coze://datasets/")


@pytest.mark.parametrize(("suffix", "needed"), [(".pdf", "pypdf"), (".docx", "docx2txt"), (".doc", "unstructured")])
def test_what_a_kind_of_file_needs_is_named(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, needed: str
) -> None:
    monkeypatch.setitem(sys.modules, "langchain_community.document_loaders", None)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"%PDF-1.4")

    with pytest.raises(ImportError, match=rf"'rice\.txt'.*langchain-community '{needed}.*loaders="):
        books.loader(content=lambda _: path).load()


def test_documents_are_split_with_their_metadata(books: Books) -> None:
    splitter = RecursiveCharacterTextSplitter(chunk_size=200, chunk_overlap=0)

    pieces = splitter.split_documents(books.with_texts().load())

    assert len(pieces) > 6
    assert {piece.metadata["document_name"] for piece in pieces} == set(NAMES)
    assert books.with_texts().load_and_split(splitter) == pieces


def test_documents_of_metadata_alone_leave_nothing_to_split(books: Books) -> None:
    documents = books.loader(on_missing="metadata").load()

    assert [document.page_content for document in documents] == ["", "", ""]
    assert RecursiveCharacterTextSplitter().split_documents(documents) == []


class Index:
    """A vector store that is filled from loaders, blocking or on an event loop."""

    def __init__(self, *, blocking: bool) -> None:
        self.store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
        self._records = InMemoryRecordManager("coze")
        self._records.create_schema()
        self._blocking = blocking

    def take(self, loader: CozeDatasetLoader, cleanup: Any = "full") -> dict[str, int]:
        """Index a loader's documents; return how many were added, updated, skipped and deleted."""
        options: dict[str, Any] = {"cleanup": cleanup, "source_id_key": "source", "key_encoder": "sha256"}
        if self._blocking:
            counts = index(loader, self._records, self.store, **options)
        else:
            counts = asyncio.run(aindex(loader, self._records, self.store, **options))
        return {name.removeprefix("num_"): int(str(count)) for name, count in counts.items() if count}


@pytest.fixture(params=["index", "aindex"])
def indexed(request: pytest.FixtureRequest) -> Index:
    return Index(blocking=request.param == "index")


def test_an_index_adds_new_documents_and_skips_known_ones(indexed: Index, books: Books) -> None:
    assert indexed.take(books.with_texts()) == {"added": 3}
    assert indexed.take(books.with_texts()) == {"skipped": 3}

    (books.folder / "tea.txt").write_text("A new edition.")

    assert indexed.take(books.with_texts(), "incremental") == {"added": 1, "skipped": 2, "deleted": 1}
    assert "A new edition." in {each["text"] for each in indexed.store.store.values()}


def test_an_index_deletes_what_the_dataset_lost(indexed: Index, books: Books) -> None:
    indexed.take(books.with_texts())

    gone = books.with_texts().load()[0].id
    kept = books.loader(content=lambda document: None if document.document_id == gone else "", on_missing="skip")

    assert kept.load() == []
    assert indexed.take(books.with_texts(document_ids=[d.id for d in books.with_texts().load()[1:]])) == {
        "skipped": 2,
        "deleted": 1,
    }


def test_a_recall_makes_no_document_look_changed(indexed: Index, books: Books) -> None:
    indexed.take(books.with_texts(volatile=False))
    [first, *_] = books.emulator.documents(books.dataset_id)
    backend_of(books.emulator).state.save(replace(first, hit_count=first.hit_count + 1))

    assert indexed.take(books.with_texts(volatile=False)) == {"skipped": 3}
