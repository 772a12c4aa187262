"""The base class of both adapters' dataset writers; a lock per dataset lets one run work at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import SecretStr

from coze_client.api.datasets.document_base import DocumentBase
from coze_client.api.datasets.values import ChunkStrategy
from coze_client.bridge.connection import AnyCozeClient, asyncio_client, blocking_client, connect
from coze_client.bridge.writing.progress_bar import OnWriteProgress, progress_bar
from coze_client.bridge.writing.report import Progress, WriteReport
from coze_client.bridge.writing.run import WriteRun
from coze_client.bridge.writing.settings import WriteSettings
from coze_client.bridge.writing.sources import SourceText, WriteSource
from coze_client.bridge.writing.upload_record import MEMORY, UploadRecord
from coze_client.core.concurrency import Blocking
from coze_client.core.config import Region
from coze_client.core.credentials import Credentials, TokenFunction
from coze_client.core.rate_limit import RateLimit
from coze_client.errors import ConfigurationError

D = TypeVar("D")
T = TypeVar("T")

_LOCK_POLL_SECONDS = 0.1


class DatasetWriter(Generic[D]):
    """Writes files, folders, web pages and a framework's documents into a dataset.

    `client`: blocking or asyncio; the other kind is created from it when needed. Or give `token`, `base_url` and
    `region` of a new one; without any of them, a client of the environment. `rate_limit`: a RateLimit of its calls.

    `record`: a path or an ``UploadRecord``, which stores what was uploaded. With a file, the next run finishes an
    interrupted one, and no content is uploaded twice. The default is in memory: then this holds only while the writer
    lives. Writers that share a record write into a dataset one after another.

    `concurrency`: uploads at a time; requests above Coze's rate limit wait by the client's retry policy. `settle`:
    seconds after which an upload has failed if its reply was lost and the dataset does not list its document.
    `timeout`: seconds to wait until Coze has processed everything.
    """

    documents: ClassVar[tuple[type, ...]] = ()
    """The framework's classes that ``convert`` accepts."""

    def __init__(
        self,
        client: AnyCozeClient | None = None,
        dataset_id: str = "",
        *,
        token: str | SecretStr | TokenFunction | Credentials | None = None,
        base_url: str | None = None,
        region: Region | None = None,
        rate_limit: RateLimit | None = None,
        record: str | os.PathLike[str] | UploadRecord = MEMORY,
        concurrency: int = 4,
        settle: float = 15.0,
        timeout: float = 600.0,
    ) -> None:
        if not dataset_id:
            raise ConfigurationError("Give the dataset_id of the dataset to write into")
        if token or base_url or region or rate_limit:
            client = connect(client, token=token, base_url=base_url, region=region, rate_limit=rate_limit)
        self.client = client
        self.dataset_id = dataset_id
        self.record = record if isinstance(record, UploadRecord) else UploadRecord(record)
        self._settings = WriteSettings(concurrency, settle, timeout)

    def convert(self, document: D) -> SourceText:
        """Return a document's text and name."""
        raise NotImplementedError

    def add(
        self,
        sources: WriteSource | D | Iterable[WriteSource | D],
        *,
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: OnWriteProgress | None = None,
    ) -> WriteReport:
        """Upload the contents that the dataset lacks, and wait until Coze has processed them.

        `sources`: paths of files and folders, URLs of web pages, the framework's documents, or ``DocumentBase``, in any
        mix. pdf, txt, doc and docx files are sent unchanged; md and html files and the framework's documents are sent
        as text. A document has its file's name; if another source has that name, the file's folders are put before it
        ("sub/parking.txt"), and if that is taken, too, part of the content's hash before the extension. `chunking`: how
        Coze splits documents into slices or captions images (default: Coze's own). `show_progress`: show a tqdm bar.
        `on_progress`: a callback that receives the same progress.

        The older version of a source that changed stays, and the report says so: ``replace`` and ``mirror`` delete it;
        ``replace`` explains what a source is.

        coze-studio accepts only ``DocumentBase.from_custom_text``. Other sources fail there, and the empty documents
        that it creates instead are deleted.

        A failure does not stop the run: the report contains the result for each source. Raises CozeError if the dataset
        cannot be listed, and ConfigurationError if the record cannot be used. API page: create_knowledge_files.
        """
        settings = self._settings._replace(chunking=chunking)
        client = blocking_client(self.client)
        return Blocking.run(self._write(client, sources, settings, show_progress, on_progress))

    async def aadd(
        self,
        sources: WriteSource | D | Iterable[WriteSource | D],
        *,
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: OnWriteProgress | None = None,
    ) -> WriteReport:
        """As ``add``, on asyncio."""
        settings = self._settings._replace(chunking=chunking)
        return await self._write(asyncio_client(self.client), sources, settings, show_progress, on_progress)

    def replace(
        self,
        sources: WriteSource | D | Iterable[WriteSource | D],
        *,
        instead_of: str | Sequence[str] = (),
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: OnWriteProgress | None = None,
    ) -> WriteReport:
        """As ``add``; then delete the older versions of these sources, once the new ones are ready.

        A source is identified by its path in the folder given, by its URL, or by what the framework's document names as
        its source; give all parts of a document at once, because parts that are not given are deleted as old. A file
        given alone has its name as path, unless the record knows the file from a folder. Documents with the same name
        that this record did not upload are deleted, too. `instead_of`: for a single source, the names or ids of the
        documents to delete instead of those.
        """
        settings = self._settings.for_replacing(instead_of, chunking)
        client = blocking_client(self.client)
        return Blocking.run(self._write(client, sources, settings, show_progress, on_progress))

    async def areplace(
        self,
        sources: WriteSource | D | Iterable[WriteSource | D],
        *,
        instead_of: str | Sequence[str] = (),
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: OnWriteProgress | None = None,
    ) -> WriteReport:
        """As ``replace``, on asyncio."""
        settings = self._settings.for_replacing(instead_of, chunking)
        return await self._write(asyncio_client(self.client), sources, settings, show_progress, on_progress)

    def mirror(
        self,
        sources: WriteSource | D | Iterable[WriteSource | D],
        *,
        dry_run: bool = False,
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: OnWriteProgress | None = None,
    ) -> WriteReport:
        """Make the dataset agree with these sources: upload what is new or changed, delete what is gone.

        `sources`: as for ``add``, and all of them at once: any other source that this record uploaded is gone. Only
        what this record uploaded is ever deleted: an old version once the new one is ready, the rest at the end.
        With `dry_run`, nothing is changed, and the report has "new", "changed", "gone" and "skipped" (unchanged). If a
        path cannot be read, nothing is taken for gone; a file that cannot be read keeps its old version. Keep the
        record: without its file, the writer no longer knows what it uploaded. Raises as ``add`` does.
        """
        settings = self._settings.for_mirroring(chunking)
        client = blocking_client(self.client)
        return Blocking.run(self._write(client, sources, settings, show_progress, on_progress, dry_run=dry_run))

    async def amirror(
        self,
        sources: WriteSource | D | Iterable[WriteSource | D],
        *,
        dry_run: bool = False,
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: OnWriteProgress | None = None,
    ) -> WriteReport:
        """As ``mirror``, on asyncio."""
        settings = self._settings.for_mirroring(chunking)
        client = asyncio_client(self.client)
        return await self._write(client, sources, settings, show_progress, on_progress, dry_run=dry_run)

    def delete(self, *documents: str) -> tuple[str, ...]:
        """Delete the documents with these names or ids, and return the ids of those found. Raises CozeError."""
        return Blocking.run(self._run(blocking_client(self.client), self._settings, lambda run: run.delete(documents)))

    async def adelete(self, *documents: str) -> tuple[str, ...]:
        """As ``delete``, on asyncio."""
        return await self._run(asyncio_client(self.client), self._settings, lambda run: run.delete(documents))

    async def _write(
        self,
        client: AnyCozeClient,
        sources: WriteSource | D | Iterable[WriteSource | D],
        settings: WriteSettings,
        show_progress: bool,  # noqa: FBT001 - the flag of the public methods
        on_progress: OnWriteProgress | None,
        *,
        dry_run: bool = False,
    ) -> WriteReport:
        converted = list(self._converted(sources))
        if dry_run:
            return await self._run(client, settings, lambda run: run.preview(converted))
        with _with_bar(on_progress, show_progress=show_progress) as callback:
            return await self._run(client, settings, lambda run: run.write(converted), callback)

    async def _run(
        self,
        client: AnyCozeClient,
        settings: WriteSettings,
        work: Callable[[WriteRun], Coroutine[Any, Any, T]],
        on_progress: OnWriteProgress | None = None,
    ) -> T:
        """Wait for the dataset's lock, and do `work` in a run."""
        while (uploads := self.record._acquire(self.dataset_id)) is None:
            await client._session.concurrency.sleep(_LOCK_POLL_SECONDS)
        try:
            return await work(WriteRun(client, self.dataset_id, uploads, settings, on_progress))
        finally:
            uploads.release()

    def _converted(self, sources: WriteSource | D | Iterable[WriteSource | D]) -> Iterator[WriteSource]:
        single = (str, os.PathLike, DocumentBase, SourceText, *self.documents)
        for source in (sources,) if isinstance(sources, single) else cast("Iterable[WriteSource | D]", sources):
            if isinstance(source, self.documents):
                yield self.convert(cast("D", source))
            elif isinstance(source, single):
                yield cast("WriteSource", source)
            else:
                raise ConfigurationError(
                    f"A dataset does not accept a source of type {type(source).__name__}",
                    cure="Give paths, URLs, the framework's documents, or DocumentBase",
                )


@contextmanager
def _with_bar(on_progress: OnWriteProgress | None, *, show_progress: bool) -> Iterator[OnWriteProgress | None]:
    if not show_progress:
        yield on_progress
        return
    with progress_bar("Writing", "documents") as update_bar:

        def update(progress: Progress) -> None:
            update_bar(progress)
            if on_progress is not None:
                on_progress(progress)

        yield update
