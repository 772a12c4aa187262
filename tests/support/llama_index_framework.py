"""LlamaIndex and `llama_index_coze` for tests that serve both frameworks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document, NodeWithScore

from coze_client import CozeError, NotFound, WorkflowFailed
from llama_index_coze import CozeDatasetWriter, CozeReader, CozeRetriever
from tests.support.framework import Framework


class UpperCaseReader(BaseReader):
    """A reader of files that returns their text in upper case."""

    def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[Document]:
        return [Document(text=file.read_text().upper(), metadata=dict(extra_info or {}))]


class LlamaIndex(Framework):
    """LlamaIndex's documents and nodes, retriever, reader and writer."""

    retriever = CozeRetriever
    loader = CozeReader
    writer = CozeDatasetWriter
    parser_setting = "file_extractor"
    parser = UpperCaseReader()
    error = CozeError
    not_found = NotFound
    workflow_failed = (WorkflowFailed,)

    def limit(self, number: int) -> dict[str, Any]:
        return {"similarity_top_k": number}

    def document(self, text: str, id: str = "", **metadata: Any) -> Document:  # noqa: A002
        return Document(text=text, metadata=metadata, **({"id_": id} if id else {}))

    def id(self, document: Document | NodeWithScore) -> str:
        return document.node_id

    def text(self, document: Document | NodeWithScore) -> str:
        return document.text

    def score(self, document: NodeWithScore) -> float | None:
        return document.score

    def search(self, retriever: CozeRetriever, query: str) -> list[NodeWithScore]:
        return retriever.retrieve(query)

    async def asearch(self, retriever: CozeRetriever, query: str) -> list[NodeWithScore]:
        return await retriever.aretrieve(query)

    def load(self, loader: CozeReader) -> list[Document]:
        return loader.load_data()

    def lazy_load(self, loader: CozeReader) -> Iterator[Document]:
        return iter(loader.lazy_load_data())

    async def aload(self, loader: CozeReader) -> list[Document]:
        return await loader.aload_data()

    async def alazy_load(self, loader: CozeReader) -> AsyncIterator[Document]:
        async for document in await loader.alazy_load_data():
            yield document

    def serialize(self, retriever: CozeRetriever) -> list[str]:
        return [repr(retriever), str(retriever), retriever.model_dump_json(), str(vars(retriever))]
