"""The documents of a dataset page by page, as far as they are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from coze_client.api.datasets.documents import IMAGE, Document, Documents
from coze_client.api.datasets.images import Image, Images
from coze_client.bridge.loading.filter import DocumentFilter
from coze_client.bridge.loading.metadata import Record
from coze_client.core.resource import Cursor
from coze_client.core.session import Session
from coze_client.errors import NotFound

_LARGEST_IMAGE_PAGE = 299


class DocumentWalk:
    """Walks a dataset in Coze's order, from after the document `start_after`; images come from the list of images."""

    def __init__(
        self, session: Session, dataset_id: str, page_size: int, chosen: DocumentFilter, start_after: str | None
    ) -> None:
        self._session = session
        self.dataset_id = dataset_id
        self._page_size = page_size
        self._chosen = chosen
        self._awaited = start_after
        self._unseen = set(chosen.document_ids or ())
        self._pages: Cursor[Document] | Cursor[Image] | None = None

    async def next(self) -> tuple[Record, ...] | None:
        """What is asked for of the next page, perhaps nothing; ``None`` after the last one that matters.

        Raises NotFound at the end if a document that was named is not in the dataset.
        """
        if self._chosen.document_ids is not None and not self._unseen:
            return None
        records = await self._page()
        if records is None:
            self._check_all_seen()
            return None
        self._unseen -= {record.document_id for record in records}
        return tuple(filter(self._chosen.takes, self._after_start(records)))

    async def _page(self) -> Sequence[Record] | None:
        if self._pages is None:
            self._pages = Cursor(self._session, Documents.list(dataset_id=self.dataset_id, page_size=self._page_size))
            page = await self._pages.next()
            if page is None or all(document.format_type != IMAGE for document in page.items):
                return page.items if page else None
            size = min(self._page_size, _LARGEST_IMAGE_PAGE)
            self._pages = Cursor(self._session, Images.list(dataset_id=self.dataset_id, page_size=size))
        found = await self._pages.next()
        return found.items if found else None

    def _after_start(self, records: Sequence[Record]) -> Sequence[Record]:
        if self._awaited is None:
            return records
        for place, record in enumerate(records):
            if record.document_id == self._awaited:
                self._awaited = None
                return records[place + 1 :]
        return ()

    def _check_all_seen(self) -> None:
        absent = sorted(self._unseen | ({self._awaited} if self._awaited else set()))
        if absent:
            raise NotFound(
                f"Dataset {self.dataset_id} has no document {', '.join(absent)}",
                cure="Leave out document_ids and start_after to see what is there",
            )
