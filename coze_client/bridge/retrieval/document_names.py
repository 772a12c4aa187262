"""Names and datasets of documents that a recall returns without them, read from the datasets' document lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from coze_client.api.datasets.documents import Documents
from coze_client.api.recall.values import Slice
from coze_client.bridge.retrieval.concurrency_limit import ConcurrencyLimit
from coze_client.core.paging import Cursor
from coze_client.core.session import Session


class DocumentNames:
    """A cache of document names by dataset.

    A dataset is listed again only when a slice belongs to a document that was never looked up in it.
    """

    def __init__(self) -> None:
        self._names: dict[str, dict[str, str | None]] = {}  # None: the document is not in that dataset
        self._one_lookup = ConcurrencyLimit(1)

    async def complete(
        self, session: Session, dataset_ids: Sequence[str], slices: Sequence[Slice]
    ) -> tuple[Slice, ...]:
        """Return the slices with the dataset id and name of their documents, if one of the datasets holds them.

        Only slices with a document id and without a dataset id are looked up. Each request lists a hundred documents.
        Raises what ``datasets.documents.list`` raises.
        """
        wanted = {each.document_id for each in slices if each.document_id and not each.dataset_id}
        if wanted:
            async with self._one_lookup.slot(session.concurrency):  # parallel first queries list a dataset once
                await self._look_up(session, dataset_ids, wanted)
        return tuple(self._complete(dataset_ids, each) for each in slices)

    async def _look_up(self, session: Session, dataset_ids: Sequence[str], wanted: set[str]) -> None:
        for dataset_id in dataset_ids:
            names = self._names.get(dataset_id, {})
            if not wanted <= names.keys():
                names = {**dict.fromkeys(wanted), **names, **await _list_names(session, dataset_id)}
                self._names[dataset_id] = names
            wanted = {each for each in wanted if names[each] is None}

    def _complete(self, dataset_ids: Sequence[str], slice_: Slice) -> Slice:
        if slice_.dataset_id:
            return slice_
        for dataset_id in dataset_ids:
            name = self._names.get(dataset_id, {}).get(slice_.document_id)
            if name is not None:
                return replace(slice_, dataset_id=dataset_id, document_name=slice_.document_name or name)
        return slice_


async def _list_names(session: Session, dataset_id: str) -> dict[str, str]:
    cursor = Cursor(session, Documents.list(dataset_id=dataset_id))
    names: dict[str, str] = {}
    while (page := await cursor.next()) is not None:
        names.update({document.document_id: document.name for document in page.items})
    return names
