"""Writing LangChain's documents into a dataset; what is true for both frameworks is tested in tests/adapters."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_text_splitters import CharacterTextSplitter

from coze_client import CozeClient
from coze_client.emulator import Emulator
from langchain_coze import CozeDatasetWriter


def texts(emulator: Emulator, dataset_id: str) -> list[str]:
    return sorted("".join(piece.text for piece in emulator.slices(each.id)) for each in emulator.documents(dataset_id))


def split(**sources: str) -> list[Document]:
    documents = [Document(text, metadata={"source": f"poems/{name}.txt"}) for name, text in sources.items()]
    return CharacterTextSplitter(separator="|", chunk_size=4, chunk_overlap=0).split_documents(documents)


def test_replace_does_what_an_incremental_cleanup_does(emulator: Emulator, client: CozeClient) -> None:
    dataset_id = emulator.add_dataset("library", {})
    writer = CozeDatasetWriter(client, dataset_id)
    writer.replace(split(owl="owl1|owl2|owl3", cat="cat1|cat2"))
    report = writer.replace(split(owl="owl1|new2"))
    assert report.counts == {"skipped": 1, "ready": 1}
    assert texts(emulator, dataset_id) == ["cat1", "cat2", "new2", "owl1"]


def test_mirror_does_what_a_full_cleanup_does(emulator: Emulator, client: CozeClient) -> None:
    dataset_id = emulator.add_dataset("library", {})
    writer = CozeDatasetWriter(client, dataset_id)
    writer.mirror(split(owl="owl1|owl2|owl3", cat="cat1|cat2"))
    report = writer.mirror(split(owl="owl1|new2"))
    assert {result.source for result in report if result.status == "gone"} == {"poems/cat.txt"}
    assert texts(emulator, dataset_id) == ["new2", "owl1"]


@pytest.mark.parametrize("cleanup", ["full", "incremental"])
def test_index_refuses_a_writer_before_anything_is_sent(emulator: Emulator, client: CozeClient, cleanup: Any) -> None:
    manager = InMemoryRecordManager("library")
    manager.create_schema()
    writer: Any = CozeDatasetWriter(client, emulator.add_dataset("library", {}))
    with pytest.raises(TypeError, match="VectorStore"):
        index(split(owl="owl1"), manager, writer, cleanup=cleanup, source_id_key="source", key_encoder="sha256")
    assert emulator.calls == []
