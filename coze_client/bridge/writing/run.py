"""One run that writes into a dataset: it uploads sources, and finishes what an interrupted run left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from coze_client.api.datasets.document_base import UPLOADED, DocumentBase
from coze_client.api.datasets.documents import IMAGE, TEXT
from coze_client.api.datasets.values import ChunkStrategy, Document, DocumentProgress
from coze_client.bridge.connection import AnyCozeClient
from coze_client.bridge.writing import agreement
from coze_client.bridge.writing.deletions import Deletions
from coze_client.bridge.writing.identity import identify
from coze_client.bridge.writing.inventory import Inventory
from coze_client.bridge.writing.journal import Failure, Journal, intended_upload
from coze_client.bridge.writing.lost_uploads import LostUploads
from coze_client.bridge.writing.naming import free_name
from coze_client.bridge.writing.outcome import Outcome
from coze_client.bridge.writing.report import Progress, WriteReport
from coze_client.bridge.writing.settings import WriteSettings
from coze_client.bridge.writing.sources import SourceDocument, WriteSource, load_sources
from coze_client.bridge.writing.upload_record import DatasetUploads, SourceEntry, UploadEntry
from coze_client.bridge.writing.uploader import PlannedUpload, Uploader
from coze_client.core.concurrency import maybe_await
from coze_client.errors import ConfigurationError, CozeError, TimedOut


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
        self._given: dict[str, agreement.Given] = {}
        self._inventory = Inventory(session, dataset_id, settings.concurrency)
        self._journal = Journal(self._concurrency, record, self._report_progress)
        self._outcome = Outcome(self._journal, on_progress)
        self._lost_uploads = LostUploads(self._concurrency, self._inventory, self._journal, settings.settle)
        self._deletions = Deletions(client, self._inventory, self._journal)

    async def write(self, sources: Iterable[WriteSource]) -> WriteReport:
        """Upload the sources, wait until Coze has processed them, and report the result for each.

        Raises CozeError only if the dataset cannot be listed or the record cannot be used.
        """
        loaded = await self._load_sources(sources)
        await self._load_state()
        wanted = self._identify(loaded)
        await self._refresh_if_incomplete(wanted)
        await self._lost_uploads.wait(self._journal.unanswered(wanted))
        present = {each.content_hash: each for each in self._journal.entries(wanted) if self._is_present(each)}
        changes = list(self._changes(self._known()))
        going = self._going(changes)
        await self._journal.store(sources=changes)
        self._outcome.begin({content_hash for content_hash, each in present.items() if each.state == "ready"})
        await self._uploader().send(list(self._plan([wanted[each] for each in wanted if each not in present])))
        await self._process([each for each in self._journal.entries(wanted) if each.state == "uploaded"])
        await self._mark_replaced(wanted)
        failure = await self._deletions.attempt()
        self._outcome.older_versions = {} if self._settings.replacing else self._older_versions()
        undeleted = failure if self._settings.replacing else None
        return self._outcome.report(going, undeleted, mirrored=self._settings.mirroring)

    async def preview(self, sources: Iterable[WriteSource]) -> WriteReport:
        """Report what ``write`` would do, and change nothing."""
        loaded = await self._load_sources(sources)
        await self._inventory.refresh()
        await self._journal.load()
        await self._deletions.load()
        self._identify(loaded)
        known = self._known()
        return self._outcome.preview(known, self._is_present, self._going(self._changes(known)))

    async def delete(self, targets: Sequence[str]) -> tuple[str, ...]:
        """Delete the documents with these ids or names, and return the ids of those found. Raises CozeError."""
        await self._load_state()
        found = dict.fromkeys(document_id for target in targets for document_id in self._inventory.find(target))
        await self._journal.store(delete_later=found)
        await self._deletions.carry_out()
        return tuple(found)

    def _report_progress(self) -> None:
        self._outcome.report_progress()

    # --- before uploading ---

    async def _load_sources(self, sources: Iterable[WriteSource]) -> list[SourceDocument]:
        loaded = await self._concurrency.call(partial(load_sources, sources))
        targets = self._settings.instead_of
        if targets and len(loaded) != 1:
            raise ConfigurationError(
                f"{len(loaded)} sources cannot replace {', '.join(targets)}",
                cure="Give a single source, or leave out instead_of: then older versions of the sources are replaced",
            )
        return loaded

    async def _load_state(self) -> None:
        """List the dataset, load the record, and finish earlier runs: deletions, and uploads without a reply."""
        await self._inventory.refresh()
        await self._journal.load()
        await self._deletions.attempt()
        await self._lost_uploads.match(self._journal.unanswered(list(self._journal.uploads)))

    def _identify(self, loaded: Sequence[SourceDocument]) -> dict[str, SourceDocument]:
        """Find out which sources these are, and return the documents that can be sent by content hash."""
        documents = identify(loaded, self._journal.sources)
        self._outcome.documents = documents
        self._given = agreement.group(documents)
        wanted: dict[str, SourceDocument] = {}
        for each in documents:
            if not each.error:
                wanted.setdefault(each.content_hash, each)
        return wanted

    async def _refresh_if_incomplete(self, wanted: Iterable[str]) -> None:
        """List again if a document is missing: a deletion by others may have moved it to a page listed before."""
        uploaded = [each for each in self._journal.entries(wanted) if each.state in ("uploaded", "ready")]
        if any(each.document_id not in self._inventory for each in uploaded):
            await self._inventory.refresh()

    def _is_present(self, upload: UploadEntry) -> bool:
        return (
            upload.state in ("uploaded", "ready")
            and upload.document_id not in self._deletions.pending
            and (upload.document_id in self._inventory or self._lost_uploads.may_be_unlisted(upload))
        )

    def _known(self) -> dict[str, SourceEntry]:
        """The sources of the record, with those of an earlier version's uploads."""
        known, uploads = self._journal.sources, self._journal.uploads
        known = {**known, **agreement.adopt(self._given, known, uploads)}
        if self._settings.mirroring and (orphans := agreement.orphans_of(self._given, known, uploads)):
            unknown = SourceEntry(agreement.UNKNOWN_SOURCE)
            earlier = known.get(agreement.UNKNOWN_SOURCE, unknown).contents
            known[agreement.UNKNOWN_SOURCE] = unknown._replace(contents=(*earlier, *orphans))
        return known

    def _changes(self, known: Mapping[str, SourceEntry]) -> Iterator[SourceEntry]:
        """The changes of the known sources that this run intends."""
        yield from agreement.changes(self._given, known, self._journal.uploads, replacing=self._settings.replacing)
        if self._settings.mirroring and self._outcome.is_listed:
            yield from agreement.gone(self._given, known)

    def _going(self, changes: Iterable[SourceEntry]) -> list[tuple[str, UploadEntry]]:
        """The sources and uploads that a mirror deletes, without a new version in their place."""
        if not self._settings.mirroring:
            return []
        uploads = self._journal.uploads
        staying = {each for one in self._given.values() for each in one.contents}
        return [
            (entry.source, uploads[each])
            for entry in changes
            if all(self._journal.has_document(content) for content in entry.staying)
            for each in entry.contents
            if each not in entry.staying and each not in staying and self._journal.has_document(each)
        ]

    def _older_versions(self) -> dict[str, list[str]]:
        """The ids of the documents that stand beside the given contents of each source."""
        uploads = self._journal.uploads
        found: dict[str, list[str]] = {}
        for source, one in self._given.items():
            entry = self._journal.sources.get(source)
            if entry is not None and len(entry.contents) > len(one.contents):
                older = [uploads[each] for each in entry.contents if each in uploads and each not in one.contents]
                found[source] = [each.document_id for each in older if self._is_present(each)]
        return found

    def _plan(self, sources: Sequence[SourceDocument]) -> Iterator[PlannedUpload]:
        names = self._names(sources) if sources else {}
        for document in sources:
            earlier, name = self._journal.uploads.get(document.content_hash), names[document.content_hash]
            replaces = {*self._replaced_by(name), *(earlier.replaces if earlier else ())}
            entry = intended_upload(document.content_hash, name, self._inventory.find_by_name(name), replaces)
            yield PlannedUpload(document, entry, earlier)

    def _names(self, sources: Iterable[SourceDocument]) -> dict[str, str]:
        """The name of each new document by content hash; files higher up in a folder choose first."""
        uploads, taken = self._journal.uploads, self._taken_names()
        names: dict[str, str] = {}
        for document in sorted(sources, key=lambda each: each.source.count("/") if each.location else 0):
            earlier = uploads.get(document.content_hash)
            name = names[document.content_hash] = earlier.name if earlier else free_name(document, taken)
            taken[name] = document.source
        return names

    def _taken_names(self) -> dict[str, str]:
        """The names of the documents that stay, with their sources."""
        uploads, entries = self._journal.uploads, self._journal.sources.values()
        dropped = {each for entry in entries if entry.wanted is not None for each in entry.contents}
        taken = {upload.name: "" for key, upload in uploads.items() if key not in dropped}
        for entry in entries:
            taken.update((uploads[each].name, entry.source) for each in entry.staying if each in uploads)
        return taken

    def _replaced_by(self, name: str) -> list[str]:
        """The ids of the documents that a new one of this name replaces, and that this record did not upload."""
        if self._settings.mirroring or not self._settings.replacing:
            return []
        if self._settings.instead_of:
            return [each for target in self._settings.instead_of for each in self._inventory.find(target)]
        return [each for each in self._inventory.find(name) if not self._journal.owns(each)]

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
        latest: dict[str, DocumentProgress] = {}

        def update(progress: Sequence[DocumentProgress]) -> None:
            latest.update((each.document_id, each) for each in progress)
            self._outcome.process({key: (each.progress or 0) / 100 for key, each in latest.items()})

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

    # --- after uploading ---

    async def _mark_replaced(self, wanted: dict[str, SourceDocument]) -> None:
        """Mark for deletion the documents that the ready uploads replace, and those of sources that are gone."""
        uploads = self._journal.entries(wanted)
        ready = [each for each in uploads if each.state == "ready"]
        replaced = {old for each in ready for old in each.replaces}
        if self._settings.replacing and not self._settings.mirroring:
            replaced.update(old for each in ready for old in self._replaced_by(wanted[each.content_hash].name))
        done = [each._replace(replaces=()) for each in ready if each.replaces]
        finished = agreement.finish(self._journal.sources, self._journal.uploads)
        replaced = {*replaced, *finished.delete_later} - {each.document_id for each in uploads}
        await self._journal.store(done, delete_later=replaced, sources=finished.entries)
