"""Documents of a dataset with their text, page by page: what both frameworks' loaders are made of.

The API tells what documents there are, and gives back neither the files nor the slices: text is an image's caption, or
what a function or a folder of originals has, or what questions recall through a workflow.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Generic, Literal, TypeVar, cast

from coze_client.api.datasets.images import Image
from coze_client.bridge.loading.document_pages import DocumentWalk
from coze_client.bridge.loading.metadata import Plain, Record, convert_metadata
from coze_client.bridge.loading.originals import Original
from coze_client.bridge.loading.recalled_text import RecalledText
from coze_client.core.concurrency import Blocking, Concurrency
from coze_client.errors import ConfigurationError, CozeError

D = TypeVar("D")
"""A framework's class of documents."""
Find = Callable[[Record], object]
"""Gives a document's text: str, bytes, a Path, a framework's document, a list of these, ``None``; or one to await."""
OnMissing = Literal["raise", "metadata", "skip"]


@dataclass(frozen=True)
class Framework(Generic[D]):
    """What a framework adds: its class of documents, which of them are blank, and how its own loaders parse a file."""

    kind: type[D]
    is_blank: Callable[[D], bool]
    parse: Callable[[Original], Sequence[str | D]]


@dataclass(frozen=True)
class Loaded(Generic[D]):
    """A document, or one of its parts (PDF readers make one a page): a stable id, its text, flat metadata.

    The id is Coze's document id, of several parts each followed by ``_part_0`` and so on. ``text_source`` in the
    metadata tells where the text is from: caption, content, recall, or none.
    """

    id: str
    content: str | D
    metadata: Mapping[str, Plain]


@dataclass(frozen=True)
class Sources:
    """Where text comes from besides captions, and what is done if there is none."""

    find: Find | None = None
    recall: Callable[[], Awaitable[Mapping[str, RecalledText]]] | None = None
    on_missing: OnMissing = "raise"


@dataclass(frozen=True)
class _Text(Generic[D]):
    source: Literal["caption", "content", "recall", "none"]
    parts: Sequence[str | D]
    told: Mapping[str, Plain] = field(default_factory=dict[str, Plain])


class Contents(Generic[D]):
    """Walks a dataset and finds the text of each document; iterable on its face, with a page in memory at a time."""

    def __init__(
        self,
        concurrency: Concurrency,
        walk: DocumentWalk,
        sources: Sources,
        framework: Framework[D],
        *,
        at_once: int = 1,
        volatile: bool = True,
    ) -> None:
        self._concurrency = concurrency
        self._walk = walk
        self._sources = sources
        self._framework = framework
        self._at_once = at_once
        self._volatile = volatile
        self._recalled: Mapping[str, RecalledText] | None = None

    def __iter__(self) -> Iterator[Loaded[D]]:
        while (page := Blocking.run(self.next())) is not None:
            yield from page
            del page  # or it would still be there while the next one is made

    async def __aiter__(self) -> AsyncIterator[Loaded[D]]:
        while (page := await self.next()) is not None:
            for loaded in page:
                yield loaded
            del page  # or it would still be there while the next one is made

    async def next(self) -> tuple[Loaded[D], ...] | None:
        """What was asked for of the next page, perhaps nothing; ``None`` after the last page.

        Raises ConfigurationError, naming every document of the page that has no text, unless that is provided for.
        """
        records = await self._walk.next()
        if records is None:
            return None
        if records and self._recalled is None:
            self._recalled = await self._sources.recall() if self._sources.recall else {}
        texts = await self._concurrency.gather([partial(self._text, record) for record in records], self._at_once)
        found = list(zip(records, texts, strict=True))
        missing = [record for record, text in found if text.source == "none"]
        if missing and self._sources.on_missing == "raise":
            raise self._no_text(missing)
        if self._sources.on_missing == "skip":
            found = [(record, text) for record, text in found if text.source != "none"]
        return tuple(loaded for record, text in found for loaded in self._loaded(record, text))

    async def _text(self, record: Record) -> _Text[D]:
        if isinstance(record, Image) and record.caption.strip():
            return _Text("caption", (record.caption,))
        if parts := await self._originals(record):
            return _Text("content", parts)
        recalled = (self._recalled or {}).get(record.document_id)
        if recalled:
            return _Text("recall", (recalled.text(),), recalled.coverage(record.slice_count))
        return _Text("none", ("",))

    async def _originals(self, record: Record) -> list[str | D]:
        if self._sources.find is None:
            return []
        given = await self._concurrency.call(partial(self._sources.find, record))
        parts: list[str | D] = []
        for item in cast("list[object]", given) if isinstance(given, (list, tuple)) else [given]:
            parts += await self._parts(record, item)
        return [part for part in parts if not self._is_blank(part)]

    async def _parts(self, record: Record, item: object) -> Sequence[str | D]:
        if item is None:
            return ()
        if isinstance(item, (bytes, PathLike)):
            original = Original.of(record, item if isinstance(item, bytes) else Path(cast("PathLike[str]", item)))
            return await self._concurrency.call(partial(self._parse, original))
        if isinstance(item, (str, self._framework.kind)):
            return (item,)
        raise ConfigurationError(
            f"content= gave a {type(item).__name__} for {record.name!r}",
            cure=f"It gives str, bytes, a pathlib.Path, a {self._framework.kind.__name__}, a list of these, or None",
        )

    def _parse(self, original: Original) -> Sequence[str | D]:
        original.check()
        try:
            return self._framework.parse(original)
        except (CozeError, ImportError):
            raise
        except Exception as error:  # loaders raise anything, and do not tell of which file
            cause = error.__cause__ or error
            raise ConfigurationError(
                f"The original of {original.name!r} cannot be read: {type(cause).__name__}: {cause}"
            ) from error

    def _is_blank(self, part: str | D) -> bool:
        return not part.strip() if isinstance(part, str) else self._framework.is_blank(part)

    def _loaded(self, record: Record, text: _Text[D]) -> Iterator[Loaded[D]]:
        metadata = convert_metadata(record, self._walk.dataset_id, volatile=self._volatile)
        metadata |= {"text_source": text.source, **text.told}
        if len(text.parts) == 1:
            yield Loaded(record.document_id, text.parts[0], metadata)
            return
        for number, part in enumerate(text.parts):
            yield Loaded(f"{record.document_id}_part_{number}", part, {**metadata, "part": number})

    def _no_text(self, missing: Sequence[Record]) -> ConfigurationError:
        names = ", ".join(repr(record.name or record.document_id) for record in missing)
        sought = (
            ", nor is it where content= or the recall was to find it"
            if self._sources.find or self._sources.recall
            else ""
        )
        return ConfigurationError(
            f"Coze gives back no text of these documents of dataset {self._walk.dataset_id}{sought}: {names}",
            cure=(
                "Give content=: a folder of the original files, or a function that takes Coze's document and returns "
                f"str, bytes, a Path or a {self._framework.kind.__name__}; or recall_workflow_id= with queries=; or "
                "on_missing='metadata' or 'skip'"
            ),
        )
