"""The state of every upload in one run: the stored upload record, and the failures of this run."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from coze_client.bridge.writing.upload_record import DatasetUploads, SourceEntry, UploadEntry
from coze_client.core.concurrency import Concurrency


class Failure(NamedTuple):
    """Why a content is not in the dataset; without `certain`, it may be there after all."""

    message: str
    logid: str = ""
    certain: bool = True

    @classmethod
    def of(cls, error: Exception, *, certain: bool = True) -> Failure:
        return cls(str(error), getattr(error, "logid", None) or "", certain)


class Journal:
    """The uploads and failures of a dataset by content hash.

    Every change of an upload is stored in the record first. `on_change` is called after each ``store`` and ``fail``.
    """

    def __init__(self, concurrency: Concurrency, record: DatasetUploads, on_change: Callable[[], object]) -> None:
        self._concurrency = concurrency
        self._record = record
        self._on_change = on_change
        self.uploads: dict[str, UploadEntry] = {}
        self.sources: dict[str, SourceEntry] = {}
        self._owned: set[str] | None = None
        self.failures: dict[str, Failure] = {}

    async def load(self) -> None:
        """Load the uploads and sources that earlier runs stored."""
        self.uploads = await self._concurrency.call(self._record.uploads)
        self.sources = await self._concurrency.call(self._record.sources)
        self._owned = None

    def entries(self, hashes: Iterable[str]) -> list[UploadEntry]:
        """The uploads of these contents, as far as there are any."""
        return [self.uploads[each] for each in hashes if each in self.uploads]

    def unanswered(self, hashes: Iterable[str]) -> list[UploadEntry]:
        """Those of these uploads that were intended and have no known reply."""
        return [each for each in self.entries(hashes) if each.state == "intended"]

    def document_ids(self) -> set[str]:
        """The ids of all documents that this record's uploads created."""
        return {upload.document_id for upload in list(self.uploads.values())}

    def owns(self, document_id: str) -> bool:
        """True if an upload of this record created the document."""
        if self._owned is None:
            self._owned = self.document_ids()
        return document_id in self._owned

    def has_document(self, content_hash: str) -> bool:
        """True if an upload of this content created a document."""
        upload = self.uploads.get(content_hash)
        return upload is not None and bool(upload.document_id)

    async def store(
        self,
        uploads: Sequence[UploadEntry] = (),
        *,
        forget: Sequence[str] = (),
        delete_later: Collection[str] = (),
        sources: Sequence[SourceEntry] = (),
    ) -> None:
        """Store the changes, as ``DatasetUploads.write`` does; an upload that succeeded clears its failure."""
        if not (uploads or forget or delete_later or sources):
            return
        write = partial(self._record.write, uploads, forget=forget, delete_later=delete_later, sources=sources)
        await self._concurrency.call(write)
        self._owned = None
        self._keep_sources(sources)
        for upload in uploads:
            self.uploads[upload.content_hash] = upload
            if upload.state == "uploaded":
                self.failures.pop(upload.content_hash, None)
        for content_hash in forget:
            self.uploads.pop(content_hash, None)
        self._on_change()

    def _keep_sources(self, sources: Sequence[SourceEntry]) -> None:
        for entry in sources:
            if entry.contents:
                self.sources[entry.source] = entry
            else:
                self.sources.pop(entry.source, None)

    def fail(self, hashes: Iterable[str], failure: Failure) -> None:
        """Keep the reason why these contents failed, for this run's report; it is not stored."""
        self.failures.update(dict.fromkeys(hashes, failure))
        self._on_change()

    async def pending_deletions(self) -> set[str]:
        """The ids of the documents that are still to be deleted."""
        return await self._concurrency.call(self._record.pending_deletions)

    async def store_deleted(self, document_ids: Collection[str]) -> None:
        """Store that these documents no longer exist, and forget their uploads."""
        if document_ids:
            await self._concurrency.call(partial(self._record.write, deleted=document_ids))
            self._owned = None
            self.uploads = {key: each for key, each in self.uploads.items() if each.document_id not in document_ids}


def intended_upload(
    content_hash: str, name: str, same_name_ids: Sequence[str], replaces: Collection[str]
) -> UploadEntry:
    """The entry that is stored before a content is sent."""
    return UploadEntry(content_hash, name, "intended", "", tuple(same_name_ids), tuple(sorted(replaces)), time.time())
