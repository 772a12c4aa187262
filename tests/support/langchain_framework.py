"""LangChain and `langchain_coze` for tests that serve both frameworks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.exceptions import ModelAPIError, ModelNotFoundError
from langchain_core.load import dumps

from langchain_coze import CozeDatasetLoader, CozeDatasetWriter, CozeModelError, CozeRetriever, CozeWorkflowFailed
from tests.support.framework import Framework


class UpperCaseLoader(BaseLoader):
    """A loader of files that returns their text in upper case."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def lazy_load(self) -> Iterator[Document]:
        yield Document(self._path.read_text().upper(), metadata={"source": str(self._path)})


class LangChain(Framework):
    """LangChain's documents, retriever, loader and writer."""

    retriever = CozeRetriever
    loader = CozeDatasetLoader
    writer = CozeDatasetWriter
    own_settings = MappingProxyType({"tags": ["mine"]})
    parser_setting = "loaders"
    parser = UpperCaseLoader
    error = CozeModelError
    not_found = ModelNotFoundError
    workflow_failed = (CozeWorkflowFailed, ModelAPIError)

    def limit(self, number: int) -> dict[str, Any]:
        return {"k": number}

    def document(self, text: str, id: str = "", **metadata: Any) -> Document:  # noqa: A002
        return Document(text, id=id or None, metadata=metadata)

    def id(self, document: Document) -> str:
        assert document.id
        return document.id

    def text(self, document: Document) -> str:
        return document.page_content

    def score(self, document: Document) -> float | None:
        return document.metadata.get("score")

    def search(self, retriever: CozeRetriever, query: str) -> list[Document]:
        return retriever.invoke(query)

    async def asearch(self, retriever: CozeRetriever, query: str) -> list[Document]:
        return await retriever.ainvoke(query)

    def load(self, loader: CozeDatasetLoader) -> list[Document]:
        return loader.load()

    def lazy_load(self, loader: CozeDatasetLoader) -> Iterator[Document]:
        return loader.lazy_load()

    async def aload(self, loader: CozeDatasetLoader) -> list[Document]:
        return await loader.aload()

    async def alazy_load(self, loader: CozeDatasetLoader) -> AsyncIterator[Document]:
        async for document in loader.alazy_load():
            yield document

    def serialize(self, retriever: CozeRetriever) -> list[str]:
        return [repr(retriever), str(retriever), retriever.model_dump_json(), str(vars(retriever)), dumps(retriever)]
