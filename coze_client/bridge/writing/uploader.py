"""Uploads contents in as few requests as possible, and each content once."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from coze_client.api.datasets.document_base import CUSTOM, DocumentBase
from coze_client.api.datasets.documents import LARGEST_BODY, MOST_CREATED
from coze_client.api.datasets.values import Document
from coze_client.bridge.writing.inventory import Inventory
from coze_client.bridge.writing.journal import Failure, Journal
from coze_client.bridge.writing.lost_uploads import LostUploads
from coze_client.bridge.writing.sources import SourceDocument
from coze_client.bridge.writing.upload_record import UploadEntry
from coze_client.core.concurrency import Concurrency
from coze_client.errors import CozeError, InvalidRequest, ProtocolError, ServerError, TransportError

_RESERVED_BYTES = 64 * 1024  # of a request body, for the JSON around the documents
_SERVER_IGNORES_SOURCES = Failure(
    "This server is a coze-studio. Its API accepts no files and web pages: it created empty documents of them, which "
    "are deleted. Send text by DocumentBase.from_custom_text"
)
_ATTEMPTS = 2  # per upload, while its outcome stays unknown

Create = Callable[[Sequence[DocumentBase]], Coroutine[Any, Any, Sequence[Document]]]


class PlannedUpload(NamedTuple):
    """A source that will be sent: the entry to store first, and the stored entry of an earlier upload of it."""

    source: SourceDocument
    entry: UploadEntry
    earlier: UploadEntry | None

    @property
    def failed_document_ids(self) -> list[str]:
        """The document of an earlier upload that Coze could not process."""
        return [self.earlier.document_id] if self.earlier and self.earlier.state == "failed" else []


class Uploader:
    """Sends planned uploads by `create`, at most `parallel` requests at a time."""

    def __init__(
        self,
        concurrency: Concurrency,
        create: Create,
        journal: Journal,
        inventory: Inventory,
        lost_uploads: LostUploads,
        parallel: int,
    ) -> None:
        self._concurrency = concurrency
        self._create = create
        self._journal = journal
        self._inventory = inventory
        self._lost_uploads = lost_uploads
        self._parallel = parallel
        self._server_ignores_sources = False

    async def send(self, uploads: Sequence[PlannedUpload]) -> None:
        """Send all of them; if a reply is lost and the document does not arrive, send that upload once more."""
        for _ in range(_ATTEMPTS):
            await self._concurrency.gather([partial(self._send, batch) for batch in batches(uploads)], self._parallel)
            lost = self._journal.unanswered(upload.entry.content_hash for upload in uploads)
            lost = [each for each in lost if not self._certainly_failed(each.content_hash)]
            missing = {each.content_hash for each in await self._lost_uploads.wait(lost)}
            uploads = [upload for upload in uploads if upload.entry.content_hash in missing]

    def _certainly_failed(self, content_hash: str) -> bool:
        failure = self._journal.failures.get(content_hash)
        return failure is not None and failure.certain

    async def _send(self, batch: Sequence[PlannedUpload]) -> None:
        if self._server_ignores_sources and batch[0].source.way != CUSTOM:
            self._journal.fail([upload.entry.content_hash for upload in batch], _SERVER_IGNORES_SOURCES)
            return
        built = await self._concurrency.call(partial(self._build_all, batch))
        if not built:
            return
        uploads, bases = [upload for upload, _ in built], [base for _, base in built]
        await self._journal.store(
            [upload.entry._replace(changed_at=time.time()) for upload in uploads],
            delete_later=[document_id for upload in uploads for document_id in upload.failed_document_ids],
        )
        try:
            documents = _match_documents(uploads, await self._create(bases))
        except CozeError as error:
            await self._handle_error(uploads, error)
            return
        if bases[0].way != CUSTOM and any(each.source_type == CUSTOM and not each.size for each in documents):
            await self._discard_empty(uploads, documents)
            return
        pairs = zip(uploads, documents, strict=True)
        await self._journal.store([upload.entry.with_state("uploaded", each.document_id) for upload, each in pairs])

    def _build_all(self, batch: Sequence[PlannedUpload]) -> list[tuple[PlannedUpload, DocumentBase]]:
        return [(upload, base) for upload in batch if (base := self._build(upload)) is not None]

    def _build(self, upload: PlannedUpload) -> DocumentBase | None:
        try:
            return upload.source.document(upload.entry.name)
        except (OSError, CozeError) as error:
            self._journal.fail([upload.entry.content_hash], Failure.of(error))
            return None

    async def _handle_error(self, uploads: Sequence[PlannedUpload], error: CozeError) -> None:
        """Handle an error of a create request: none of its documents exists, or the error leaves that open.

        If one invalid document may have failed the batch, send each half of the missing ones by itself.
        """
        if not _created_nothing(error):
            self._journal.fail([upload.entry.content_hash for upload in uploads], Failure.of(error, certain=False))
            return
        if isinstance(error, InvalidRequest) and len(uploads) > 1:
            await self._inventory.refresh()
            unmatched = await self._lost_uploads.match([upload.entry for upload in uploads])
            missing = {each.content_hash for each in unmatched}
            left = [upload for upload in uploads if upload.entry.content_hash in missing]
            for half in (left[: len(left) // 2], left[len(left) // 2 :]):
                await self._send(half)
            return
        await self._roll_back(uploads, Failure.of(error))

    async def _discard_empty(self, uploads: Sequence[PlannedUpload], documents: Sequence[Document]) -> None:
        """Handle a server that ignored the sources and created empty documents: delete them when the run ends."""
        self._server_ignores_sources = True
        created = [document.document_id for document in documents]
        await self._roll_back(uploads, _SERVER_IGNORES_SOURCES, delete_later=created)
        await self._inventory.refresh()

    async def _roll_back(
        self, uploads: Sequence[PlannedUpload], failure: Failure, delete_later: Sequence[str] = ()
    ) -> None:
        """Restore the record to its state before these uploads were sent."""
        self._journal.fail([upload.entry.content_hash for upload in uploads], failure)
        restored = [upload.earlier for upload in uploads if upload.earlier]
        forget = [upload.entry.content_hash for upload in uploads if not upload.earlier]
        await self._journal.store(restored, forget=forget, delete_later=delete_later)


def _match_documents(uploads: Sequence[PlannedUpload], documents: Sequence[Document]) -> Sequence[Document]:
    """Return each upload's document: by name if the response contains all names sent, else by position.

    Raises ProtocolError if the number of documents differs.
    """
    if len({each.document_id for each in documents} - {""}) != len(uploads):
        raise ProtocolError(
            f"Coze returned {len(documents)} documents for {len(uploads)} uploads, or documents without ids"
        )
    by_name = {each.name: each for each in documents}
    names = [upload.entry.name for upload in uploads]
    return [by_name[name] for name in names] if by_name.keys() == set(names) else documents


def batches(uploads: Iterable[PlannedUpload]) -> Iterator[list[PlannedUpload]]:
    """Split into batches within the limits of a create request, in order.

    The limits are ten documents, the bytes of one body, and one way of sending (file, page, image, text).
    """
    by_way: dict[int, list[PlannedUpload]] = {}
    for upload in uploads:
        by_way.setdefault(upload.source.way, []).append(upload)
    for same_way in by_way.values():
        yield from _split_by_size(same_way)


def _split_by_size(uploads: Iterable[PlannedUpload]) -> Iterator[list[PlannedUpload]]:
    batch: list[PlannedUpload] = []
    size = 0
    for upload in uploads:
        size += upload.source.size
        if len(batch) == MOST_CREATED or (batch and size > LARGEST_BODY - _RESERVED_BYTES):
            yield batch
            batch, size = [], upload.source.size
        batch.append(upload)
    if batch:
        yield batch


def _created_nothing(error: CozeError) -> bool:
    """True if the error proves that no document was created."""
    if isinstance(error, TransportError):
        return not error.sent
    return not isinstance(error, (ServerError, ProtocolError))
