"""The documents of a dataset, as listed last, found by id or name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import PurePath

from coze_client.api.datasets.documents import Documents
from coze_client.api.datasets.values import Document
from coze_client.bridge.loading.normalized_name import normalized_name
from coze_client.core.paging import Cursor
from coze_client.core.session import Session

_Listed = tuple[str, str, int]
"""Name, type and time of creation. A plain tuple of these costs the garbage collector nothing."""


class Inventory:
    """The documents of a dataset at the time of the last ``refresh``; empty before the first one."""

    def __init__(self, session: Session, dataset_id: str, concurrency: int) -> None:
        self._session = session
        self._listing = Documents.list(dataset_id=dataset_id, concurrency=concurrency)
        self._documents: dict[str, _Listed] = {}
        self._by_name: dict[str, list[str]] | None = None  # made when a name is first looked up

    async def refresh(self) -> None:
        """List the dataset again; raises CozeError, and is empty then."""
        self._documents, self._by_name = {}, None
        found: dict[str, _Listed] = {}
        cursor = Cursor(self._session, self._listing)
        while (page := await cursor.next()) is not None:
            found.update((document.document_id, _listed(document)) for document in page.items)
        self._documents = found

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
        if self._by_name is None:
            self._by_name = _index(self._documents)
        return [each for each in self._by_name.get(normalized_name(name), ()) if each not in exclude]

    def discard(self, document_ids: Collection[str]) -> None:
        """Remove documents that were deleted from the dataset."""
        for document_id in document_ids:
            if self._documents.pop(document_id, None) is not None:
                self._by_name = None


def _listed(document: Document) -> _Listed:
    return normalized_name(document.name), document.type, document.create_time or 0


def _index(documents: dict[str, _Listed]) -> dict[str, list[str]]:
    by_name: dict[str, list[str]] = {}
    by_age = sorted(documents.items(), key=lambda item: item[1][2])
    for document_id, (name, _, _) in by_age:
        by_name.setdefault(name, []).append(document_id)
    for document_id, (name, kind, _) in by_age:
        for short in _short_names(name, kind):
            by_name.setdefault(short, []).append(document_id)
    return by_name


def _short_names(name: str, kind: str) -> Iterator[str]:
    """The name without the type, if the rest still has a suffix."""
    short = name.removesuffix(f".{kind}")
    if short != name and PurePath(short).suffix:
        yield short
