"""Process uploaded sources into documents and slices."""

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
from coze_client.emulator.text.chunking import ChunkRule, split
from coze_client.emulator.text.parsing import UnparsableFile, decode, parse
from coze_client.emulator.text.web_pages import fetch


class RefreshRule(NamedTuple):
    """Whether a web page is fetched again: type 1 every `interval` hours, type 0 never."""

    type: int = 0
    interval: int = 0


NEVER = RefreshRule()


@dataclass(frozen=True)
class DocumentSource:
    """The source of a document: its bytes, the `url` of a web page, or the `caption` of an image.

    `source_type` is the API's document_source. `size` is the size of an image in bytes; other sizes are computed.
    """

    name: str
    type: str
    source_type: int = LOCAL_FILE
    content: bytes = b""
    url: str = ""
    size: int = 0
    caption: str = ""
    rule: RefreshRule = NEVER


@dataclass(frozen=True)
class ProcessedSource:
    """The texts of the slices of a source, or the reason why there are none."""

    texts: Sequence[str] = ()
    type: str = ""
    size: int = 0
    failure: str = ""


def process_source(source: DocumentSource, rule: ChunkRule, format_type: int) -> ProcessedSource:
    """Split a source into texts; blocks while a page is fetched or a file is parsed."""
    if format_type == IMAGE:
        return ProcessedSource([source.caption] if source.caption else (), source.type, source.size)
    kind, content, charset = source.type, source.content, None
    try:
        if source.source_type == CUSTOM:  # may be empty
            return ProcessedSource(split(decode(content), rule), kind, len(content))
        if source.source_type == WEB_PAGE:
            page = fetch(source.url)
            kind, content, charset = page.type, page.content, page.charset
        return ProcessedSource(split(parse(kind, content, charset), rule), kind, len(content))
    except (UnparsableFile, ImportError) as error:
        return ProcessedSource((), kind, len(content), str(error))


async def process_sources(
    sources: Sequence[DocumentSource], rule: ChunkRule, format_type: int
) -> list[ProcessedSource]:
    """Process all sources in parallel, on threads; a failure affects only its own source."""
    return await asyncio.gather(*(asyncio.to_thread(process_source, source, rule, format_type) for source in sources))


def save_document(
    backend: Backend, dataset: StoredDataset, source: DocumentSource, rule: ChunkRule, processed: ProcessedSource
) -> StoredDocument:
    """Save a document and its slices; the settings decide how long it is processed."""
    state, begun_at = backend.state, backend.clock()
    document = StoredDocument(
        state.new_id(StoredDocument, FIRST_DOCUMENT_ID),
        dataset.id,
        dataset.account,
        source.name,
        processed.type,
        processed.size,
        dataset.format_type,
        source.source_type,
        int(begun_at),
        int(begun_at),
        rule.as_json,
        *source.rule,
        char_count=sum(map(len, processed.texts)),
        slice_count=len(processed.texts),
        caption=source.caption,
        url=source.url,
        failure=processed.failure,
        looks_needed=backend.settings.processing_looks,
        begun_at=begun_at,
        ready_at=begun_at + backend.settings.processing_seconds,
    )
    state.save(document)
    save_slices(backend, document, processed.texts)
    return document


def save_slices(backend: Backend, document: StoredDocument, texts: Iterable[str]) -> None:
    """Save texts as the slices of a document."""
    for sequence, text in enumerate(texts):
        slice_id = backend.state.new_id(StoredSlice, FIRST_SLICE_ID)
        backend.state.save(StoredSlice(slice_id, document.id, document.dataset_id, text, sequence))


def replace_caption(backend: Backend, document: StoredDocument, caption: str) -> None:
    """Change the caption of an image, and the slice that makes it searchable."""
    texts = [caption] if caption else []
    changed = replace(document, caption=caption, char_count=len(caption), slice_count=len(texts))
    backend.state.save(replace(changed, updated_at=backend.now))
    delete_slices(backend, document)
    save_slices(backend, document, texts)


def delete_document(backend: Backend, document: StoredDocument) -> None:
    """Delete a document and its slices."""
    delete_slices(backend, document)
    backend.state.delete(document)


def delete_slices(backend: Backend, document: StoredDocument) -> None:
    """Delete the slices of a document."""
    for each in backend.state.owned(StoredSlice, document.id):
        backend.state.delete(each)


def count_look(backend: Backend, document: StoredDocument) -> None:
    """Count one request for the progress of a document."""
    if document.looks_done < document.looks_needed:
        backend.state.save(replace(document, looks_done=document.looks_done + 1))
