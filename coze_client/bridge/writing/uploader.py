"""Sending contents into a dataset, in as few requests as they fit, each of them once."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from coze_client.api.datasets.document_base import CUSTOM
from coze_client.api.datasets.documents import LARGEST_BODY, MOST_CREATED, Document, DocumentBase
from coze_client.bridge.writing.inventory import Inventory
from coze_client.bridge.writing.journal import Failure, Journal
from coze_client.bridge.writing.lost_uploads import LostUploads
from coze_client.bridge.writing.sources import SourceDocument
from coze_client.bridge.writing.upload_record import UploadEntry
from coze_client.core.concurrency import Concurrency
from coze_client.errors import CozeError, InvalidRequest, ProtocolError, ServerError, TransportError

_ROOM = 64 * 1024  # in a body, for what stands around the documents
_DEAF = Failure(
    "This server is a coze-studio, which takes no files and web pages over its API and made empty documents of them: "
    "those are deleted. Send text by DocumentBase.from_custom_text"
)
_TRIES = 2  # of a create whose outcome stays unknown

Create = Callable[[Sequence[DocumentBase]], Coroutine[Any, Any, Sequence[Document]]]


class PlannedUpload(NamedTuple):
    """A candidate that is to be sent: its intent, and what the record said of its content before."""

    candidate: SourceDocument
    intent: UploadEntry
    before: UploadEntry | None

    @property
    def worthless(self) -> list[str]:
        """The document that Coze made of it before and could not process."""
        return [self.before.document_id] if self.before and self.before.state == "failed" else []


class Uploader:
    """Sends orders by `create`, `at_once` requests at a time."""

    def __init__(
        self,
        concurrency: Concurrency,
        create: Create,
        ledger: Journal,
        shelf: Inventory,
        arrivals: LostUploads,
        at_once: int,
    ) -> None:
        self._concurrency = concurrency
        self._create = create
        self._ledger = ledger
        self._shelf = shelf
        self._arrivals = arrivals
        self._at_once = at_once
        self._deaf = False

    async def send(self, orders: Sequence[PlannedUpload]) -> None:
        """All of them; what was lost on the way is looked for, and sent once more if it did not arrive."""
        for _ in range(_TRIES):
            await self._concurrency.gather([partial(self._send, batch) for batch in batches(orders)], self._at_once)
            lost = self._ledger.open(order.intent.content for order in orders)
            lost = [each for each in lost if not self._failed_surely(each.content)]
            missing = {each.content for each in await self._arrivals.search(lost)}
            orders = [order for order in orders if order.intent.content in missing]

    def _failed_surely(self, content: str) -> bool:
        failure = self._ledger.failures.get(content)
        return failure is not None and failure.sure

    async def _send(self, batch: Sequence[PlannedUpload]) -> None:
        if self._deaf and batch[0].candidate.way != CUSTOM:
            self._ledger.fail([order.intent.content for order in batch], _DEAF)
            return
        made = await self._concurrency.call(partial(self._built, batch))
        if not made:
            return
        orders, bases = [order for order, _ in made], [base for _, base in made]
        await self._ledger.note(
            [order.intent._replace(at=time.time()) for order in orders],
            remove=[document_id for order in orders for document_id in order.worthless],
        )
        try:
            documents = _matched(orders, await self._create(bases))
        except CozeError as error:
            await self._refused(orders, error)
            return
        if bases[0].way != CUSTOM and any(each.source_type == CUSTOM and not each.size for each in documents):
            await self._take_back(orders, documents)
            return
        pairs = zip(orders, documents, strict=True)
        await self._ledger.note([order.intent.became("uploaded", made.document_id) for order, made in pairs])

    def _built(self, batch: Sequence[PlannedUpload]) -> list[tuple[PlannedUpload, DocumentBase]]:
        return [(order, base) for order in batch if (base := self._base(order)) is not None]

    def _base(self, order: PlannedUpload) -> DocumentBase | None:
        try:
            return order.candidate.document(order.intent.name)
        except (OSError, CozeError) as error:
            self._ledger.fail([order.intent.content], Failure.of(error))
            return None

    async def _refused(self, orders: Sequence[PlannedUpload], error: CozeError) -> None:
        """None of them is there, or any may be; if one of them may have spoiled it for all, halves are sent."""
        contents = [order.intent.content for order in orders]
        if not _not_begun(error):
            self._ledger.fail(contents, Failure.of(error, sure=False))
            return
        if isinstance(error, InvalidRequest) and len(orders) > 1:
            await self._shelf.look()
            missing = {each.content for each in await self._arrivals.adopt([order.intent for order in orders])}
            left = [order for order in orders if order.intent.content in missing]
            for half in (left[: len(left) // 2], left[len(left) // 2 :]):
                await self._send(half)
            return
        await self._undo(orders, Failure.of(error))

    async def _take_back(self, orders: Sequence[PlannedUpload], documents: Sequence[Document]) -> None:
        """The server understood nothing of it, and made documents of nothing, which are deleted when the run ends."""
        self._deaf = True
        await self._undo(orders, _DEAF, remove=[document.document_id for document in documents])
        await self._shelf.look()

    async def _undo(self, orders: Sequence[PlannedUpload], failure: Failure, remove: Sequence[str] = ()) -> None:
        """The record as it was before they were sent."""
        self._ledger.fail([order.intent.content for order in orders], failure)
        back = [order.before for order in orders if order.before]
        forget = [order.intent.content for order in orders if not order.before]
        await self._ledger.note(back, forget=forget, remove=remove)


def _matched(orders: Sequence[PlannedUpload], documents: Sequence[Document]) -> Sequence[Document]:
    """Each order's document: by name if the answer tells the names that were sent, else by its place.

    Raises ProtocolError if these are not as many documents.
    """
    if len({each.document_id for each in documents} - {""}) != len(orders):
        raise ProtocolError(
            f"Coze told of {len(documents)} documents when {len(orders)} were sent, or not of their ids"
        )
    by_name = {each.name: each for each in documents}
    names = [order.intent.name for order in orders]
    return [by_name[name] for name in names] if by_name.keys() == set(names) else documents


def batches(orders: Iterable[PlannedUpload]) -> Iterator[list[PlannedUpload]]:
    """In order, as full as a create may be: ten documents, the bytes of one body, one way of coming."""
    by_way: dict[int, list[PlannedUpload]] = {}
    for order in orders:
        by_way.setdefault(order.candidate.way, []).append(order)
    for alike in by_way.values():
        yield from _full(alike)


def _full(orders: Iterable[PlannedUpload]) -> Iterator[list[PlannedUpload]]:
    batch: list[PlannedUpload] = []
    size = 0
    for order in orders:
        size += order.candidate.size
        if len(batch) == MOST_CREATED or (batch and size > LARGEST_BODY - _ROOM):
            yield batch
            batch, size = [], order.candidate.size
        batch.append(order)
    if batch:
        yield batch


def _not_begun(error: CozeError) -> bool:
    """True if the failure proves that no document was made."""
    if isinstance(error, TransportError):
        return not error.sent
    return not isinstance(error, (ServerError, ProtocolError))
