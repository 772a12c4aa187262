"""One run that writes into a dataset: it uploads sources, and finishes what an interrupted run left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from coze_client.api.datasets.document_base import UPLOADED, DocumentBase
from coze_client.api.datasets.documents import IMAGE, MOST_DELETED, TEXT
from coze_client.api.datasets.values import ChunkStrategy, Document, DocumentProgress
from coze_client.bridge.connection import AnyCozeClient
from coze_client.bridge.writing.inventory import Inventory
from coze_client.bridge.writing.journal import Failure, Journal, intended_upload
from coze_client.bridge.writing.lost_uploads import LostUploads
from coze_client.bridge.writing.report import Progress, WriteReport, WriteResult, WriteStatus
from coze_client.bridge.writing.settings import WriteSettings
from coze_client.bridge.writing.sources import SourceDocument, WriteSource, distinct_name, load_sources
from coze_client.bridge.writing.upload_record import DatasetUploads, UploadEntry
from coze_client.bridge.writing.uploader import PlannedUpload, Uploader
from coze_client.core.concurrency import maybe_await
from coze_client.errors import ConfigurationError, CozeError, InvalidRequest, NotFound, PermissionDenied, TimedOut


class WriteRun:
    """A run over a dataset whose uploads it has locked, over either client."""

    def __init__(
        self,
        client: AnyCozeClient,
        dataset_id: str,
        record: DatasetUploads,
        settings: WriteSettings,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> None:
        session = client._session  # both clients share its coroutines; their public methods differ
        self._concurrency = session.concurrency
        self._client = client
        self._dataset_id = dataset_id
        self._settings = settings
        self._on_progress = on_progress
        self._progress_lock = threading.Lock()
        self._sources: list[SourceDocument] = []
        self._ready_before: set[str] = set()  # content hashes
        self._processed: dict[str, float] = {}  # 0 to 1, by document id
        self._doing = "uploading"
        self._pending_deletions: set[str] = set()
        self._inventory = Inventory(session, dataset_id, settings.concurrency)
        self._journal = Journal(self._concurrency, record, self._report_progress)
        self._lost_uploads = LostUploads(self._concurrency, self._inventory, self._journal, settings.settle)

    async def write(self, sources: Iterable[WriteSource]) -> WriteReport:
        """Upload the sources, wait until Coze has processed them, and report the result for each.

        Raises CozeError only if the dataset cannot be listed or the record cannot be used.
        """
        self._sources = await self._concurrency.call(partial(load_sources, sources))
        self._check_targets()
        await self._load_state()
        wanted: dict[str, SourceDocument] = {}
        for each in self._sources:
            if not each.error:
                wanted.setdefault(each.content_hash, each)
        await self._refresh_if_incomplete(wanted)
        await self._lost_uploads.wait(self._journal.unanswered(wanted))
        present = {each.content_hash: each for each in self._journal.entries(wanted) if self._is_present(each)}
        self._ready_before = {content_hash for content_hash, each in present.items() if each.state == "ready"}
        self._report_progress()
        await self._uploader().send(list(self._plan([wanted[each] for each in wanted if each not in present])))
        await self._process([each for each in self._journal.entries(wanted) if each.state == "uploaded"])
        await self._mark_replaced(wanted)
        return self._report(await self._try_deletions())

    async def delete(self, targets: Sequence[str]) -> tuple[str, ...]:
        """Delete the documents with these ids or names, and return the ids of those found. Raises CozeError."""
        await self._load_state()
        found = dict.fromkeys(document_id for target in targets for document_id in self._inventory.find(target))
        await self._journal.store(delete_later=found)
        await self._delete_pending()
        return tuple(found)

    # --- before uploading ---

    async def _load_state(self) -> None:
        """List the dataset, load the record, and finish earlier runs: deletions, and uploads without a reply."""
        await self._inventory.refresh()
        await self._journal.load()
        await self._try_deletions()
        await self._lost_uploads.match(self._journal.unanswered(list(self._journal.uploads)))

    async def _refresh_if_incomplete(self, wanted: Iterable[str]) -> None:
        """List again if a document is missing: a deletion by others may have moved it to a page listed before."""
        uploaded = [each for each in self._journal.entries(wanted) if each.state in ("uploaded", "ready")]
        if any(each.document_id not in self._inventory for each in uploaded):
            await self._inventory.refresh()

    def _check_targets(self) -> None:
        targets = self._settings.instead_of
        if targets and len(self._sources) != 1:
            raise ConfigurationError(
                f"{len(self._sources)} sources cannot replace {', '.join(targets)}",
                cure="Give a single source, or leave out instead_of: then documents with the same names are replaced",
            )

    def _is_present(self, upload: UploadEntry) -> bool:
        return (
            upload.state in ("uploaded", "ready")
            and upload.document_id not in self._pending_deletions
            and (upload.document_id in self._inventory or self._lost_uploads.may_be_unlisted(upload))
        )

    def _plan(self, sources: Iterable[SourceDocument]) -> Iterator[PlannedUpload]:
        uploads = self._journal.uploads
        taken = set() if self._settings.replacing else {each.name for each in uploads.values()}
        for source in sources:
            earlier = uploads.get(source.content_hash)
            name = earlier.name if earlier else distinct_name(source.name, source.content_hash, taken)
            taken.add(name)
            replaces = {*self._replaced_by(name), *(earlier.replaces if earlier else ())}
            entry = intended_upload(source.content_hash, name, self._inventory.find_by_name(name), replaces)
            yield PlannedUpload(source, entry, earlier)

    def _replaced_by(self, name: str) -> list[str]:
        if not self._settings.replacing:
            return []
        return [each for target in self._settings.instead_of or (name,) for each in self._inventory.find(target)]

    # --- uploading and processing ---

    def _uploader(self) -> Uploader:
        return Uploader(
            self._concurrency,
            self._create,
            self._journal,
            self._inventory,
            self._lost_uploads,
            self._settings.concurrency,
        )

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
        """Wait until Coze has processed these uploads, and store the results."""
        if not uploads:
            return
        self._doing = "processing"
        latest: dict[str, DocumentProgress] = {}

        def update(progress: Sequence[DocumentProgress]) -> None:
            latest.update((each.document_id, each) for each in progress)
            self._processed = {key: (each.progress or 0) / 100 for key, each in latest.items()}
            self._report_progress()

        try:
            waiting = self._client.datasets.wait(
                dataset_id=self._dataset_id,
                document_ids=[each.document_id for each in uploads],
                timeout=self._settings.timeout,
                on_progress=update,
            )
            update(await maybe_await(waiting))
            unfinished = Failure("Coze does not process it, and returned no reason")
        except CozeError as error:
            timed_out = isinstance(error, TimedOut)
            unfinished = Failure("Coze was still processing it") if timed_out else Failure.of(error)
        self._journal.fail([each.content_hash for each in uploads], unfinished)
        await self._journal.store(list(self._processed_uploads(uploads, latest)))

    def _processed_uploads(
        self, uploads: Iterable[UploadEntry], progress: dict[str, DocumentProgress]
    ) -> Iterator[UploadEntry]:
        for upload in uploads:
            found = progress.get(upload.document_id)
            if found is not None and found.ready:
                yield upload.with_state("ready")
            elif found is not None and found.failed:
                reason = found.status_descript or "Coze could not process it"
                self._journal.fail([upload.content_hash], Failure(reason))
                yield upload.with_state("failed")

    # --- deleting ---

    async def _mark_replaced(self, wanted: dict[str, SourceDocument]) -> None:
        """Mark for deletion the documents that the ready uploads replace."""
        uploads = self._journal.entries(wanted)
        ready = [each for each in uploads if each.state == "ready"]
        replaced = {
            old for each in ready for old in (*each.replaces, *self._replaced_by(wanted[each.content_hash].name))
        }
        done = [each._replace(replaces=()) for each in ready if each.replaces]
        await self._journal.store(done, delete_later=replaced - {each.document_id for each in uploads})

    async def _try_deletions(self) -> Failure | None:
        try:
            await self._delete_pending()
        except ConfigurationError:  # the record cannot be used
            raise
        except CozeError as error:
            return Failure.of(error)
        return None

    async def _delete_pending(self) -> None:
        """Delete all marked documents; raises CozeError if some cannot be deleted.

        Those stay marked, and the run treats them as absent.
        """
        self._pending_deletions = await self._journal.pending_deletions()
        listed = sorted(each for each in self._pending_deletions if each in self._inventory)
        refused: dict[str, CozeError] = {}
        for start in range(0, len(listed), MOST_DELETED):
            refused |= await self._delete(listed[start : start + MOST_DELETED])
        deleted = self._pending_deletions - refused.keys()
        self._inventory.discard(deleted)
        self._pending_deletions -= deleted
        await self._journal.store_deleted(deleted)
        for error in refused.values():
            raise error

    async def _delete(self, document_ids: Sequence[str]) -> dict[str, CozeError]:
        """Delete the documents, and return the error of each that Coze refused to delete.

        Coze deletes all documents of a request or none, so each of a refused request is sent by itself.
        """
        try:
            await maybe_await(self._client.datasets.documents.delete(document_ids=document_ids))
        except (InvalidRequest, NotFound, PermissionDenied) as error:
            if len(document_ids) == 1:
                return {document_ids[0]: error}
            return {key: refusal for each in document_ids for key, refusal in (await self._delete([each])).items()}
        return {}

    # --- reporting ---

    def _report(self, deletion_failure: Failure | None) -> WriteReport:
        seen: set[str] = set()
        results: list[WriteResult] = []
        for source in self._sources:
            result = self._result(source, repeated=source.content_hash in seen)
            if deletion_failure and self._settings.replacing and not result.error:
                error = f"The document that it replaces could not be deleted: {deletion_failure.message}"
                result = replace(result, error=error, logid=deletion_failure.logid)
            results.append(result)
            seen.add(source.content_hash)
        return WriteReport(tuple(results))

    def _result(self, source: SourceDocument, *, repeated: bool) -> WriteResult:
        upload = self._journal.uploads.get(source.content_hash)
        failure = self._journal.failures.get(source.content_hash, Failure(source.error))
        if source.error or upload is None:
            return WriteResult(source.name, "failed", "", failure.message, failure.logid)
        if upload.state == "ready":
            skipped = repeated or upload.content_hash in self._ready_before
            return WriteResult(upload.name, "skipped" if skipped else "ready", upload.document_id)
        lost: WriteStatus = "failed" if failure.certain else "unknown"
        status = lost if upload.state == "intended" else upload.state
        return WriteResult(upload.name, status, upload.document_id, failure.message, failure.logid)

    def _report_progress(self) -> None:
        if self._on_progress is None:
            return
        with self._progress_lock:
            done = sum(map(self._share_done, self._sources))
            self._on_progress(Progress(len(self._sources), done, self._doing))

    def _share_done(self, source: SourceDocument) -> float:
        """The progress of one source, from 0 to 1."""
        upload = self._journal.uploads.get(source.content_hash)
        failed = source.error or source.content_hash in self._journal.failures
        if failed or (upload and upload.state == "ready"):
            return 1.0
        return self._processed.get(upload.document_id, 0.0) if upload else 0.0
