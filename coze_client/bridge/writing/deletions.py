"""Deletes the documents that the record marks for deletion; those that Coze refuses to delete stay marked."""

from __future__ import annotations

from collections.abc import Sequence

from coze_client.api.datasets.documents import MOST_DELETED
from coze_client.bridge.connection import AnyCozeClient
from coze_client.bridge.writing.inventory import Inventory
from coze_client.bridge.writing.journal import Failure, Journal
from coze_client.core.concurrency import maybe_await
from coze_client.errors import ConfigurationError, CozeError, InvalidRequest, NotFound, PermissionDenied


class Deletions:
    """The marked documents of a dataset; ``pending`` are the ids of those that are still to be deleted."""

    def __init__(self, client: AnyCozeClient, inventory: Inventory, journal: Journal) -> None:
        self._client = client
        self._inventory = inventory
        self._journal = journal
        self.pending: set[str] = set()

    async def load(self) -> None:
        """Load the marks that earlier runs stored."""
        self.pending = await self._journal.pending_deletions()

    async def attempt(self) -> Failure | None:
        """As ``carry_out``, but return what Coze refused instead of raising it."""
        try:
            await self.carry_out()
        except ConfigurationError:  # the record cannot be used
            raise
        except CozeError as error:
            return Failure.of(error)
        return None

    async def carry_out(self) -> None:
        """Delete all marked documents; raises CozeError if some cannot be deleted.

        Those stay marked, and the run treats them as absent.
        """
        await self.load()
        listed = sorted(each for each in self.pending if each in self._inventory)
        refused: dict[str, CozeError] = {}
        for start in range(0, len(listed), MOST_DELETED):
            refused |= await self._delete(listed[start : start + MOST_DELETED])
        deleted = self.pending - refused.keys()
        self._inventory.discard(deleted)
        self.pending -= deleted
        await self._journal.store_deleted(deleted)
        for error in refused.values():
            raise error

    async def _delete(self, document_ids: Sequence[str]) -> dict[str, CozeError]:
        """Delete the documents, and return the error of each that Coze refused to delete.

        Coze deletes all documents of a request or none, so each of a refused request is sent by itself.
        """
        try:
            await maybe_await(self._client.datasets.documents.delete(document_ids=document_ids))
        except (InvalidRequest, NotFound, PermissionDenied) as error:
            if len(document_ids) == 1:
                return {document_ids[0]: error}
            return {key: refusal for each in document_ids for key, refusal in (await self._delete([each])).items()}
        return {}
