"""What recalls leave out about documents, looked up in the listings of their datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from coze_client.api.datasets.documents import Documents
from coze_client.api.recall.values import Slice
from coze_client.bridge.retrieval.concurrency_limit import ConcurrencyLimit
from coze_client.core.paging import Cursor
from coze_client.core.session import Session


class DocumentNames:
    """Names of documents by dataset, kept; a dataset is listed again only for a document that was never asked for."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, str | None]] = {}  # None: surely not in that dataset
        self._turn = ConcurrencyLimit(1)

    async def complete(
        self, session: Session, dataset_ids: Sequence[str], slices: Sequence[Slice]
    ) -> tuple[Slice, ...]:
        """The slices with the dataset and name of their documents, as far as those are in one of the datasets.

        A hundred documents a request, for slices that tell their document's id and not the rest; raises as
        ``datasets.documents.list``.
        """
        sought = {each.document_id for each in slices if each.document_id and not each.dataset_id}
        if sought:
            async with self._turn.slot(session.concurrency):  # several first queries list a dataset once
                await self._look_up(session, dataset_ids, sought)
        return tuple(self._complete(dataset_ids, each) for each in slices)

    async def _look_up(self, session: Session, dataset_ids: Sequence[str], sought: set[str]) -> None:
        for dataset_id in dataset_ids:
            known = self._names.get(dataset_id, {})
            if not sought <= known.keys():
                known = {**dict.fromkeys(sought), **known, **await _list_names(session, dataset_id)}
                self._names[dataset_id] = known
            sought = {each for each in sought if known[each] is None}

    def _complete(self, dataset_ids: Sequence[str], found: Slice) -> Slice:
        if found.dataset_id:
            return found
        for dataset_id in dataset_ids:
            name = self._names.get(dataset_id, {}).get(found.document_id)
            if name is not None:
                return replace(found, dataset_id=dataset_id, document_name=found.document_name or name)
        return found


async def _list_names(session: Session, dataset_id: str) -> dict[str, str]:
    cursor = Cursor(session, Documents.list(dataset_id=dataset_id))
    found: dict[str, str] = {}
    while (page := await cursor.next()) is not None:
        found.update({document.document_id: document.name for document in page.items})
    return found
