"""What is said in sound files, written down one file after the other."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from coze_client.api.audio.requests import SOUND_LIMIT
from coze_client.api.audio.resource import transcription_request
from coze_client.api.files.requests import open_upload
from coze_client.bridge.connection import Connection
from coze_client.core.concurrency import Blocking
from coze_client.core.session import Session
from coze_client.errors import ConfigurationError

D = TypeVar("D")
FilePaths = str | PathLike[str] | Iterable[str | PathLike[str]]
"""One path or several."""


class Transcript(NamedTuple):
    """What is said in a file. ``metadata``: source, file_name, and logid and seconds if they are known."""

    text: str
    metadata: dict[str, str | float]


class TranscribedFiles(Iterable[D], Generic[D]):
    """The transcripts of files as documents of a framework: with ``for`` over the blocking client, or ``async for``.

    A file is sent when its document is wanted, and each is billed. Before the first, all are looked at.
    """

    def __init__(self, connection: Connection, files: Sequence[Path], convert: Callable[[Transcript], D]) -> None:
        self._connection = connection
        self._files = files
        self._convert = convert

    def __iter__(self) -> Iterator[D]:
        check_sounds(self._files)
        for path in self._files:
            yield self._convert(Blocking.run(transcribe(self._connection._blocking._session, path)))

    async def __aiter__(self) -> AsyncIterator[D]:
        session = self._connection._asyncio._session
        await session.concurrency.call(partial(check_sounds, self._files))
        for path in self._files:
            yield self._convert(await transcribe(session, path))


def convert_to_paths(files: FilePaths) -> tuple[Path, ...]:
    """Convert one path or several; pure."""
    return tuple(map(Path, [files] if isinstance(files, (str, PathLike)) else files))


def check_sounds(files: Sequence[Path]) -> None:
    """Raise OSError or ConfigurationError for the first file that Coze would not take: so none was billed before."""
    for path in files:
        _check_sound(path)


def _check_sound(path: Path) -> None:
    try:
        with open_upload(path, None, SOUND_LIMIT):
            pass
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.message}", cure=error.cure) from None


async def transcribe(session: Session, path: Path) -> Transcript:
    """Write down what is said in one file; it is sent once, whatever happens."""
    sound = await session.concurrency.call(path.read_bytes)  # a slow disk must not stop an event loop
    with open_upload(sound, path.name, SOUND_LIMIT) as upload:
        response = await session.send_for_response(transcription_request(upload))
    known = {"logid": response.logid, "seconds": seconds_of(sound)}
    metadata = {name: value for name, value in known.items() if value is not None}
    return Transcript(response.value.text, {"source": str(path), "file_name": path.name, **metadata})


def seconds_of(sound: bytes) -> float | None:
    """How long the sound of a WAV file is; ``None`` for another file, since Coze does not tell; pure."""
    try:
        with wave.open(io.BytesIO(sound), "rb") as opened:
            return round(opened.getnframes() / opened.getframerate(), 3)
    except (wave.Error, EOFError, ZeroDivisionError):
        return None
