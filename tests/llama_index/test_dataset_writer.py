"""Writing LlamaIndex's nodes into a dataset; what is true for both frameworks is tested in tests/adapters."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core import Document
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import ImageNode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore

from coze_client import CozeClient
from coze_client.emulator import Emulator
from llama_index_coze import CozeDatasetWriter


def test_a_node_without_text_fails_by_itself(emulator: Emulator, client: CozeClient) -> None:
    nodes = [ImageNode(id_="picture"), TextNode(text="The owl", metadata={"file_name": "owl.pdf"})]
    report = CozeDatasetWriter(client, emulator.add_dataset("library", {})).add(nodes)
    assert [(result.name, result.status) for result in report] == [("picture", "failed"), ("owl.pdf", "ready")]


def texts(emulator: Emulator, dataset_id: str) -> list[str]:
    return sorted("".join(piece.text for piece in emulator.slices(each.id)) for each in emulator.documents(dataset_id))


def poems(**texts: str) -> list[Document]:
    return [Document(text=text, id_=name, metadata={"file_name": "poem.txt"}) for name, text in texts.items()]


def pipeline(**options: Any) -> IngestionPipeline:
    splitter = SentenceSplitter(chunk_size=8, chunk_overlap=0, include_metadata=False, paragraph_separator="\n")
    return IngestionPipeline(transformations=[splitter], disable_cache=True, **options)


OLD = {"owl": "The owl went to sea. The owl took some honey.", "cat": "The cat took plenty of money."}
NEW = {"owl": "The owl went to sea. The owl stayed there.", "cat": "The cat took plenty of money."}


def test_the_nodes_of_one_document_are_replaced_together(emulator: Emulator, client: CozeClient) -> None:
    dataset_id = emulator.add_dataset("library", {})
    writer = CozeDatasetWriter(client, dataset_id)
    writer.mirror(pipeline().run(documents=poems(**OLD)))
    before = texts(emulator, dataset_id)
    report = writer.mirror(pipeline().run(documents=poems(**NEW)))
    assert {result.source for result in report if result.status == "ready"} == {"owl"}
    after = texts(emulator, dataset_id)
    assert [text for text in before if "cat" in text] == [text for text in after if "cat" in text]
    assert " ".join(after).count("honey") == 0
    assert writer.mirror(pipeline().run(documents=poems(cat=NEW["cat"]))).counts["gone"] >= 1
    assert not any("owl" in text for text in texts(emulator, dataset_id))


@pytest.mark.filterwarnings("ignore:docstore_strategy='upserts'")
def test_replace_takes_what_a_pipeline_with_a_docstore_returns(emulator: Emulator, client: CozeClient) -> None:
    dataset_id = emulator.add_dataset("library", {})
    writer = CozeDatasetWriter(client, dataset_id)
    upserting = pipeline(docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.UPSERTS)
    writer.replace(upserting.run(documents=poems(**OLD)))
    before = texts(emulator, dataset_id)
    changed = upserting.run(documents=poems(**NEW))
    assert {node.ref_doc_id for node in changed} == {"owl"}
    writer.replace(changed)
    after = texts(emulator, dataset_id)
    assert [text for text in before if "cat" in text] == [text for text in after if "cat" in text]
    assert " ".join(after).count("honey") == 0
    assert upserting.run(documents=poems(**NEW)) == []


@pytest.mark.parametrize(
    ("metadata", "parent", "source"),
    [
        ({"source": "a/b.md", "file_path": "/x/b.md"}, "d1", "a/b.md"),
        ({"file_path": "/x/b.md", "file_name": "b.md"}, "d1", "/x/b.md"),
        ({"file_name": "b.md"}, "d1", "d1"),
        ({"file_name": "b.md"}, "0b1f8c1e-6a5e-4c70-9d3c-0a9f3cf4b0aa", "b.md"),
        ({}, "0b1f8c1e-6a5e-4c70-9d3c-0a9f3cf4b0aa", "0b1f8c1e-6a5e-4c70-9d3c-0a9f3cf4b0aa"),
        ({}, None, "n1"),
    ],
)
def test_a_node_s_source_is_what_lasts(
    client: CozeClient, metadata: dict[str, str], parent: str | None, source: str
) -> None:
    related = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=parent)} if parent else {}
    node = TextNode(text="any", id_="n1", metadata=metadata, relationships=related)
    assert CozeDatasetWriter(client, "1").convert(node).source == source
