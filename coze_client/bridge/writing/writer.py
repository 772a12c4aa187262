"""Writing into a dataset, whatever the framework: the faces of ``Writing``, and whose turn it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar, cast

from coze_client.api.datasets.documents import ChunkStrategy, DocumentBase
from coze_client.bridge.connection import Client, asyncio_client, blocking_client
from coze_client.bridge.writing.progress import Tell, progress_bar
from coze_client.bridge.writing.record import MEMORY, UploadRecord
from coze_client.bridge.writing.report import Progress, WriteReport
from coze_client.bridge.writing.run import WriteRun, WriteSettings
from coze_client.bridge.writing.sources import Source, Text
from coze_client.core.concurrency import Blocking
from coze_client.errors import ConfigurationError

D = TypeVar("D")
T = TypeVar("T")

_MOMENT = 0.1


class DatasetWriter(Generic[D]):
    """Writes files, folders, web pages and a framework's documents into a dataset.

    `client`: of either kind, its twin being used for the other calls; ``None``: of the environment. `record` (a path,
    or an ``UploadRecord``) remembers what was uploaded: with a file, a run that was interrupted is finished by the next
    one, and no content is uploaded twice; in memory, the default, that holds only while this writer lives. One writer
    of a record at a time works on a dataset, the others wait for it. `concurrency`: uploads at a time; what exceeds
    Coze's rate waits by the client's retry policy. `settle`: seconds after which an upload whose answer was lost, and
    which does not show up in the dataset, was not carried out. `timeout`: seconds to wait for Coze to process it all.
    """

    documents: ClassVar[tuple[type, ...]] = ()
    """The framework's classes that ``convert`` takes."""

    def __init__(
        self,
        client: Client | None,
        dataset_id: str,
        *,
        record: str | os.PathLike[str] | UploadRecord = MEMORY,
        concurrency: int = 4,
        settle: float = 15.0,
        timeout: float = 600.0,
    ) -> None:
        self.client = client
        self.dataset_id = dataset_id
        self.record = record if isinstance(record, UploadRecord) else UploadRecord(record)
        self._settings = WriteSettings(concurrency, settle, timeout)

    def convert(self, document: D) -> Text:
        """A document's text, and the name it is to have."""
        raise NotImplementedError

    def add(
        self,
        sources: Source | D | Iterable[Source | D],
        *,
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: Tell | None = None,
    ) -> WriteReport:
        """Upload what the dataset does not have yet, and wait until Coze has processed it.

        `sources`: paths of files and folders, URLs of web pages, the framework's documents, or ``DocumentBase``, mixed
        as you like. pdf, txt, doc and docx go as they are; md, html and the framework's documents as text. A content
        goes under its file's name, with part of its hash where another content has that name. `chunking`: how Coze cuts
        it, or captions images (default: Coze's own way). `show_progress`: a bar of tqdm's; `on_progress` hears what it
        shows. coze-studio takes nothing of this but ``DocumentBase.from_custom_text``: the rest fails there, and the
        empty documents that it makes instead are deleted.

        Goes on after failures: the report tells each one's fate. Raises CozeError if the dataset cannot be listed, and
        ConfigurationError if the record cannot be used. API page: create_knowledge_files.
        """
        settings = self._settings._replace(chunking=chunking)
        client = blocking_client(self.client)
        return Blocking.run(self._write(client, sources, settings, show_progress, on_progress))

    async def aadd(
        self,
        sources: Source | D | Iterable[Source | D],
        *,
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: Tell | None = None,
    ) -> WriteReport:
        """As ``add``, on asyncio."""
        settings = self._settings._replace(chunking=chunking)
        return await self._write(asyncio_client(self.client), sources, settings, show_progress, on_progress)

    def replace(
        self,
        sources: Source | D | Iterable[Source | D],
        *,
        instead_of: str | Sequence[str] = (),
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: Tell | None = None,
    ) -> WriteReport:
        """As ``add``; what stood in the dataset under the same names is deleted once the new contents are ready.

        `instead_of`: names or ids of the documents to delete instead, for a single source.
        """
        settings = self._settings.instead(instead_of, chunking)
        client = blocking_client(self.client)
        return Blocking.run(self._write(client, sources, settings, show_progress, on_progress))

    async def areplace(
        self,
        sources: Source | D | Iterable[Source | D],
        *,
        instead_of: str | Sequence[str] = (),
        chunking: ChunkStrategy | None = None,
        show_progress: bool = False,
        on_progress: Tell | None = None,
    ) -> WriteReport:
        """As ``replace``, on asyncio."""
        settings = self._settings.instead(instead_of, chunking)
        return await self._write(asyncio_client(self.client), sources, settings, show_progress, on_progress)

    def delete(self, *documents: str) -> tuple[str, ...]:
        """Delete the documents that have these names or ids; the ids of those that were there. Raises CozeError."""
        return Blocking.run(self._run(blocking_client(self.client), self._settings, lambda run: run.delete(documents)))

    async def adelete(self, *documents: str) -> tuple[str, ...]:
        """As ``delete``, on asyncio."""
        return await self._run(asyncio_client(self.client), self._settings, lambda run: run.delete(documents))

    async def _write(
        self,
        client: Client,
        sources: Source | D | Iterable[Source | D],
        settings: WriteSettings,
        show_progress: bool,  # noqa: FBT001 - handed on
        on_progress: Tell | None,
    ) -> WriteReport:
        given = list(self._converted(sources))
        with _shown(show_progress, on_progress) as tell:
            return await self._run(client, settings, lambda run: run.write(given), tell)

    async def _run(
        self,
        client: Client,
        settings: WriteSettings,
        work: Callable[[WriteRun], Coroutine[Any, Any, T]],
        tell: Tell | None = None,
    ) -> T:
        """One run, as soon as it is this writer's turn."""
        while (log := self.record.claim(self.dataset_id)) is None:
            await client._session.concurrency.sleep(_MOMENT)
        try:
            return await work(WriteRun(client, self.dataset_id, log, settings, tell))
        finally:
            log.release()

    def _converted(self, sources: Source | D | Iterable[Source | D]) -> Iterator[Source]:
        single = (str, os.PathLike, DocumentBase, Text, *self.documents)
        for source in (sources,) if isinstance(sources, single) else cast("Iterable[Source | D]", sources):
            if isinstance(source, self.documents):
                yield self.convert(cast("D", source))
            elif isinstance(source, single):
                yield cast("Source", source)
            else:
                raise ConfigurationError(
                    f"A dataset takes no {type(source).__name__}",
                    cure="Give paths, URLs, documents of the framework, or DocumentBase",
                )


@contextmanager
def _shown(show_progress: bool, on_progress: Tell | None) -> Iterator[Tell | None]:  # noqa: FBT001 - handed on
    if not show_progress:
        yield on_progress
        return
    with progress_bar("Writing", "documents") as show:

        def tell(progress: Progress) -> None:
            show(progress)
            if on_progress is not None:
                on_progress(progress)

        yield tell
