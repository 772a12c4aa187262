"""From what was uploaded to slices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import (
    CUSTOM,
    FIRST_DOCUMENT_ID,
    FIRST_SLICE_ID,
    IMAGE,
    LOCAL_FILE,
    WEB_PAGE,
    StoredDataset,
    StoredDocument,
    StoredSlice,
)
from coze_client.emulator.text.chunking import ChunkRule, cut
from coze_client.emulator.text.parsing import Unparsable, decode, parse
from coze_client.emulator.text.web_pages import fetch


class RefreshRule(NamedTuple):
    """Whether a web page is read again (1) or not (0), and after how many hours."""

    type: int = 0
    interval: int = 0


NEVER = RefreshRule()


@dataclass(frozen=True)
class Source:
    """What a document is to be made of: bytes, a web page's `url`, or an image's `caption`.

    `size` is an image's, in bytes; those of others are counted.
    """

    name: str
    type: str
    way: int = LOCAL_FILE
    content: bytes = b""
    url: str = ""
    size: int = 0
    caption: str = ""
    rule: RefreshRule = NEVER


@dataclass(frozen=True)
class Digest:
    """What became of a source: its texts, or why there are none."""

    texts: Sequence[str] = ()
    type: str = ""
    size: int = 0
    failure: str = ""


def digest(source: Source, strategy: ChunkRule, format_type: int) -> Digest:
    """Blocks, while a page is fetched or a file parsed."""
    if format_type == IMAGE:
        return Digest([source.caption] if source.caption else (), source.type, source.size)
    kind, content, charset = source.type, source.content, None
    try:
        if source.way == CUSTOM:  # may be empty
            return Digest(cut(decode(content), strategy), kind, len(content))
        if source.way == WEB_PAGE:
            page = fetch(source.url)
            kind, content, charset = page.type, page.content, page.charset
        return Digest(cut(parse(kind, content, charset), strategy), kind, len(content))
    except (Unparsable, ImportError) as error:
        return Digest((), kind, len(content), str(error))


async def digest_all(sources: Sequence[Source], strategy: ChunkRule, format_type: int) -> list[Digest]:
    """All at once, on threads; each fails by itself."""
    return await asyncio.gather(*(asyncio.to_thread(digest, each, strategy, format_type) for each in sources))


def store(
    backend: Backend, dataset: StoredDataset, source: Source, strategy: ChunkRule, digested: Digest
) -> StoredDocument:
    """The document, at work for as long as the emulator's settings say, and its slices."""
    state, begun = backend.state, backend.clock()
    document = StoredDocument(
        state.new_id(StoredDocument, FIRST_DOCUMENT_ID),
        dataset.id,
        dataset.account,
        source.name,
        digested.type,
        digested.size,
        dataset.format_type,
        source.way,
        int(begun),
        int(begun),
        strategy.wire,
        *source.rule,
        char_count=sum(map(len, digested.texts)),
        slice_count=len(digested.texts),
        caption=source.caption,
        url=source.url,
        failure=digested.failure,
        looks=backend.settings.processing_looks,
        begun_at=begun,
        ready_at=begun + backend.settings.processing_seconds,
    )
    state.save(document)
    store_slices(backend, document, digested.texts)
    return document


def store_slices(backend: Backend, document: StoredDocument, texts: Iterable[str]) -> None:
    for sequence, text in enumerate(texts):
        slice_id = backend.state.new_id(StoredSlice, FIRST_SLICE_ID)
        backend.state.save(StoredSlice(slice_id, document.id, document.dataset_id, text, sequence))


def replace_caption(backend: Backend, document: StoredDocument, caption: str) -> None:
    """Also what the image is found by."""
    texts = [caption] if caption else []
    changed = replace(document, caption=caption, char_count=len(caption), slice_count=len(texts))
    backend.state.save(replace(changed, updated_at=backend.now))
    delete_slices(backend, document)
    store_slices(backend, document, texts)


def delete_document(backend: Backend, document: StoredDocument) -> None:
    delete_slices(backend, document)
    backend.state.delete(document)


def delete_slices(backend: Backend, document: StoredDocument) -> None:
    for each in backend.state.owned(StoredSlice, document.id):
        backend.state.delete(each)


def look_at(backend: Backend, document: StoredDocument) -> None:
    """Brings a document that is at work one look nearer to its end."""
    if document.looked < document.looks:
        backend.state.save(replace(document, looked=document.looked + 1))
