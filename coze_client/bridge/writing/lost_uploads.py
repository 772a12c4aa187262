"""What was sent and never answered, looked for where it would have arrived.

There is no idempotency key, and a create whose answer is lost may have been carried out. So every intent is on record
before it is sent, with the documents that had its name already. A document of that name that is not among them is it.
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
    """Looks for lost uploads; what has not turned up `settle` seconds after it was sent was not carried out."""

    def __init__(self, concurrency: Concurrency, shelf: Inventory, ledger: Journal, settle: float) -> None:
        self._concurrency = concurrency
        self._shelf = shelf
        self._ledger = ledger
        self.settle = settle

    async def adopt(self, intents: Sequence[UploadEntry]) -> list[UploadEntry]:
        """Takes those that stand on the shelf for uploaded; the others."""
        owned = self._ledger.document_ids()
        arrived: list[UploadEntry] = []
        for intent in intents:
            found = self._shelf.named(intent.name, but={*intent.known, *owned})
            if found:
                owned.add(found[0])
                arrived.append(intent.became("uploaded", found[0]))
        await self._ledger.note(arrived)
        return self._ledger.open(each.content for each in intents)

    async def search(self, intents: Sequence[UploadEntry]) -> list[UploadEntry]:
        """Looks again and again until all have turned up or had their time; those that did not turn up."""
        missing = list(intents)
        for pause in _pauses(self._left(missing)):
            if not missing:
                break
            await self._concurrency.sleep(pause)
            await self._shelf.look()
            missing = await self.adopt(missing)
        return missing

    def fresh(self, upload: UploadEntry) -> bool:
        """True if a listing may not show it yet."""
        return time.time() - upload.at < self.settle

    def _left(self, intents: Sequence[UploadEntry]) -> float:
        latest = max((each.at for each in intents), default=0.0)
        return min(latest + self.settle - time.time(), self.settle)


def _pauses(seconds: float) -> Iterator[float]:
    """Waits that double, and end when so many seconds have passed."""
    pause = _FIRST_PAUSE
    while seconds > 0:
        yield min(pause, seconds)
        seconds -= pause
        pause *= 2
