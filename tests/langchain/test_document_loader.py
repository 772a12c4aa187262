"""The documents of a dataset in LangChain: loaded in every way, split, indexed."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, aindex, index
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter
from pydantic import ValidationError

from coze_client import ConfigurationError, CozeClient
from coze_client.emulator import Emulator
from langchain_coze import CozeDatasetLoader

LISTING = "/open_api/knowledge/document/list"
Way = Callable[[CozeDatasetLoader], list[Document]]
Make = Callable[..., CozeDatasetLoader]


def lazy_load(loader: CozeDatasetLoader) -> list[Document]:
    return list(loader.lazy_load())


def load(loader: CozeDatasetLoader) -> list[Document]:
    return loader.load()


def alazy_load(loader: CozeDatasetLoader) -> list[Document]:
    async def collect() -> list[Document]:
        return [document async for document in loader.alazy_load()]

    return asyncio.run(collect())


def aload(loader: CozeDatasetLoader) -> list[Document]:
    return asyncio.run(loader.aload())


@pytest.fixture(params=[lazy_load, load, alazy_load, aload], ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Way:
    """Each way of loading, one after the other: they must give the same documents."""
    found: Way = request.param
    return found


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    for name in ("tea.txt", "rice.txt", "salt.txt"):
        (tmp_path / name).write_text(f"A book on {name}.\n\n" + "It grows in the field. " * 30)
    return tmp_path


@pytest.fixture
def make(emulator: Emulator, originals: Path) -> Iterator[Make]:
    """Makes loaders of a dataset that was filled from the folder of originals."""
    dataset_id = emulator.add_dataset("library", originals)
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        yield lambda **settings: CozeDatasetLoader(dataset_id=dataset_id, client=client, **settings)


def sources(documents: list[Document]) -> set[str]:
    return {document.metadata["source"] for document in documents}


def test_every_way_of_loading_gives_the_same_documents(
    way: Way, make: Make, originals: Path, emulator: Emulator
) -> None:
    documents = way(make(content=originals, page_size=2))

    stored = emulator.documents(emulator.datasets["library"])
    assert [document.id for document in documents] == [each.id for each in stored]
    assert [document.metadata["document_name"] for document in documents] == ["rice.txt", "salt.txt", "tea.txt"]
    assert documents[2].page_content == (originals / "tea.txt").read_text()
    assert documents[2].metadata["size"] == (originals / "tea.txt").stat().st_size
    assert {type(value) for document in documents for value in document.metadata.values()} <= {str, int, float}


def test_a_loader_asks_for_nothing_before_its_documents_are_wanted(
    make: Make, originals: Path, emulator: Emulator
) -> None:
    documents = make(content=originals, page_size=1).lazy_load()
    assert emulator.calls_to(LISTING) == []

    next(documents)

    assert len(emulator.calls_to(LISTING)) == 1


def test_documents_without_text_raise_and_are_named(way: Way, make: Make) -> None:
    with pytest.raises(ConfigurationError, match=r"'rice.txt', 'salt.txt', 'tea.txt'.*content="):
        way(make())


def test_a_function_may_give_langchains_documents(way: Way, make: Make) -> None:
    def pages(_: object) -> list[Document]:
        return [Document("one", metadata={"page": 1, "source": "disk"}), Document(" "), Document("two")]

    first, second = way(make(content=pages))[:2]

    assert (first.page_content, second.page_content) == ("one", "two")
    assert first.metadata["page"] == 1
    assert first.metadata["source"].startswith("coze://datasets/")
    assert [document.id for document in (first, second)] == [
        f"{first.metadata['document_id']}_part_{n}" for n in (0, 1)
    ]


class Shouting(BaseLoader):
    """A loader of files as LangChain has many."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def lazy_load(self) -> Iterator[Document]:
        yield Document(self._path.read_text().upper(), metadata={"source": str(self._path)})


def test_originals_are_parsed_by_the_loader_of_choice(way: Way, make: Make, originals: Path) -> None:
    documents = way(make(content=originals, loaders={".txt": Shouting}))

    assert documents[2].page_content.startswith("A BOOK ON TEA.TXT.")
    assert sources(documents) == {f"coze://datasets/{d.metadata['dataset_id']}/documents/{d.id}" for d in documents}


def test_bytes_are_parsed_by_the_kind_of_the_document(way: Way, make: Make) -> None:
    documents = way(make(content=lambda _: b"whisper", loaders={".txt": Shouting}))

    assert [document.page_content for document in documents] == ["WHISPER"] * 3


@pytest.mark.parametrize(("suffix", "needed"), [(".pdf", "pypdf"), (".docx", "docx2txt"), (".doc", "unstructured")])
def test_what_a_kind_of_file_needs_is_named(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, needed: str
) -> None:
    monkeypatch.setitem(sys.modules, "langchain_community.document_loaders", None)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"%PDF-1.4")

    with pytest.raises(ImportError, match=rf"'rice\.txt'.*langchain-community '{needed}.*loaders="):
        make(content=lambda _: path).load()


def test_documents_are_split_with_their_metadata(way: Way, make: Make, originals: Path) -> None:
    splitter = RecursiveCharacterTextSplitter(chunk_size=200, chunk_overlap=0)

    pieces = splitter.split_documents(way(make(content=originals)))

    assert len(pieces) > 6
    assert {piece.metadata["document_name"] for piece in pieces} == {"rice.txt", "salt.txt", "tea.txt"}
    assert make(content=originals).load_and_split(splitter) == pieces


def test_documents_of_metadata_alone_leave_nothing_to_split(make: Make) -> None:
    documents = make(on_missing="metadata").load()

    assert [document.page_content for document in documents] == ["", "", ""]
    assert RecursiveCharacterTextSplitter().split_documents(documents) == []


class Index:
    """A vector store and what is in it, filled from loaders by either face."""

    def __init__(self, *, blocking: bool) -> None:
        self.store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
        self._records = InMemoryRecordManager("coze")
        self._records.create_schema()
        self._blocking = blocking

    def take(self, loader: CozeDatasetLoader, cleanup: Any = "full") -> dict[str, int]:
        """What it did: how many documents were added, updated, skipped, deleted."""
        options: dict[str, Any] = {"cleanup": cleanup, "source_id_key": "source", "key_encoder": "sha256"}
        if self._blocking:
            done = index(loader, self._records, self.store, **options)
        else:
            done = asyncio.run(aindex(loader, self._records, self.store, **options))
        return {name.removeprefix("num_"): int(str(count)) for name, count in done.items() if count}


@pytest.fixture(params=["index", "aindex"])
def indexed(request: pytest.FixtureRequest) -> Index:
    return Index(blocking=request.param == "index")


def test_an_index_takes_what_is_new_and_skips_what_it_knows(indexed: Index, make: Make, originals: Path) -> None:
    assert indexed.take(make(content=originals)) == {"added": 3}
    assert indexed.take(make(content=originals)) == {"skipped": 3}

    (originals / "tea.txt").write_text("A new edition.")

    assert indexed.take(make(content=originals), "incremental") == {"added": 1, "skipped": 2, "deleted": 1}
    assert "A new edition." in {each["text"] for each in indexed.store.store.values()}


def test_an_index_forgets_what_the_dataset_lost(indexed: Index, make: Make, originals: Path) -> None:
    indexed.take(make(content=originals))

    gone = make(content=originals).load()[0].id
    kept = make(content=lambda document: None if document.document_id == gone else "", on_missing="skip")

    assert kept.load() == []
    assert indexed.take(make(content=originals, document_ids=[d.id for d in make(content=originals).load()[1:]])) == {
        "skipped": 2,
        "deleted": 1,
    }


def test_a_recall_makes_no_document_look_changed(
    indexed: Index, make: Make, originals: Path, emulator: Emulator
) -> None:
    stable = {"content": originals, "volatile": False}
    indexed.take(make(**stable))
    [first, *_] = emulator.documents(emulator.datasets["library"])
    emulator._backend.state.save(replace(first, hit_count=first.hit_count + 1))

    assert indexed.take(make(**stable)) == {"skipped": 3}


def test_loading_goes_on_where_it_stopped(way: Way, make: Make, originals: Path) -> None:
    first, *rest = make(content=originals).load()

    assert way(make(content=originals, start_after=first.id)) == rest


def test_a_setting_that_is_not_there_is_refused(make: Make) -> None:
    with pytest.raises(ValidationError, match="foldr"):
        make(foldr="x")


def test_a_loader_can_be_pickled_and_tells_no_token(make: Make, originals: Path, emulator: Emulator) -> None:
    loader = make(content=originals)

    again = pickle.loads(pickle.dumps(loader))

    assert again.load() == loader.load()
    assert emulator.token not in repr(loader)
    again.client.close()


def test_a_loader_of_the_asyncio_client_loads_in_both_ways(way: Way, make: Make, originals: Path) -> None:
    loader = make(content=originals)
    assert isinstance(loader.client, CozeClient)
    twin = CozeDatasetLoader(dataset_id=loader.dataset_id, client=loader.client.aio, content=originals)

    assert way(twin) == loader.load()
