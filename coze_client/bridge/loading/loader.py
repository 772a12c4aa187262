"""Loads a dataset's documents with their text, page by page, for both adapters.

The API lists documents, but returns neither their files nor their slices. A text is an image's caption, what a function
or a folder of originals contains, or what queries recall through a workflow.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Generic, Literal, TypeVar, cast

from coze_client.api.datasets.values import Image
from coze_client.bridge.loading.document_pages import DocumentPages
from coze_client.bridge.loading.metadata import DocumentInfo, MetadataValue, convert_metadata
from coze_client.bridge.loading.originals import Original
from coze_client.bridge.loading.recalled_text import RecalledText
from coze_client.core.concurrency import Blocking, Concurrency
from coze_client.errors import ConfigurationError, CozeError

D = TypeVar("D")
"""A framework's class of documents."""
FindContent = Callable[[DocumentInfo], object]
"""Returns a document's content: str, bytes, a Path, a framework's document, a list of these, ``None``; or an awaitable
of it."""
OnMissing = Literal["raise", "metadata", "skip"]


@dataclass(frozen=True)
class Framework(Generic[D]):
    """What a framework contributes: its document class, a test for blank documents, and its parser of files."""

    document_class: type[D]
    is_blank: Callable[[D], bool]
    parse: Callable[[Original], Sequence[str | D]]


@dataclass(frozen=True)
class LoadedDocument(Generic[D]):
    """A document, or one part of it (PDF readers return one part a page): a stable id, its text, flat metadata.

    The id is Coze's document id; parts of one document append ``_part_0``, ``_part_1`` … ``text_source`` in the
    metadata names the source of the text: caption, content, recall, or none.
    """

    id: str
    content: str | D
    metadata: Mapping[str, MetadataValue]


@dataclass(frozen=True)
class TextSources:
    """The sources of text besides captions, and what happens to documents without text."""

    find_content: FindContent | None = None
    recall: Callable[[], Awaitable[Mapping[str, RecalledText]]] | None = None
    on_missing: OnMissing = "raise"


@dataclass(frozen=True)
class _Text(Generic[D]):
    source: Literal["caption", "content", "recall", "none"]
    parts: Sequence[str | D]
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict[str, MetadataValue])


class DatasetLoader(Generic[D]):
    """Finds the text of each document on the pages of a dataset; holds one page in memory at a time.

    Iterate with ``for`` over the blocking client, and with ``async for`` over the asyncio client.
    """

    def __init__(
        self,
        concurrency: Concurrency,
        pages: DocumentPages,
        sources: TextSources,
        framework: Framework[D],
        *,
        parallel: int = 1,
        volatile: bool = True,
    ) -> None:
        self._concurrency = concurrency
        self._pages = pages
        self._sources = sources
        self._framework = framework
        self._parallel = parallel
        self._volatile = volatile
        self._recalled: Mapping[str, RecalledText] | None = None

    def __iter__(self) -> Iterator[LoadedDocument[D]]:
        while (page := Blocking.run(self.next())) is not None:
            yield from page
            del page  # otherwise two pages would be in memory while the next one is built

    async def __aiter__(self) -> AsyncIterator[LoadedDocument[D]]:
        while (page := await self.next()) is not None:
            for loaded in page:
                yield loaded
            del page  # otherwise two pages would be in memory while the next one is built

    async def next(self) -> tuple[LoadedDocument[D], ...] | None:
        """Return the matching documents of the next page, possibly none; ``None`` after the last page.

        Raises ConfigurationError with the names of all documents of the page that have no text, if ``on_missing`` is
        "raise".
        """
        documents = await self._pages.next()
        if documents is None:
            return None
        if documents and self._recalled is None:
            self._recalled = await self._sources.recall() if self._sources.recall else {}
        jobs = [partial(self._text, document) for document in documents]
        found = list(zip(documents, await self._concurrency.gather(jobs, self._parallel), strict=True))
        missing = [document for document, text in found if text.source == "none"]
        if missing and self._sources.on_missing == "raise":
            raise self._no_text(missing)
        if self._sources.on_missing == "skip":
            found = [(document, text) for document, text in found if text.source != "none"]
        return tuple(loaded for document, text in found for loaded in self._loaded(document, text))

    async def _text(self, document: DocumentInfo) -> _Text[D]:
        if isinstance(document, Image) and document.caption.strip():
            return _Text("caption", (document.caption,))
        if parts := await self._content_parts(document):
            return _Text("content", parts)
        recalled = (self._recalled or {}).get(document.document_id)
        if recalled:
            return _Text("recall", (recalled.text(),), recalled.coverage(document.slice_count))
        return _Text("none", ("",))

    async def _content_parts(self, document: DocumentInfo) -> list[str | D]:
        if self._sources.find_content is None:
            return []
        content = await self._concurrency.call(partial(self._sources.find_content, document))
        parts: list[str | D] = []
        for item in cast("list[object]", content) if isinstance(content, (list, tuple)) else [content]:
            parts += await self._convert(document, item)
        return [part for part in parts if not self._is_blank(part)]

    async def _convert(self, document: DocumentInfo, item: object) -> Sequence[str | D]:
        if item is None:
            return ()
        if isinstance(item, (bytes, PathLike)):
            original = Original.of(document, item if isinstance(item, bytes) else Path(cast("PathLike[str]", item)))
            return await self._concurrency.call(partial(self._parse, original))
        if isinstance(item, (str, self._framework.document_class)):
            return (item,)
        accepted = f"str, bytes, a pathlib.Path, a {self._framework.document_class.__name__}, a list of these, or None"
        raise ConfigurationError(
            f"content= returned a value of type {type(item).__name__} for {document.name!r}", cure=f"Return {accepted}"
        )

    def _parse(self, original: Original) -> Sequence[str | D]:
        original.check()
        try:
            return self._framework.parse(original)
        except (CozeError, ImportError):
            raise
        except Exception as error:  # the loaders' errors have any class, and do not name the file
            cause = error.__cause__ or error
            raise ConfigurationError(
                f"The original of {original.name!r} cannot be read: {type(cause).__name__}: {cause}"
            ) from error

    def _is_blank(self, part: str | D) -> bool:
        return not part.strip() if isinstance(part, str) else self._framework.is_blank(part)

    def _loaded(self, document: DocumentInfo, text: _Text[D]) -> Iterator[LoadedDocument[D]]:
        metadata = convert_metadata(document, self._pages.dataset_id, volatile=self._volatile)
        metadata |= {"text_source": text.source, **text.metadata}
        if len(text.parts) == 1:
            yield LoadedDocument(document.document_id, text.parts[0], metadata)
            return
        for number, part in enumerate(text.parts):
            yield LoadedDocument(f"{document.document_id}_part_{number}", part, {**metadata, "part": number})

    def _no_text(self, missing: Sequence[DocumentInfo]) -> ConfigurationError:
        names = ", ".join(repr(document.name or document.document_id) for document in missing)
        searched = self._sources.find_content or self._sources.recall
        also = ", and content= or the recall did not find it either" if searched else ""
        return ConfigurationError(
            f"Coze does not return the text of these documents of dataset {self._pages.dataset_id}{also}: {names}",
            cure=(
                "Give content=: a folder of the original files, or a function that takes Coze's document and returns "
                f"str, bytes, a Path or a {self._framework.document_class.__name__}; or give recall_workflow_id= with "
                "queries=; or on_missing='metadata' or 'skip'"
            ),
        )
