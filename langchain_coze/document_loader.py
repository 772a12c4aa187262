"""CozeDatasetLoader: the documents of a Coze dataset as LangChain documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from importlib import import_module
from typing import cast

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from pydantic import Field

from coze_client.bridge.loading.loader import Framework, Loaded
from coze_client.bridge.loading.originals import Original
from coze_client.bridge.loading.settings import DatasetSettings

_LOADERS: Mapping[str, tuple[str, str]] = {
    ".pdf": ("PyPDFLoader", "pypdf"),
    ".docx": ("Docx2txtLoader", "docx2txt"),
    ".doc": ("UnstructuredWordDocumentLoader", "unstructured[doc]"),
}
"""The loaders of langchain-community for the kinds of files that Coze takes beside text, and what these need."""


class CozeDatasetLoader(DatasetSettings, BaseLoader):
    """The documents of a dataset, with all that Coze tells of them, loaded lazily.

    ```python
    from langchain_coze import CozeDatasetLoader

    loader = CozeDatasetLoader(dataset_id="7480000000000000001", content="originals/")
    for document in loader.lazy_load():
        print(document.metadata["document_name"], len(document.page_content))
    ```

    Coze gives back neither files nor slices, so that text comes from elsewhere. Images have their captions. For the
    rest `content` names a folder of the original files, or is a function; a Path or bytes are parsed by LangChain's
    loader for the kind of file: text by itself, pdf, docx and doc through langchain-community, others by `loaders`.
    Else `recall_workflow_id` and `queries` recall at least some slices, and ``coverage`` tells how much of the document
    they are. What has no text at all raises ConfigurationError, or `on_missing` says what becomes of it.

    A document's ``id`` is Coze's, and ``metadata["source"]`` is unique for it, so ``langchain_core.indexing.index`` can
    clean up by it; give ``volatile=False`` there, or every recall makes a document look changed.
    """

    loaders: dict[str, Callable[[str], BaseLoader]] = Field(default_factory=dict, exclude=True)
    """Loaders of your choice by suffix: what makes one of a file's path, like ``{".pdf": PyMuPDFLoader}``."""

    def lazy_load(self) -> Iterator[Document]:
        """The documents, each page of them fetched when it is asked for; raises CozeError."""
        yield from map(convert_document, self._blocking_contents(self._framework()))

    async def alazy_load(self) -> AsyncIterator[Document]:
        """As ``lazy_load``, on asyncio."""
        async for loaded in self._asyncio_contents(self._framework()):
            yield convert_document(loaded)

    def _framework(self) -> Framework[Document]:
        return Framework(Document, _is_blank, self._parse)

    def _parse(self, original: Original) -> list[str | Document]:
        make = self.loaders.get(original.suffix) or _known_loader(original)
        if make is None:
            return [original.text(self.encoding, cure=f"give loaders={{{original.suffix!r}: …}}")]
        with original.path() as path:
            return list(make(str(path)).lazy_load())


def convert_document(loaded: Loaded[Document]) -> Document:
    """A loaded document as LangChain's; what its own loader told stays beside what Coze tells."""
    if isinstance(loaded.content, str):
        return Document(id=loaded.id, page_content=loaded.content, metadata=dict(loaded.metadata))
    metadata = {**loaded.content.metadata, **loaded.metadata}
    return Document(id=loaded.id, page_content=loaded.content.page_content, metadata=metadata)


def _is_blank(document: Document) -> bool:
    return not document.page_content.strip()


def _known_loader(original: Original) -> Callable[[str], BaseLoader] | None:
    if original.suffix not in _LOADERS:
        return None
    name, needed = _LOADERS[original.suffix]

    def make(path: str) -> BaseLoader:
        try:
            return cast("BaseLoader", getattr(import_module("langchain_community.document_loaders"), name)(path))
        except ImportError as error:
            raise ImportError(
                f"Reading {original.name!r} needs LangChain's {name}: pip install langchain-community {needed!r}; "
                f"or give loaders={{{original.suffix!r}: …}} of your choice, or let content= return the text"
            ) from error

    return make
