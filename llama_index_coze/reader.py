"""CozeReader: the documents of a Coze dataset as LlamaIndex documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from llama_index.core.readers import SimpleDirectoryReader
from llama_index.core.readers.base import BasePydanticReader, BaseReader
from llama_index.core.schema import Document
from pydantic import Field

from coze_client.bridge.loading.loader import Framework, LoadedDocument
from coze_client.bridge.loading.originals import Original
from coze_client.bridge.loading.settings import LoaderSettings

_TEXT = frozenset({"", ".txt", ".md", ".markdown", ".html", ".htm"})
"""Suffixes of files that SimpleDirectoryReader reads as text, without a reader."""
_CURE = "pip install llama-index-readers-file, or give file_extractor="
_SHOWN_TO_MODELS = frozenset({"document_name", "caption"})
"""Metadata that models and embeddings see; the rest is for filters and citations."""


class CozeReader(LoaderSettings, BasePydanticReader):
    """Loads the documents of a dataset lazily, with all metadata that Coze returns.

    ```python
    from llama_index_coze import CozeReader

    reader = CozeReader(dataset_id="7480000000000000001", content="originals/")
    documents = reader.load_data()
    ```

    Coze returns neither files nor slices, so the text comes from other sources. The text of an image is its caption.
    For other documents, `content` is a folder of the original files or a function. Files and bytes are parsed by
    suffix, as SimpleDirectoryReader does: text files directly, others by the readers of llama-index-readers-file or by
    `file_extractor`. For documents without content, `recall_workflow_id` and `queries` recall at least some slices, and
    ``coverage`` is their share of the document. A document without any text raises ConfigurationError, unless
    `on_missing` allows it.

    A document's id is Coze's id, so an IngestionPipeline with a docstore skips documents that it has and replaces those
    that changed. Give ``volatile=False`` there: otherwise every recall makes a document look changed. Every method
    takes fields of this class as arguments, which override the reader's: ``reader.load_data(document_ids=["…"])``.
    """

    is_remote: bool = True
    file_extractor: dict[str, BaseReader] = Field(default_factory=dict, exclude=True)
    """Your own readers by suffix, as for SimpleDirectoryReader."""

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex stores this reader."""
        return "CozeReader"

    def lazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterator[Document]:
        """Yield the documents; each page is fetched when it is needed. Raises CozeError."""
        yield from self._documents(*args, **load_kwargs)

    async def alazy_load_data(self, *args: Any, **load_kwargs: Any) -> DatasetDocuments:
        """As ``lazy_load_data``, on asyncio: ``async for document in await reader.alazy_load_data()``."""
        return self._documents(*args, **load_kwargs)

    async def aload_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        """As ``load_data``, on asyncio."""
        return [document async for document in await self.alazy_load_data(*args, **load_kwargs)]

    def _documents(self, *args: Any, **load_kwargs: Any) -> DatasetDocuments:
        if args:
            raise TypeError("A CozeReader takes keyword arguments only: load_data(document_ids=[…])")
        return DatasetDocuments(self._changed(load_kwargs))

    def _framework(self) -> Framework[Document]:
        return Framework(Document, _is_blank, self._parse)

    def _parse(self, original: Original) -> list[str | Document]:
        if not self._has_reader(original):
            return [original.text(self.encoding, cure=_CURE)]
        with original.path() as path:
            metadata = {"file_name": original.name}
            extractors = dict(self.file_extractor)
            return [*SimpleDirectoryReader.load_file(path, lambda _: metadata, extractors, raise_on_error=True)]

    def _has_reader(self, original: Original) -> bool:
        if original.suffix in self.file_extractor:
            return True
        return original.suffix not in _TEXT and original.suffix in SimpleDirectoryReader.supported_suffix_fn()


class DatasetDocuments(Iterable[Document]):
    """The documents of a dataset, fetched page by page during iteration with ``for`` or ``async for``."""

    def __init__(self, reader: CozeReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[Document]:
        yield from map(convert_document, self._reader._blocking_loader(self._reader._framework()))

    async def __aiter__(self) -> AsyncIterator[Document]:
        async for loaded in self._reader._asyncio_loader(self._reader._framework()):
            yield convert_document(loaded)


def convert_document(loaded: LoadedDocument[Document]) -> Document:
    """Convert to LlamaIndex's document; metadata of the file's own reader is kept, and Coze's metadata wins."""
    hidden = [name for name in loaded.metadata if name not in _SHOWN_TO_MODELS]
    if isinstance(loaded.content, str):
        document = Document(id_=loaded.id, text=loaded.content, metadata=dict(loaded.metadata))
    else:
        document = loaded.content.model_copy(
            update={"id_": loaded.id, "metadata": {**loaded.content.metadata, **loaded.metadata}}
        )
    document.excluded_llm_metadata_keys = [*document.excluded_llm_metadata_keys, *hidden]
    document.excluded_embed_metadata_keys = [*document.excluded_embed_metadata_keys, *hidden]
    return document


def _is_blank(document: Document) -> bool:
    media = (document.image_resource, document.audio_resource, document.video_resource)
    return not (document.text or "").strip() and not any(media)
