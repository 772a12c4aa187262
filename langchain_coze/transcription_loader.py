"""CozeTranscriptionLoader: what is said in sound files, as LangChain documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from coze_client.bridge.connection import Connection
from coze_client.bridge.sound.transcripts import FilePaths, TranscribedFiles, Transcript, convert_to_paths


class CozeTranscriptionLoader(Connection, BaseLoader):
    """Loads sound files as documents: the text of each is what is said in it.

    ```python
    from langchain_coze import CozeTranscriptionLoader

    loader = CozeTranscriptionLoader(["monday.mp3", "tuesday.mp3"])  # token: COZE_API_TOKEN
    for document in loader.lazy_load():
        print(document.metadata["source"], document.page_content)
    ```

    `files` is one path or several, each of at most 10 MB and 30 minutes: opus, ogg, mp3, wav, m4a, mp4, pcm, raw, spx,
    aac or amr. `options` are ``token``, ``base_url``, ``region``, ``timeout`` and ``client``, as for ``ChatCoze``.

    EACH FILE IS A CALL THAT IS BILLED, each time that it is loaded. A file is sent when its document is wanted: with
    ``lazy_load``, store each document before the next one, since after an error ``load`` returns none of them. Missing,
    empty and too large files are found before the first one is sent. A file in which nothing is said is a document
    without text.

    ``metadata`` has ``source`` (the path), ``file_name``, ``logid``, and of a WAV file its ``seconds``: Coze returns
    the text alone. Errors are those of ``coze_client``. Permission: createTranscription. Not on coze-studio.
    """

    files: tuple[Path, ...]
    """The sound files, in the order of their documents."""

    def __init__(self, files: FilePaths, **options: Any) -> None:
        super().__init__(**{**options, "files": convert_to_paths(files)})

    def lazy_load(self) -> Iterator[Document]:
        """Yield a document for each file; a file is sent when its document is wanted. Raises CozeError, OSError."""
        yield from self._documents()

    async def alazy_load(self) -> AsyncIterator[Document]:
        """As ``lazy_load``, on asyncio."""
        async for document in self._documents():
            yield document

    def _documents(self) -> TranscribedFiles[Document]:
        return TranscribedFiles(self, self.files, convert_transcript)


def convert_transcript(transcript: Transcript) -> Document:
    """Convert to LangChain's document; pure."""
    return Document(page_content=transcript.text, metadata=dict(transcript.metadata))
