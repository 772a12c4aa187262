"""CozeDatasetLoader: the documents of a Coze dataset as LangChain documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from importlib import import_module
from typing import cast

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from pydantic import Field

from coze_client.bridge.loading.loader import Framework, LoadedDocument
from coze_client.bridge.loading.originals import Original
from coze_client.bridge.loading.settings import LoaderSettings

_LOADERS: Mapping[str, tuple[str, str]] = {
    ".pdf": ("PyPDFLoader", "pypdf"),
    ".docx": ("Docx2txtLoader", "docx2txt"),
    ".doc": ("UnstructuredWordDocumentLoader", "unstructured[doc]"),
}
"""The loaders of langchain-community for files that Coze accepts besides text, and the packages that they need."""


class CozeDatasetLoader(LoaderSettings, BaseLoader):
    """Loads the documents of a dataset lazily, with all metadata that Coze returns.

    ```python
    from langchain_coze import CozeDatasetLoader

    loader = CozeDatasetLoader(dataset_id="7480000000000000001", content="originals/")
    for document in loader.lazy_load():
        print(document.metadata["document_name"], len(document.page_content))
    ```

    Coze returns neither files nor slices, so the text comes from other sources. The text of an image is its caption.
    For other documents, `content` is a folder of the original files or a function. Files and bytes are parsed by
    suffix: text files directly, pdf, docx and doc by loaders of langchain-community, others by `loaders`. For documents
    without content, `recall_workflow_id` and `queries` recall at least some slices, and ``coverage`` is their share of
    the document. A document without any text raises ConfigurationError, unless `on_missing` allows it.

    A document's ``id`` is Coze's id, and ``metadata["source"]`` is unique for each document, so
    ``langchain_core.indexing.index`` can clean up by it. Give ``volatile=False`` there: otherwise every recall makes a
    document look changed.
    """

    loaders: dict[str, Callable[[str], BaseLoader]] = Field(default_factory=dict, exclude=True)
    """Your own loaders by suffix: a class or function that takes a path, like ``{".pdf": PyMuPDFLoader}``."""

    def lazy_load(self) -> Iterator[Document]:
        """Yield the documents; each page is fetched when it is needed. Raises CozeError."""
        yield from map(convert_document, self._blocking_loader(self._framework()))

    async def alazy_load(self) -> AsyncIterator[Document]:
        """As ``lazy_load``, on asyncio."""
        async for loaded in self._asyncio_loader(self._framework()):
            yield convert_document(loaded)

    def _framework(self) -> Framework[Document]:
        return Framework(Document, _is_blank, self._parse)

    def _parse(self, original: Original) -> list[str | Document]:
        make = self.loaders.get(original.suffix) or _known_loader(original)
        if make is None:
            return [original.text(self.encoding, cure=f"give loaders={{{original.suffix!r}: …}}")]
        with original.path() as path:
            return list(make(str(path)).lazy_load())


def convert_document(loaded: LoadedDocument[Document]) -> Document:
    """Convert to LangChain's document; metadata of the file's own loader is kept, and Coze's metadata wins."""
    if isinstance(loaded.content, str):
        return Document(id=loaded.id, page_content=loaded.content, metadata=dict(loaded.metadata))
    metadata = {**loaded.content.metadata, **loaded.metadata}
    return Document(id=loaded.id, page_content=loaded.content.page_content, metadata=metadata)


def _is_blank(document: Document) -> bool:
    return not document.page_content.strip()


def _known_loader(original: Original) -> Callable[[str], BaseLoader] | None:
    if original.suffix not in _LOADERS:
        return None
    name, package = _LOADERS[original.suffix]

    def make(path: str) -> BaseLoader:
        try:
            return cast("BaseLoader", getattr(import_module("langchain_community.document_loaders"), name)(path))
        except ImportError as error:
            raise ImportError(
                f"Reading {original.name!r} needs LangChain's {name}: pip install langchain-community {package!r}; "
                f"or give your own loader as loaders={{{original.suffix!r}: …}}, or let content= return the text"
            ) from error

    return make
