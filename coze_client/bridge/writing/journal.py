"""What a run knows of every content, kept in step with the record."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from coze_client.bridge.writing.upload_record import DatasetUploads, UploadEntry
from coze_client.core.concurrency import Concurrency


class Failure(NamedTuple):
    """Why something is not in the dataset; `sure` if that is certain."""

    text: str
    logid: str = ""
    sure: bool = True

    @classmethod
    def of(cls, error: Exception, *, sure: bool = True) -> Failure:
        return cls(str(error), getattr(error, "logid", None) or "", sure)


class Journal:
    """The uploads of a dataset, by content, and why failed ones did; each change is on record before it counts."""

    def __init__(self, concurrency: Concurrency, log: DatasetUploads, changed: Callable[[], object]) -> None:
        self._concurrency = concurrency
        self._log = log
        self._changed = changed
        self.uploads: dict[str, UploadEntry] = {}
        self.failures: dict[str, Failure] = {}

    async def read(self) -> None:
        """What earlier runs knew."""
        self.uploads = await self._concurrency.call(self._log.uploads)

    def known(self, contents: Iterable[str]) -> list[UploadEntry]:
        """What is known of these."""
        return [self.uploads[each] for each in contents if each in self.uploads]

    def open(self, contents: Iterable[str]) -> list[UploadEntry]:
        """Those of them that were to be sent, of which no answer is known."""
        return [each for each in self.known(contents) if each.state == "intended"]

    def document_ids(self) -> set[str]:
        """Every document that is known to come from here."""
        return {upload.document_id for upload in list(self.uploads.values())}

    async def note(
        self, uploads: Sequence[UploadEntry] = (), *, forget: Sequence[str] = (), remove: Collection[str] = ()
    ) -> None:
        """As ``DatasetUploads.write``."""
        if not (uploads or forget or remove):
            return
        await self._concurrency.call(partial(self._log.write, uploads, forget=forget, remove=remove))
        for upload in uploads:
            self.uploads[upload.content] = upload
            if upload.state == "uploaded":
                self.failures.pop(upload.content, None)
        for content in forget:
            self.uploads.pop(content, None)
        self._changed()

    def fail(self, contents: Iterable[str], failure: Failure) -> None:
        """Remembers why these failed; it is for this run's report only."""
        self.failures.update(dict.fromkeys(contents, failure))
        self._changed()

    async def marked(self) -> set[str]:
        """Documents that are to be deleted."""
        return await self._concurrency.call(self._log.removals)

    async def removed(self, document_ids: Collection[str]) -> None:
        """These no longer exist, nor what is known of them."""
        if document_ids:
            await self._concurrency.call(partial(self._log.write, removed=document_ids))
            self.uploads = {key: each for key, each in self.uploads.items() if each.document_id not in document_ids}


def intent(content: str, name: str, known: Sequence[str], replaces: Collection[str]) -> UploadEntry:
    """What is on record before something is sent."""
    return UploadEntry(content, name, "intended", "", tuple(known), tuple(sorted(replaces)), time.time())
