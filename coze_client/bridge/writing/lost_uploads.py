"""Uploads whose reply was lost: list the dataset again and see whether their documents arrived.

Coze has no idempotency key, and a create request whose reply is lost may have succeeded. So every upload is stored
before it is sent, with the ids of the documents that already have its name. Another document with that name is the
result of the upload.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from coze_client.bridge.writing.inventory import Inventory
from coze_client.bridge.writing.journal import Journal
from coze_client.bridge.writing.upload_record import UploadEntry
from coze_client.core.concurrency import Concurrency

_FIRST_PAUSE = 0.25


class LostUploads:
    """Searches the dataset for lost uploads; one that is not listed `settle` seconds after it was sent has failed."""

    def __init__(self, concurrency: Concurrency, inventory: Inventory, journal: Journal, settle: float) -> None:
        self._concurrency = concurrency
        self._inventory = inventory
        self._journal = journal
        self._settle = settle

    async def match(self, intended: Sequence[UploadEntry]) -> list[UploadEntry]:
        """Store as uploaded those that the inventory contains, and return the others."""
        owned = self._journal.document_ids()
        arrived: list[UploadEntry] = []
        for upload in intended:
            found = self._inventory.find_by_name(upload.name, exclude={*upload.same_name_ids, *owned})
            if found:
                owned.add(found[0])
                arrived.append(upload.with_state("uploaded", found[0]))
        await self._journal.store(arrived)
        return self._journal.unanswered(each.content_hash for each in intended)

    async def wait(self, intended: Sequence[UploadEntry]) -> list[UploadEntry]:
        """List the dataset until all have arrived or their time is over; return those that did not arrive."""
        missing = list(intended)
        for pause in _pauses(self._remaining(missing)):
            if not missing:
                break
            await self._concurrency.sleep(pause)
            await self._inventory.refresh()
            missing = await self.match(missing)
        return missing

    def may_be_unlisted(self, upload: UploadEntry) -> bool:
        """True if the upload is so recent that a listing may not contain it yet."""
        return time.time() - upload.changed_at < self._settle

    def _remaining(self, intended: Sequence[UploadEntry]) -> float:
        latest = max((each.changed_at for each in intended), default=0.0)
        return min(latest + self._settle - time.time(), self._settle)


def _pauses(seconds: float) -> Iterator[float]:
    """Pauses that double each time; their sum is `seconds`."""
    pause = _FIRST_PAUSE
    while seconds > 0:
        yield min(pause, seconds)
        seconds -= pause
        pause *= 2
