"""CozeReader in LlamaIndex: calls, readers and pipelines; tests/adapters has what is true for both frameworks."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.readers import SimpleDirectoryReader
from llama_index.core.readers.base import ReaderConfig
from llama_index.core.schema import Document, MetadataMode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from pydantic import ValidationError

from coze_client import ConfigurationError, CozeClient
from coze_client.emulator import Emulator
from llama_index_coze import CozeReader
from tests.support.books import NAMES, BookDataset
from tests.support.frameworks import UpperCaseReader
from tests.support.slices import backend_of

Books = BookDataset[CozeReader]


@pytest.fixture
def books(emulator: Emulator, client: CozeClient, tmp_path: Path) -> Books:
    return BookDataset(emulator, client, tmp_path, CozeReader)


def test_asynchronously_loaded_documents_can_be_iterated_without_an_event_loop(books: Books) -> None:
    reader = books.with_texts()

    assert list(asyncio.run(reader.alazy_load_data())) == reader.load_data()


def load_data(reader: CozeReader, **given: Any) -> list[Document]:
    return reader.load_data(**given)


def lazy_load_data(reader: CozeReader, **given: Any) -> list[Document]:
    return list(reader.lazy_load_data(**given))


def aload_data(reader: CozeReader, **given: Any) -> list[Document]:
    return asyncio.run(reader.aload_data(**given))


def alazy_load_data(reader: CozeReader, **given: Any) -> list[Document]:
    return list(asyncio.run(reader.alazy_load_data(**given)))


@pytest.mark.parametrize("load", [load_data, lazy_load_data, aload_data, alazy_load_data])
def test_a_call_may_change_the_readers_settings(load: Any, books: Books) -> None:
    reader = books.with_texts()
    first, *rest = reader.load_data()

    assert load(reader, start_after=first.doc_id) == rest
    assert load(reader, document_ids=[first.doc_id]) == [first]
    with pytest.raises(ValidationError, match="start_aftr"):
        load(reader, start_aftr="1")
    with pytest.raises(TypeError, match="keyword arguments only"):
        reader.load_data(first.doc_id)


def test_llms_and_embeddings_read_the_name_of_a_document(books: Books) -> None:
    document = books.with_texts().load_data()[2]

    for mode in (MetadataMode.LLM, MetadataMode.EMBED):
        assert document.get_metadata_str(mode) == "document_name: tea.txt"


def test_a_functions_document_keeps_the_metadata_keys_that_llms_do_not_read(books: Books) -> None:
    given = Document(text="one", metadata={"page_label": "1"}, excluded_llm_metadata_keys=["page_label"])

    first, *_ = books.loader(content=lambda _: [given]).load_data()

    assert "page_label" in first.excluded_llm_metadata_keys


def test_a_readers_metadata_are_kept(books: Books) -> None:
    documents = books.with_texts(file_extractor={".txt": UpperCaseReader()}).load_data()

    assert documents[2].metadata["file_name"] == "tea.txt"


def test_originals_are_parsed_by_llamaindexs_own_readers(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimpleDirectoryReader, "supported_suffix_fn", staticmethod(lambda: {".pdf": UpperCaseReader}))
    (books.folder / "a.pdf").write_bytes(b"%pdf")

    documents = books.loader(content=lambda _: books.folder / "a.pdf").load_data()

    assert [document.text for document in documents] == ["%PDF"] * 3


def test_a_file_that_its_reader_cannot_read_is_not_skipped(books: Books) -> None:
    (books.folder / "tea.txt").write_bytes(b"\xff\xff")

    with pytest.raises(ConfigurationError, match=r"'tea\.txt' cannot be read: UnicodeDecodeError"):
        books.with_texts(file_extractor={".txt": UpperCaseReader()}).load_data()


def test_a_file_that_no_reader_reads_is_not_read_as_text(books: Books) -> None:
    (books.folder / "a.pdf").write_bytes(b"%PDF-1.4\n\xe2\xe3\xcf\xd3")

    with pytest.raises(ConfigurationError, match=r"not text in utf-8.*llama-index-readers-file"):
        books.loader(content=lambda _: books.folder / "a.pdf").load_data()


def test_documents_are_split_into_nodes_that_name_them(books: Books) -> None:
    documents = books.with_texts().load_data()

    nodes = SentenceSplitter(chunk_size=64, chunk_overlap=0).get_nodes_from_documents(documents)

    assert len(nodes) > 6
    assert {node.ref_doc_id for node in nodes} == {document.doc_id for document in documents}
    assert {node.metadata["document_name"] for node in nodes} == set(NAMES)


class Ingestion:
    """A pipeline with docstore, cache and vector store, run blocking or on an event loop."""

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
        """Run the pipeline; return the names of the documents with new nodes."""
        if self._blocking:
            nodes = self._pipeline.run(documents=documents)
        else:
            nodes = asyncio.run(self._pipeline.arun(documents=documents))
        return {node.metadata["document_name"] for node in nodes}

    @property
    def stored(self) -> set[str]:
        """The ids of the documents with vectors."""
        return set(self.vectors.data.text_id_to_ref_doc_id.values())


@pytest.fixture(params=["run", "arun"])
def ingestion(request: pytest.FixtureRequest) -> Ingestion:
    return Ingestion(blocking=request.param == "run")


def test_a_pipeline_takes_new_documents_and_skips_known_ones(ingestion: Ingestion, books: Books) -> None:
    assert ingestion.run(books.with_texts().load_data()) == set(NAMES)
    assert ingestion.run(books.with_texts().load_data()) == set()

    (books.folder / "tea.txt").write_text("A new edition.")
    documents = books.with_texts().load_data()

    assert ingestion.run(documents) == {"tea.txt"}
    assert ingestion.stored == {document.doc_id for document in documents}


def test_a_pipeline_deletes_what_the_dataset_lost(ingestion: Ingestion, books: Books) -> None:
    documents = books.with_texts().load_data()
    ingestion.run(documents)

    assert ingestion.run(documents[1:]) == set()
    assert ingestion.stored == {document.doc_id for document in documents[1:]}


def test_a_pipeline_calls_the_reader(books: Books) -> None:
    pipeline = IngestionPipeline(
        readers=[ReaderConfig(reader=books.with_texts(), reader_kwargs={"status": "ready"})],
        transformations=[SentenceSplitter()],
    )

    assert [node.metadata["document_name"] for node in pipeline.run()] == list(NAMES)


def test_a_recall_makes_no_document_look_changed(ingestion: Ingestion, books: Books) -> None:
    ingestion.run(books.with_texts(volatile=False).load_data())
    [first, *_] = books.emulator.documents(books.dataset_id)
    backend_of(books.emulator).state.save(replace(first, hit_count=first.hit_count + 1))

    assert ingestion.run(books.with_texts(volatile=False).load_data()) == set()


def test_a_stored_reader_has_its_folder_and_no_secret(books: Books) -> None:
    reader = books.with_texts(status="ready")

    stored = json.dumps(ReaderConfig(reader=reader).to_dict())
    again = CozeReader.from_dict({**reader.to_dict(), "client": reader.client})

    assert books.emulator.token not in stored + repr(reader)
    assert reader.to_dict()["class_name"] == "CozeReader"
    assert again.is_remote
    assert again.load_data() == reader.load_data()


def test_a_function_is_not_stored(books: Books) -> None:
    assert books.loader(content=lambda _: "text").to_dict()["content"] is None
