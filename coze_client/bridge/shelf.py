"""The documents that stand in a dataset."""

from __future__ import annotations

from collections.abc import Collection

from coze_client.api.documents import Document, Documents
from coze_client.resource import Cursor
from coze_client.session import Session


class Shelf:
    """A dataset's documents as they were at the last look."""

    def __init__(self, session: Session, dataset_id: str, concurrency: int) -> None:
        self._session = session
        self._listing = Documents.list(dataset_id=dataset_id, concurrency=concurrency)
        self._documents: dict[str, Document] = {}

    async def look(self) -> None:
        """Lists them anew; raises CozeError."""
        cursor = Cursor(self._session, self._listing)
        found: dict[str, Document] = {}
        while (page := await cursor.next()) is not None:
            found.update((document.document_id, document) for document in page.items)
        self._documents = found

    def __contains__(self, document_id: object) -> bool:
        return document_id in self._documents

    def meant(self, target: str) -> list[str]:
        """Ids of the documents that have this id or name."""
        return [target] if target in self._documents else self.named(target)

    def named(self, name: str, but: Collection[str] = ()) -> list[str]:
        """Ids of the documents of this name, the oldest first, without those in `but`."""
        found = [each for each in self._documents.values() if name in (each.name, f"{each.name}.{each.type}")]
        found.sort(key=lambda document: document.create_time or 0)
        return [each.document_id for each in found if each.document_id not in but]

    def take(self, document_ids: Collection[str]) -> None:
        """What was deleted is no longer there."""
        self._documents = {key: each for key, each in self._documents.items() if key not in document_ids}
