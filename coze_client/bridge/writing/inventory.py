"""The documents that stand in a dataset."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath

from coze_client.api.datasets.documents import Documents
from coze_client.api.datasets.values import Document
from coze_client.bridge.loading.document_name import normalized_name
from coze_client.core.paging import Cursor
from coze_client.core.session import Session


class Inventory:
    """A dataset's documents as they were at the last look."""

    def __init__(self, session: Session, dataset_id: str, concurrency: int) -> None:
        self._session = session
        self._listing = Documents.list(dataset_id=dataset_id, concurrency=concurrency)
        self._put(())

    async def look(self) -> None:
        """Lists them anew; raises CozeError."""
        cursor = Cursor(self._session, self._listing)
        found: dict[str, Document] = {}
        while (page := await cursor.next()) is not None:
            found.update((document.document_id, document) for document in page.items)
        self._put(list(found.values()))

    def _put(self, documents: Collection[Document]) -> None:
        by_name: dict[str, list[str]] = {}
        by_age = sorted(documents, key=lambda document: document.create_time or 0)
        for name, document_id in [*map(_told, by_age), *filter(None, map(_told_twice, by_age))]:
            by_name.setdefault(name, []).append(document_id)
        self._documents = {document.document_id: document for document in documents}
        self._by_name = by_name

    def __contains__(self, document_id: object) -> bool:
        return document_id in self._documents

    def meant(self, target: str) -> list[str]:
        """Ids of the documents that have this id or name."""
        return [target] if target in self._documents else self.named(target)

    def named(self, name: str, but: Collection[str] = ()) -> list[str]:
        """Ids of the documents of this name, the oldest first, without those in `but`.

        Those with their type once more ("a.pdf.pdf", as in the sample of list_knowledge_files) come after the others.
        """
        return [each for each in self._by_name.get(normalized_name(name), ()) if each not in but]

    def take(self, document_ids: Collection[str]) -> None:
        """What was deleted is no longer there."""
        self._put([each for key, each in self._documents.items() if key not in document_ids])


def _told(document: Document) -> tuple[str, str]:
    return normalized_name(document.name), document.document_id


def _told_twice(document: Document) -> tuple[str, str] | None:
    """Without the type, if that still leaves one."""
    name, document_id = _told(document)
    before = name.removesuffix(f".{document.type}")
    return (before, document_id) if before != name and PurePath(before).suffix else None
