"""The documents of a dataset, page by page and filtered."""

from __future__ import annotations

from collections.abc import Sequence

from coze_client.api.datasets.documents import IMAGE, Documents
from coze_client.api.datasets.images import Images
from coze_client.api.datasets.values import Document, Image
from coze_client.bridge.loading.filter import DocumentFilter
from coze_client.bridge.loading.metadata import DocumentInfo
from coze_client.core.paging import Cursor
from coze_client.core.session import Session
from coze_client.errors import NotFound

_LARGEST_IMAGE_PAGE = 299


class DocumentPages:
    """Lists a dataset in Coze's order, beginning after the document `start_after`.

    A dataset of images is read from the list of images, which contains the captions.
    """

    def __init__(
        self,
        session: Session,
        dataset_id: str,
        page_size: int,
        document_filter: DocumentFilter,
        start_after: str | None,
    ) -> None:
        self._session = session
        self.dataset_id = dataset_id
        self._page_size = page_size
        self._filter = document_filter
        self._start_after = start_after  # None once that document was found
        self._unseen = set(document_filter.document_ids or ())
        self._pages: Cursor[Document] | Cursor[Image] | None = None

    async def next(self) -> tuple[DocumentInfo, ...] | None:
        """Return the matching documents of the next page, possibly none; ``None`` after the last page needed.

        Raises NotFound at the end if the dataset lacks a document that the caller named.
        """
        if self._filter.document_ids is not None and not self._unseen:
            return None
        documents = await self._next_page()
        if documents is None:
            self._check_all_seen()
            return None
        self._unseen -= {document.document_id for document in documents}
        return tuple(filter(self._filter.accepts, self._after_start(documents)))

    async def _next_page(self) -> Sequence[DocumentInfo] | None:
        if self._pages is None:
            self._pages = Cursor(self._session, Documents.list(dataset_id=self.dataset_id, page_size=self._page_size))
            page = await self._pages.next()
            if page is None or all(document.format_type != IMAGE for document in page.items):
                return page.items if page else None
            size = min(self._page_size, _LARGEST_IMAGE_PAGE)
            self._pages = Cursor(self._session, Images.list(dataset_id=self.dataset_id, page_size=size))
        found = await self._pages.next()
        return found.items if found else None

    def _after_start(self, documents: Sequence[DocumentInfo]) -> Sequence[DocumentInfo]:
        if self._start_after is None:
            return documents
        for index, document in enumerate(documents):
            if document.document_id == self._start_after:
                self._start_after = None
                return documents[index + 1 :]
        return ()

    def _check_all_seen(self) -> None:
        missing = sorted(self._unseen | ({self._start_after} if self._start_after else set()))
        if missing:
            raise NotFound(
                f"Dataset {self.dataset_id} has no document {', '.join(missing)}",
                cure="Load without document_ids and start_after to see which documents it has",
            )
