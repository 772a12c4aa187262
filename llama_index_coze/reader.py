"""CozeReader: the documents of a Coze dataset as LlamaIndex documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from llama_index.core.readers import SimpleDirectoryReader
from llama_index.core.readers.base import BasePydanticReader, BaseReader
from llama_index.core.schema import Document
from pydantic import Field

from coze_client.bridge.loading.loader import Framework, Loaded
from coze_client.bridge.loading.originals import Original
from coze_client.bridge.loading.settings import DatasetSettings

_TEXT = frozenset({"", ".txt", ".md", ".markdown", ".html", ".htm"})
"""Kinds of files that SimpleDirectoryReader has no reader for, and reads as text."""
_CURE = "pip install llama-index-readers-file, or give file_extractor="
_TOLD = frozenset({"document_name", "caption"})
"""Metadata that help an LLM or an embedding; the rest is for filters and citations."""


class CozeReader(DatasetSettings, BasePydanticReader):
    """The documents of a dataset, with all that Coze tells of them, loaded lazily.

    ```python
    from llama_index_coze import CozeReader

    reader = CozeReader(dataset_id="7480000000000000001", content="originals/")
    documents = reader.load_data()
    ```

    Coze gives back neither files nor slices, so that text comes from elsewhere. Images have their captions. For the
    rest `content` names a folder of the original files, or is a function; a Path or bytes are parsed as
    SimpleDirectoryReader does it: text by itself, other kinds by the readers of llama-index-readers-file, or by
    `file_extractor`. Else `recall_workflow_id` and `queries` recall at least some slices, and ``coverage`` tells how
    much of the document they are. What has no text at all raises ConfigurationError, or `on_missing` says what becomes
    of it.

    A document's id is Coze's, so an IngestionPipeline with a docstore skips what it knows and replaces what changed;
    give ``volatile=False`` there, or every recall makes a document look changed. Every method takes the fields of this
    class as arguments, which go before its own: ``reader.load_data(document_ids=["…"])``.
    """

    is_remote: bool = True
    file_extractor: dict[str, BaseReader] = Field(default_factory=dict, exclude=True)
    """Readers of your choice by suffix, as SimpleDirectoryReader takes them."""

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex stores this reader."""
        return "CozeReader"

    def lazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterator[Document]:
        """The documents, each page of them fetched when it is asked for; raises CozeError."""
        yield from self._documents(*args, **load_kwargs)

    async def alazy_load_data(self, *args: Any, **load_kwargs: Any) -> DatasetDocuments:
        """As ``lazy_load_data``, on asyncio: ``async for document in await reader.alazy_load_data()``."""
        return self._documents(*args, **load_kwargs)

    async def aload_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        """As ``load_data``, on asyncio."""
        return [document async for document in await self.alazy_load_data(*args, **load_kwargs)]

    def _documents(self, *args: Any, **load_kwargs: Any) -> DatasetDocuments:
        if args:
            raise TypeError("A CozeReader takes what is to be loaded by keyword: load_data(document_ids=[…])")
        return DatasetDocuments(self._changed(load_kwargs))

    def _framework(self) -> Framework[Document]:
        return Framework(Document, _is_blank, self._parse)

    def _parse(self, original: Original) -> list[str | Document]:
        if not self._has_reader(original):
            return [original.text(self.encoding, cure=_CURE)]
        with original.path() as path:
            told = {"file_name": original.name}
            return [
                *SimpleDirectoryReader.load_file(path, lambda _: told, dict(self.file_extractor), raise_on_error=True)
            ]

    def _has_reader(self, original: Original) -> bool:
        if original.suffix in self.file_extractor:
            return True
        return original.suffix not in _TEXT and original.suffix in SimpleDirectoryReader.supported_suffix_fn()


class DatasetDocuments(Iterable[Document]):
    """Documents of a dataset, fetched page by page when they are walked: by ``for`` or by ``async for``."""

    def __init__(self, reader: CozeReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[Document]:
        yield from map(convert_document, self._reader._blocking_contents(self._reader._framework()))

    async def __aiter__(self) -> AsyncIterator[Document]:
        async for loaded in self._reader._asyncio_contents(self._reader._framework()):
            yield convert_document(loaded)


def convert_document(loaded: Loaded[Document]) -> Document:
    """A loaded document as LlamaIndex's; what its own reader told stays beside what Coze tells."""
    hidden = [name for name in loaded.metadata if name not in _TOLD]
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
