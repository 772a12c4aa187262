"""The documents of a dataset, as listed last, found by id or name."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath

from coze_client.api.datasets.documents import Documents
from coze_client.api.datasets.values import Document
from coze_client.bridge.loading.normalized_name import normalized_name
from coze_client.core.paging import Cursor
from coze_client.core.session import Session


class Inventory:
    """The documents of a dataset at the time of the last ``refresh``; empty before the first one."""

    def __init__(self, session: Session, dataset_id: str, concurrency: int) -> None:
        self._session = session
        self._listing = Documents.list(dataset_id=dataset_id, concurrency=concurrency)
        self._index(())

    async def refresh(self) -> None:
        """List the dataset again; raises CozeError."""
        cursor = Cursor(self._session, self._listing)
        found: dict[str, Document] = {}
        while (page := await cursor.next()) is not None:
            found.update((document.document_id, document) for document in page.items)
        self._index(list(found.values()))

    def _index(self, documents: Collection[Document]) -> None:
        by_name: dict[str, list[str]] = {}
        by_age = sorted(documents, key=lambda document: document.create_time or 0)
        for name, document_id in [*map(_name_and_id, by_age), *filter(None, map(_short_name_and_id, by_age))]:
            by_name.setdefault(name, []).append(document_id)
        self._documents = {document.document_id: document for document in documents}
        self._by_name = by_name

    def __contains__(self, document_id: object) -> bool:
        return document_id in self._documents

    def find(self, name_or_id: str) -> list[str]:
        """Ids of the documents with this id, or else with this name."""
        return [name_or_id] if name_or_id in self._documents else self.find_by_name(name_or_id)

    def find_by_name(self, name: str, exclude: Collection[str] = ()) -> list[str]:
        """Ids of the documents with this name, the oldest first, without the ids in `exclude`.

        Coze may append the type once more ("a.pdf.pdf", as in the example of the API page list_knowledge_files). Such
        documents come after those with exactly this name.
        """
        return [each for each in self._by_name.get(normalized_name(name), ()) if each not in exclude]

    def discard(self, document_ids: Collection[str]) -> None:
        """Remove documents that were deleted from the dataset."""
        self._index([each for key, each in self._documents.items() if key not in document_ids])


def _name_and_id(document: Document) -> tuple[str, str]:
    return normalized_name(document.name), document.document_id


def _short_name_and_id(document: Document) -> tuple[str, str] | None:
    """The name without the type, if the rest still has a suffix; else ``None``."""
    name, document_id = _name_and_id(document)
    short = name.removesuffix(f".{document.type}")
    return (short, document_id) if short != name and PurePath(short).suffix else None
