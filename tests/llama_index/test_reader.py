"""The documents of a dataset in LlamaIndex: loaded in every way, split, ingested."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.readers import SimpleDirectoryReader
from llama_index.core.readers.base import BaseReader, ReaderConfig
from llama_index.core.schema import Document, MetadataMode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from pydantic import ValidationError

from coze_client import ConfigurationError, CozeClient
from coze_client.emulator import Emulator
from llama_index_coze import CozeReader

LISTING = "/open_api/knowledge/document/list"
Way = Callable[..., list[Document]]
Make = Callable[..., CozeReader]


def lazy_load_data(reader: CozeReader, **given: Any) -> list[Document]:
    return list(reader.lazy_load_data(**given))


def load_data(reader: CozeReader, **given: Any) -> list[Document]:
    return reader.load_data(**given)


def alazy_load_data(reader: CozeReader, **given: Any) -> list[Document]:
    async def collect() -> list[Document]:
        return [document async for document in await reader.alazy_load_data(**given)]

    return asyncio.run(collect())


def alazy_then_plain(reader: CozeReader, **given: Any) -> list[Document]:
    return list(asyncio.run(reader.alazy_load_data(**given)))


def aload_data(reader: CozeReader, **given: Any) -> list[Document]:
    return asyncio.run(reader.aload_data(**given))


@pytest.fixture(
    params=[lazy_load_data, load_data, alazy_load_data, alazy_then_plain, aload_data], ids=lambda way: way.__name__
)
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
    """Makes readers of a dataset that was filled from the folder of originals."""
    dataset_id = emulator.add_dataset("library", originals)
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        yield lambda **settings: CozeReader(dataset_id=dataset_id, client=client, **settings)


def test_every_way_of_loading_gives_the_same_documents(
    way: Way, make: Make, originals: Path, emulator: Emulator
) -> None:
    documents = way(make(content=originals, page_size=2))

    stored = emulator.documents(emulator.datasets["library"])
    assert [document.doc_id for document in documents] == [each.id for each in stored]
    assert [document.metadata["document_name"] for document in documents] == ["rice.txt", "salt.txt", "tea.txt"]
    assert documents[2].text == (originals / "tea.txt").read_text()
    assert {type(value) for document in documents for value in document.metadata.values()} <= {str, int, float}


def test_a_reader_asks_for_nothing_before_its_documents_are_wanted(
    make: Make, originals: Path, emulator: Emulator
) -> None:
    documents = make(content=originals, page_size=1).lazy_load_data()
    assert emulator.calls_to(LISTING) == []

    next(documents)

    assert len(emulator.calls_to(LISTING)) == 1


def test_documents_without_text_raise_and_are_named(way: Way, make: Make) -> None:
    with pytest.raises(ConfigurationError, match=r"'rice.txt', 'salt.txt', 'tea.txt'.*content="):
        way(make())


def test_a_call_may_choose_otherwise_than_the_reader(way: Way, make: Make, originals: Path) -> None:
    reader = make(content=originals)
    first, *rest = reader.load_data()

    assert way(reader, start_after=first.doc_id) == rest
    assert way(reader, document_ids=[first.doc_id]) == [first]
    with pytest.raises(ValidationError, match="start_aftr"):
        way(reader, start_aftr="1")
    with pytest.raises(TypeError, match="keyword arguments only"):
        reader.load_data(first.doc_id)


def test_an_llm_is_told_the_name_and_an_embedding_too(make: Make, originals: Path) -> None:
    document = make(content=originals).load_data()[2]

    for mode in (MetadataMode.LLM, MetadataMode.EMBED):
        assert document.get_metadata_str(mode) == "document_name: tea.txt"


def test_a_function_may_give_llamaindexs_documents(way: Way, make: Make) -> None:
    given = Document(text="one", metadata={"page_label": "1"}, excluded_llm_metadata_keys=["page_label"])

    first, second = way(make(content=lambda _: [given, Document(text=" "), Document(text="two")]))[:2]

    assert (first.text, second.text) == ("one", "two")
    assert first.metadata["page_label"] == "1"
    assert "page_label" in first.excluded_llm_metadata_keys
    assert [document.doc_id for document in (first, second)] == [
        f"{first.metadata['document_id']}_part_{n}" for n in (0, 1)
    ]
    assert given.metadata == {"page_label": "1"}


class Shouting(BaseReader):
    """A reader of files as LlamaIndex has many."""

    def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[Document]:
        return [Document(text=file.read_text().upper(), metadata=dict(extra_info or {}))]


def test_originals_are_parsed_by_the_reader_of_choice(way: Way, make: Make, originals: Path) -> None:
    documents = way(make(content=originals, file_extractor={".txt": Shouting()}))

    assert documents[2].text.startswith("A BOOK ON TEA.TXT.")
    assert documents[2].metadata["file_name"] == "tea.txt"


def test_originals_are_parsed_by_llamaindexs_own_readers(
    way: Way, make: Make, originals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimpleDirectoryReader, "supported_suffix_fn", staticmethod(lambda: {".pdf": Shouting}))
    (originals / "a.pdf").write_bytes(b"%pdf")

    documents = way(make(content=lambda _: originals / "a.pdf"))

    assert [document.text for document in documents] == ["%PDF"] * 3


def test_a_file_that_its_reader_cannot_read_is_not_skipped(make: Make, originals: Path) -> None:
    (originals / "tea.txt").write_bytes(b"\xff\xff")

    with pytest.raises(ConfigurationError, match=r"'tea\.txt' cannot be read: UnicodeDecodeError"):
        make(content=originals, file_extractor={".txt": Shouting()}).load_data()


def test_what_no_reader_reads_is_not_read_as_text(make: Make, originals: Path) -> None:
    (originals / "a.pdf").write_bytes(b"%PDF-1.4\n\xe2\xe3\xcf\xd3")

    with pytest.raises(ConfigurationError, match=r"not text in utf-8.*llama-index-readers-file"):
        make(content=lambda _: originals / "a.pdf").load_data()


def test_documents_are_split_into_nodes_that_name_them(way: Way, make: Make, originals: Path) -> None:
    documents = way(make(content=originals))

    nodes = SentenceSplitter(chunk_size=64, chunk_overlap=0).get_nodes_from_documents(documents)

    assert len(nodes) > 6
    assert {node.ref_doc_id for node in nodes} == {document.doc_id for document in documents}
    assert {node.metadata["document_name"] for node in nodes} == {"rice.txt", "salt.txt", "tea.txt"}


class Ingestion:
    """A pipeline with docstore, cache and vector store, run on either face."""

    def __init__(self, *, blocking: bool) -> None:
        self.docstore = SimpleDocumentStore()
        self.vectors = SimpleVectorStore()
        self._pipeline = IngestionPipeline(
            transformations=[SentenceSplitter(chunk_size=64, chunk_overlap=0), MockEmbedding(embed_dim=4)],
            docstore=self.docstore,
            docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
            cache=IngestionCache(),
            vector_store=self.vectors,
        )
        self._blocking = blocking

    def run(self, documents: list[Document]) -> set[str]:
        """The names of the documents of which it made new nodes."""
        if self._blocking:
            nodes = self._pipeline.run(documents=documents)
        else:
            nodes = asyncio.run(self._pipeline.arun(documents=documents))
        return {node.metadata["document_name"] for node in nodes}

    @property
    def kept(self) -> set[str]:
        """The ids of the documents of which there are vectors."""
        return set(self.vectors.data.text_id_to_ref_doc_id.values())


@pytest.fixture(params=["run", "arun"])
def ingestion(request: pytest.FixtureRequest) -> Ingestion:
    return Ingestion(blocking=request.param == "run")


def test_a_pipeline_takes_what_is_new_and_skips_what_it_knows(
    ingestion: Ingestion, make: Make, originals: Path
) -> None:
    assert ingestion.run(make(content=originals).load_data()) == {"rice.txt", "salt.txt", "tea.txt"}
    assert ingestion.run(make(content=originals).load_data()) == set()

    (originals / "tea.txt").write_text("A new edition.")
    documents = make(content=originals).load_data()

    assert ingestion.run(documents) == {"tea.txt"}
    assert ingestion.kept == {document.doc_id for document in documents}


def test_a_pipeline_forgets_what_the_dataset_lost(ingestion: Ingestion, make: Make, originals: Path) -> None:
    documents = make(content=originals).load_data()
    ingestion.run(documents)

    assert ingestion.run(documents[1:]) == set()
    assert ingestion.kept == {document.doc_id for document in documents[1:]}


def test_a_pipeline_reads_by_the_reader_itself(make: Make, originals: Path) -> None:
    pipeline = IngestionPipeline(
        readers=[ReaderConfig(reader=make(content=originals), reader_kwargs={"status": "ready"})],
        transformations=[SentenceSplitter()],
    )

    assert [node.metadata["document_name"] for node in pipeline.run()] == ["rice.txt", "salt.txt", "tea.txt"]


def test_a_recall_makes_no_document_look_changed(
    ingestion: Ingestion, make: Make, originals: Path, emulator: Emulator
) -> None:
    stable = {"content": originals, "volatile": False}
    ingestion.run(make(**stable).load_data())
    [first, *_] = emulator.documents(emulator.datasets["library"])
    emulator._backend.state.save(replace(first, hit_count=first.hit_count + 1))

    assert ingestion.run(make(**stable).load_data()) == set()


def test_a_stored_reader_has_its_folder_and_no_secret(make: Make, originals: Path, emulator: Emulator) -> None:
    reader = make(content=originals, status="ready")

    stored = json.dumps(ReaderConfig(reader=reader).to_dict())
    again = CozeReader.from_dict({**reader.to_dict(), "client": reader.client})

    assert emulator.token not in stored + repr(reader)
    assert reader.to_dict()["class_name"] == "CozeReader"
    assert again.is_remote
    assert again.load_data() == reader.load_data()


def test_a_function_is_not_stored(make: Make) -> None:
    assert make(content=lambda _: "text").to_dict()["content"] is None


def test_a_reader_can_be_pickled(make: Make, originals: Path) -> None:
    reader = make(content=originals)

    again = pickle.loads(pickle.dumps(reader))

    assert again.load_data() == reader.load_data()
    again.client.close()
