"""The outcome of a run: its progress while it lasts, and its report."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from coze_client.bridge.writing.journal import Failure, Journal
from coze_client.bridge.writing.report import Progress, WriteReport, WriteResult, WriteStatus
from coze_client.bridge.writing.sources import SourceDocument
from coze_client.bridge.writing.upload_record import SourceEntry, UploadEntry

Going = Sequence[tuple[str, UploadEntry]]
"""Sources that are gone, each with an upload of it whose document is deleted."""

_NOTHING_GONE = "Because of this, nothing was taken for gone, and nothing was deleted for that reason"


class Outcome:
    """What became of a run's documents, read from its journal."""

    def __init__(self, journal: Journal, on_progress: Callable[[Progress], object] | None) -> None:
        self._journal = journal
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._ready_before: set[str] = set()  # content hashes
        self._processed: Mapping[str, float] = {}  # 0 to 1, by document id
        self._doing = "uploading"
        self.documents: Sequence[SourceDocument] = ()
        self.older_versions: Mapping[str, Sequence[str]] = {}
        """Ids of the documents that stand beside the contents of a source that were given."""

    @property
    def is_listed(self) -> bool:
        """True if no error hides which sources there are."""
        return not any(each.unlisted for each in self.documents)

    def begin(self, ready_before: set[str]) -> None:
        """Note the contents that were ready before the run, and report the progress that this is."""
        self._ready_before = ready_before
        self.report_progress()

    def process(self, processed: Mapping[str, float]) -> None:
        """Report how far Coze has processed the documents, from 0 to 1."""
        self._doing, self._processed = "processing", processed
        self.report_progress()

    def report_progress(self) -> None:
        """Call the user's callback, if there is one."""
        if self._on_progress is None:
            return
        with self._lock:
            done = sum(map(self._share_done, self.documents))
            self._on_progress(Progress(len(self.documents), done, self._doing))

    def _share_done(self, document: SourceDocument) -> float:
        """The progress of one document, from 0 to 1."""
        upload = self._journal.uploads.get(document.content_hash)
        failed = document.error or document.content_hash in self._journal.failures
        if failed or (upload and upload.state == "ready"):
            return 1.0
        return self._processed.get(upload.document_id, 0.0) if upload else 0.0

    def report(self, going: Going, undeleted: Failure | None, *, mirrored: bool) -> WriteReport:
        """The result for each document; `undeleted` tells why documents of older versions could not be deleted."""
        seen: set[str] = set()
        results: list[WriteResult] = []
        for document in self.documents:
            result = self._result(document, repeated=document.content_hash in seen)
            if not result.error:
                told = undeleted if not mirrored or result.status != "skipped" else None  # else told where it is gone
                result = self._with_older_version(result, told)
            elif mirrored and document.unlisted:
                result = replace(result, error=f"{result.error}. {_NOTHING_GONE}")
            results.append(result)
            seen.add(document.content_hash)
        remaining = {upload.document_id for upload in self._journal.uploads.values()} if going else set()
        reason = undeleted or Failure("It will be deleted by the next run")
        for source, upload in going:
            left = (reason.message, reason.logid) if upload.document_id in remaining else ("", "")
            results.append(WriteResult(upload.name, "gone", upload.document_id, *left, source=source))
        return WriteReport(tuple(results))

    def _with_older_version(self, result: WriteResult, undeleted: Failure | None) -> WriteResult:
        if undeleted:
            error = f"The document that it replaces could not be deleted: {undeleted.message}"
            return replace(result, error=error, logid=undeleted.logid)
        if older := self.older_versions.get(result.source):
            ids = ", ".join(older)
            error = (
                f"The old version of {result.source!r} stands beside it (document {ids}): replace or mirror deletes it"
            )
            return replace(result, error=error)
        return result

    def _result(self, document: SourceDocument, *, repeated: bool) -> WriteResult:
        source = document.source
        upload = self._journal.uploads.get(document.content_hash)
        failure = self._journal.failures.get(document.content_hash, Failure(document.error))
        if document.error or upload is None:
            return WriteResult(document.name, "failed", "", failure.message, failure.logid, source)
        if upload.state == "ready":
            skipped = repeated or upload.content_hash in self._ready_before
            return WriteResult(upload.name, "skipped" if skipped else "ready", upload.document_id, source=source)
        lost: WriteStatus = "failed" if failure.certain else "unknown"
        status = lost if upload.state == "intended" else upload.state
        return WriteResult(upload.name, status, upload.document_id, failure.message, failure.logid, source)

    def preview(
        self, known: Mapping[str, SourceEntry], is_present: Callable[[UploadEntry], bool], going: Going
    ) -> WriteReport:
        """What a run would do with each document: upload it as "new" or "changed", or skip it."""
        results = [self._previewed(each, known.get(each.source), is_present) for each in self.documents]
        results += [WriteResult(each.name, "gone", each.document_id, source=source) for source, each in going]
        return WriteReport(tuple(results))

    def _previewed(
        self, document: SourceDocument, entry: SourceEntry | None, is_present: Callable[[UploadEntry], bool]
    ) -> WriteResult:
        if document.error:
            error = f"{document.error}. {_NOTHING_GONE}" if document.unlisted else document.error
            return WriteResult(document.name, "failed", error=error, source=document.source)
        upload = self._journal.uploads.get(document.content_hash)
        if upload is not None and is_present(upload):
            return WriteResult(upload.name, "skipped", upload.document_id, source=document.source)
        changed = entry is not None and any(map(self._journal.has_document, entry.contents))
        return WriteResult(document.source, "changed" if changed else "new", source=document.source)
