"""Both frameworks and their adapters, described alike, so that one test can serve both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import langchain_core.exceptions
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.load import dumps
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaIndexDocument

import langchain_coze
import llama_index_coze
from coze_client import CozeError, NotFound, WorkflowFailed


@dataclass(frozen=True)
class Framework:
    """A framework and its adapter; a "document" is a document or node of the framework."""

    name: str
    retriever: Any
    loader: Any
    writer: Any
    limit: str
    """The retriever's setting for the number of documents."""
    own_settings: Mapping[str, Any]
    """Settings of a retriever that the other framework lacks."""
    parsers: Mapping[str, Any]
    """The loader's setting for a parser of .txt files that returns their text in upper case."""
    document: Callable[[str, str | None], Any]
    """Makes a document of a text and an id."""
    page: Callable[[str, str, int], Any]
    """Makes a page of a file, as the framework's own parsers do: of its text, the file's name and the page's number."""
    id: Callable[[Any], str]
    text: Callable[[Any], str]
    score: Callable[[Any], float | None]
    to_json: Callable[[Any], str]
    search_method: str
    load_suffix: str
    error: type[Exception]
    """The class of all errors for a failed call."""
    not_found: type[Exception]
    workflow_failed: tuple[type[Exception], ...]

    def texts(self, documents: list[Any]) -> list[str]:
        """Return the texts of documents."""
        return [self.text(each) for each in documents]

    def ids(self, documents: list[Any]) -> list[str]:
        """Return the ids of documents."""
        return [self.id(each) for each in documents]

    def search(self, retriever: Any, query: str) -> list[Any]:
        """Retrieve documents."""
        return list(getattr(retriever, self.search_method)(query))

    def asearch(self, retriever: Any, query: str) -> Awaitable[list[Any]]:
        """Retrieve documents on the event loop."""
        found: Awaitable[list[Any]] = getattr(retriever, f"a{self.search_method}")(query)
        return found

    def load(self, loader: Any, way: str = "load") -> list[Any]:
        """Load all documents by the method `way`: load, lazy_load, aload or alazy_load."""
        loaded = getattr(loader, f"{way}{self.load_suffix}")()
        return asyncio.run(_collect(loaded)) if way.startswith("a") else list(loaded)


async def _collect(loaded: Any) -> list[Any]:
    if inspect.isawaitable(loaded):
        loaded = await loaded
    return [each async for each in loaded] if hasattr(loaded, "__aiter__") else list(loaded)


class UpperCaseLoader(BaseLoader):
    """LangChain's loader of one file, with its text in upper case."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def lazy_load(self) -> Iterator[Document]:
        yield Document(self._path.read_text().upper(), metadata={"source": str(self._path)})


class UpperCaseReader(BaseReader):
    """LlamaIndex's reader of one file, with its text in upper case."""

    def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[LlamaIndexDocument]:
        return [LlamaIndexDocument(text=file.read_text().upper(), metadata=dict(extra_info or {}))]


FRAMEWORKS = (
    Framework(
        name="langchain",
        retriever=langchain_coze.CozeRetriever,
        loader=langchain_coze.CozeDatasetLoader,
        writer=langchain_coze.CozeDatasetWriter,
        limit="k",
        own_settings={"tags": ["mine"]},
        parsers={"loaders": {".txt": UpperCaseLoader}},
        document=lambda text, id_: Document(text, id=id_),
        page=lambda text, path, number: Document(text, metadata={"source": f"poems/{path}", "page": number}),
        id=lambda document: str(document.id),
        text=lambda document: str(document.page_content),
        score=lambda document: document.metadata.get("score"),
        to_json=dumps,
        search_method="invoke",
        load_suffix="",
        error=langchain_coze.CozeModelError,
        not_found=langchain_core.exceptions.ModelNotFoundError,
        workflow_failed=(langchain_coze.CozeWorkflowFailed, langchain_core.exceptions.ModelAPIError),
    ),
    Framework(
        name="llama_index",
        retriever=llama_index_coze.CozeRetriever,
        loader=llama_index_coze.CozeReader,
        writer=llama_index_coze.CozeDatasetWriter,
        limit="similarity_top_k",
        own_settings={},
        parsers={"file_extractor": {".txt": UpperCaseReader()}},
        document=lambda text, id_: LlamaIndexDocument(text=text, **({"id_": id_} if id_ else {})),
        page=lambda text, path, number: LlamaIndexDocument(
            text=text, metadata={"file_name": path, "page_label": str(number)}
        ),
        id=lambda node: str(node.node_id),
        text=lambda node: str(node.text),
        score=lambda node: node.score,
        to_json=lambda retriever: str(retriever.model_dump_json()),
        search_method="retrieve",
        load_suffix="_data",
        error=CozeError,
        not_found=NotFound,
        workflow_failed=(WorkflowFailed,),
    ),
)
