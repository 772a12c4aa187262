"""CozeTranscriptionReader: what is said in sound files, as LlamaIndex documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from llama_index.core.readers.base import BasePydanticReader
from llama_index.core.schema import Document

from coze_client.bridge.connection import Connection
from coze_client.bridge.sound.transcripts import FilePaths, TranscribedFiles, Transcript, convert_to_paths

_SHOWN_TO_MODELS = ("file_name",)


class CozeTranscriptionReader(Connection, BasePydanticReader):
    """Reads sound files as documents: the text of each is what is said in it.

    ```python
    from llama_index.core import SimpleDirectoryReader
    from llama_index_coze import CozeTranscriptionReader

    reader = CozeTranscriptionReader()  # token: COZE_API_TOKEN
    documents = reader.load_data(["monday.mp3", "tuesday.mp3"])
    documents = SimpleDirectoryReader("talks", file_extractor={".mp3": reader}, raise_on_error=True).load_data()
    ```

    The files are one path or several, each of at most 10 MB and 30 minutes: opus, ogg, mp3, wav, m4a, mp4, pcm, raw,
    spx, aac or amr.

    EACH FILE IS A CALL THAT IS BILLED, each time that it is read. A file is sent when its document is wanted: with
    ``lazy_load_data``, store each document before the next one, since after an error ``load_data`` returns none of
    them. Missing, empty and too large files are found before the first one is sent. A file in which nothing is said is
    a document without text.

    A document's id is its ``source``, the path, so that an IngestionPipeline with a docstore knows it again.
    ``metadata`` also has ``file_name``, ``logid``, and of a WAV file its ``seconds``: Coze returns the text alone.
    Errors are those of ``coze_client``. Permission: createTranscription. Not on coze-studio.
    """

    is_remote: bool = True

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex stores this reader."""
        return "CozeTranscriptionReader"

    def lazy_load_data(self, file: FilePaths, extra_info: Mapping[str, Any] | None = None) -> SoundDocuments:
        """The document of each file, to iterate; `extra_info` is added to the metadata of each. Raises CozeError."""
        return SoundDocuments(self, file, extra_info or {})

    async def alazy_load_data(self, file: FilePaths, extra_info: Mapping[str, Any] | None = None) -> SoundDocuments:
        """As ``lazy_load_data``, on asyncio: ``async for document in await reader.alazy_load_data("talk.mp3")``."""
        return self.lazy_load_data(file, extra_info)

    async def aload_data(self, file: FilePaths, extra_info: Mapping[str, Any] | None = None) -> list[Document]:
        """As ``load_data``, on asyncio."""
        return [document async for document in self.lazy_load_data(file, extra_info)]


class SoundDocuments(Iterable[Document]):
    """The documents of sound files, with ``for`` or ``async for``; each file is sent when its document is wanted."""

    def __init__(self, reader: CozeTranscriptionReader, files: FilePaths, extra_info: Mapping[str, Any]) -> None:
        convert = partial(convert_transcript, extra_info=extra_info)
        self._documents = TranscribedFiles(reader, convert_to_paths(files), convert)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents)

    def __aiter__(self) -> AsyncIterator[Document]:
        return aiter(self._documents)


def convert_transcript(transcript: Transcript, extra_info: Mapping[str, Any]) -> Document:
    """Convert to LlamaIndex's document, of which models see the name of the file, but not the rest; pure."""
    hidden = [name for name in transcript.metadata if name not in _SHOWN_TO_MODELS]
    return Document(
        id_=str(transcript.metadata["source"]),
        text=transcript.text,
        metadata={**extra_info, **transcript.metadata},
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
    )
