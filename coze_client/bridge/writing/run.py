"""One run of writing into a dataset: what is sent, what came of it, and what an earlier run left undone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from coze_client.api.datasets.document_base import UPLOADED
from coze_client.api.datasets.documents import IMAGE, MOST_DELETED, TEXT, ChunkStrategy, Document, DocumentBase
from coze_client.api.datasets.resource import DocumentProgress
from coze_client.bridge.writing.inventory import Inventory
from coze_client.bridge.writing.journal import Failure, Journal, intent
from coze_client.bridge.writing.lost_uploads import LostUploads
from coze_client.bridge.writing.report import Fate, Progress, Status, WriteReport
from coze_client.bridge.writing.sources import Source, SourceDocument, distinct_name, load_sources
from coze_client.bridge.writing.upload_record import DatasetUploads, UploadEntry
from coze_client.bridge.writing.uploader import PlannedUpload, Uploader
from coze_client.client import AsyncCozeClient, CozeClient
from coze_client.core.concurrency import maybe_await
from coze_client.errors import ConfigurationError, CozeError, InvalidRequest, NotFound, PermissionDenied, TimedOut


class WriteSettings(NamedTuple):
    """How a run goes about it.

    ``concurrency``: creates at a time. ``settle``: seconds after which a create that was not answered and whose
    documents do not show up was not carried out. ``timeout``: seconds to wait for Coze to process what was sent.
    """

    concurrency: int = 4
    settle: float = 15.0
    timeout: float = 600.0
    chunking: ChunkStrategy | None = None
    replacing: bool = False
    instead_of: tuple[str, ...] = ()

    def instead(self, documents: str | Sequence[str], chunking: ChunkStrategy | None) -> WriteSettings:
        """The same for a run that replaces: these, or what has the same names."""
        named = (documents,) if isinstance(documents, str) else tuple(documents)
        return self._replace(chunking=chunking, replacing=True, instead_of=named)


class WriteRun:
    """A run over a dataset in whose record it is alone, over a client of either face."""

    def __init__(
        self,
        client: CozeClient | AsyncCozeClient,
        dataset_id: str,
        log: DatasetUploads,
        settings: WriteSettings,
        tell: Callable[[Progress], object] | None = None,
    ) -> None:
        session = client._session  # of this very library; its primitives are what both faces have in common
        self._concurrency = session.concurrency
        self._client = client
        self._dataset_id = dataset_id
        self._settings = settings
        self._tell = tell
        self._guard = threading.Lock()
        self._candidates: list[SourceDocument] = []
        self._settled: set[str] = set()
        self._percent: dict[str, float] = {}
        self._doing = "uploading"
        self._unwanted: set[str] = set()
        self._shelf = Inventory(session, dataset_id, settings.concurrency)
        self._ledger = Journal(self._concurrency, log, self._told)
        self._arrivals = LostUploads(self._concurrency, self._shelf, self._ledger, settings.settle)

    async def write(self, sources: Iterable[Source]) -> WriteReport:
        """Everything's fate; raises CozeError only if the dataset cannot be listed or the record cannot be used."""
        self._candidates = await self._concurrency.call(partial(load_sources, sources))
        self._check_targets()
        await self._take_stock()
        wanted: dict[str, SourceDocument] = {}
        for each in self._candidates:
            if not each.error:
                wanted.setdefault(each.content, each)
        await self._look_again(wanted)
        await self._arrivals.search(self._ledger.open(wanted))
        there = {each.content: each for each in self._ledger.known(wanted) if self._is_there(each)}
        self._settled = {content for content, upload in there.items() if upload.state == "ready"}
        self._told()
        sending = Uploader(
            self._concurrency, self._create, self._ledger, self._shelf, self._arrivals, self._settings.concurrency
        )
        await sending.send(list(self._orders([each for each in wanted.values() if each.content not in there])))
        await self._process([each for each in self._ledger.known(wanted) if each.state == "uploaded"])
        await self._outdate(wanted)
        return self._report(await self._tried_removals())

    async def delete(self, targets: Sequence[str]) -> tuple[str, ...]:
        """Deletes the documents that have these ids or names; the ids of those that were there. Raises CozeError."""
        await self._take_stock()
        found = dict.fromkeys(document_id for target in targets for document_id in self._shelf.meant(target))
        await self._ledger.note(remove=found)
        await self._finish_removals()
        return tuple(found)

    # --- before ---

    async def _take_stock(self) -> None:
        """What is there, and what earlier runs left undone: deletions, and documents that nobody heard of."""
        await self._shelf.look()
        await self._ledger.read()
        await self._tried_removals()
        await self._arrivals.adopt(self._ledger.open(list(self._ledger.uploads)))

    async def _look_again(self, wanted: Iterable[str]) -> None:
        """What a listing lacks may only have moved to an earlier page, because others deleted something meanwhile."""
        known = [each for each in self._ledger.known(wanted) if each.state in ("uploaded", "ready")]
        if any(each.document_id not in self._shelf for each in known):
            await self._shelf.look()

    def _check_targets(self) -> None:
        targets = self._settings.instead_of
        if targets and len(self._candidates) != 1:
            raise ConfigurationError(
                f"{len(self._candidates)} contents cannot stand instead of {', '.join(targets)}",
                cure="Replace by one content at a time, or leave instead_of out: then names decide",
            )

    def _is_there(self, upload: UploadEntry) -> bool:
        said = upload.state in ("uploaded", "ready")
        return (
            said
            and upload.document_id not in self._unwanted
            and (upload.document_id in self._shelf or self._arrivals.fresh(upload))
        )

    def _orders(self, candidates: Iterable[SourceDocument]) -> Iterator[PlannedUpload]:
        uploads = self._ledger.uploads
        taken = set() if self._settings.replacing else {each.name for each in uploads.values()}
        for candidate in candidates:
            before = uploads.get(candidate.content)
            name = before.name if before else distinct_name(candidate.name, candidate.content, taken)
            taken.add(name)
            replaces = {*self._replaced(name), *(before.replaces if before else ())}
            yield PlannedUpload(candidate, intent(candidate.content, name, self._shelf.named(name), replaces), before)

    def _replaced(self, name: str) -> list[str]:
        if not self._settings.replacing:
            return []
        return [each for target in self._settings.instead_of or (name,) for each in self._shelf.meant(target)]

    # --- after ---

    async def _create(self, bases: Sequence[DocumentBase]) -> Sequence[Document]:
        image = bases[0].way == UPLOADED
        creating = self._client.datasets.documents.create(
            dataset_id=self._dataset_id,
            documents=bases,
            chunk_strategy=self._settings.chunking or (ChunkStrategy.images() if image else None),
            format_type=IMAGE if image else TEXT,
        )
        return await maybe_await(creating)

    async def _process(self, uploads: Sequence[UploadEntry]) -> None:
        """Waits until Coze has processed them."""
        if not uploads:
            return
        self._doing = "processing"
        latest: dict[str, DocumentProgress] = {}

        def heard(progress: Sequence[DocumentProgress]) -> None:
            latest.update((each.document_id, each) for each in progress)
            self._percent = {key: (each.progress or 0) / 100 for key, each in latest.items()}
            self._told()

        try:
            waiting = self._client.datasets.wait(
                dataset_id=self._dataset_id,
                document_ids=[each.document_id for each in uploads],
                timeout=self._settings.timeout,
                on_progress=heard,
            )
            heard(await maybe_await(waiting))
            late = Failure("Coze neither processes it nor says why")
        except CozeError as error:
            late = Failure("Coze was still processing it") if isinstance(error, TimedOut) else Failure.of(error)
        self._ledger.fail([each.content for each in uploads], late)
        await self._ledger.note(list(self._ends(uploads, latest)))

    def _ends(self, uploads: Iterable[UploadEntry], progress: dict[str, DocumentProgress]) -> Iterator[UploadEntry]:
        for upload in uploads:
            found = progress.get(upload.document_id)
            if found is not None and found.ready:
                yield upload.became("ready")
            elif found is not None and found.failed:
                self._ledger.fail([upload.content], Failure(found.status_descript or "Coze could not process it"))
                yield upload.became("failed")

    async def _outdate(self, wanted: dict[str, SourceDocument]) -> None:
        """Marks for deletion what those that are ready stand in for."""
        uploads = self._ledger.known(wanted)
        ready = [each for each in uploads if each.state == "ready"]
        found = {old for each in ready for old in (*each.replaces, *self._replaced(wanted[each.content].name))}
        done = [each._replace(replaces=()) for each in ready if each.replaces]
        await self._ledger.note(done, remove=found - {each.document_id for each in uploads})

    async def _tried_removals(self) -> Failure | None:
        try:
            await self._finish_removals()
        except ConfigurationError:  # the record cannot be used
            raise
        except CozeError as error:
            return Failure.of(error)
        return None

    async def _finish_removals(self) -> None:
        """Raises CozeError if some cannot be deleted; these stay marked, and count as not there."""
        self._unwanted = await self._ledger.marked()
        there = sorted(each for each in self._unwanted if each in self._shelf)
        refused: dict[str, CozeError] = {}
        for at in range(0, len(there), MOST_DELETED):
            refused |= await self._refused_to_delete(there[at : at + MOST_DELETED])
        gone = self._unwanted - refused.keys()
        self._shelf.take(gone)
        self._unwanted -= gone
        await self._ledger.removed(gone)
        for error in refused.values():
            raise error

    async def _refused_to_delete(self, document_ids: Sequence[str]) -> dict[str, CozeError]:
        """Deletes them, each by itself if they are refused together: Coze deletes all or none."""
        try:
            await maybe_await(self._client.datasets.documents.delete(document_ids=document_ids))
        except (InvalidRequest, NotFound, PermissionDenied) as error:
            if len(document_ids) == 1:
                return {document_ids[0]: error}
            return {key: why for each in document_ids for key, why in (await self._refused_to_delete([each])).items()}
        return {}

    # --- telling ---

    def _report(self, problem: Failure | None) -> WriteReport:
        seen: set[str] = set()
        fates: list[Fate] = []
        for candidate in self._candidates:
            fate = self._fate(candidate, again=candidate.content in seen)
            if problem and self._settings.replacing and not fate.error:
                told = f"What it stands in for is still there: {problem.text}"
                fate = replace(fate, error=told, logid=problem.logid)
            fates.append(fate)
            seen.add(candidate.content)
        return WriteReport(tuple(fates))

    def _fate(self, candidate: SourceDocument, *, again: bool) -> Fate:
        upload = self._ledger.uploads.get(candidate.content)
        failure = self._ledger.failures.get(candidate.content, Failure(candidate.error))
        if candidate.error or upload is None:
            return Fate(candidate.name, "failed", "", failure.text, failure.logid)
        if upload.state == "ready":
            skipped = again or upload.content in self._settled
            return Fate(upload.name, "skipped" if skipped else "ready", upload.document_id)
        lost: Status = "failed" if failure.sure else "unknown"
        status = lost if upload.state == "intended" else upload.state
        return Fate(upload.name, status, upload.document_id, failure.text, failure.logid)

    def _told(self) -> None:
        if self._tell is None:
            return
        with self._guard:
            self._tell(Progress(len(self._candidates), sum(map(self._share, self._candidates)), self._doing))

    def _share(self, candidate: SourceDocument) -> float:
        """How far a candidate is, from 0 to 1."""
        upload = self._ledger.uploads.get(candidate.content)
        if candidate.error or candidate.content in self._ledger.failures or (upload and upload.state == "ready"):
            return 1.0
        return self._percent.get(upload.document_id, 0.0) if upload else 0.0
