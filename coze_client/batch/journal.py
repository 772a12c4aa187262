"""What a batch has begun and ended, on the disk: start marks in one file, results in another."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from coze_client.batch.line_file import LineFile, read_lines
from coze_client.core.file_lock import BUSY, FileLock
from coze_client.core.json_text import dump_json
from coze_client.errors import ConfigurationError

_NEVER = 0  # in place of a digest: this prompt was never started


class Prompt(NamedTuple):
    """A prompt, with its place in the batch, counted from 0, and a digest of its value, which is never 0."""

    number: int
    value: object
    digest: int

    @classmethod
    def of(cls, number: int, value: object) -> Prompt:
        """Raises ConfigurationError for a value that is not JSON."""
        text = dump_json(value).encode("utf-8", "surrogatepass")
        return cls(number, value, int.from_bytes(blake2b(text, digest_size=8).digest(), "big") or 1)


class Journal:
    """The start marks and results of a batch. Its memory: nine bytes a prompt, whatever the prompts hold.

    The files: results at `path`, start marks at ``<path>.journal``, and an empty ``<path>.lock``.
    """

    def __init__(self, path: Path) -> None:
        marks = path.with_name(f"{path.name}.journal")
        self._digests = array("Q")
        self._ended = bytearray()
        self._places: dict[int, dict[str, str]] = {}
        for result in read_lines(path):
            self._note_end(_number(result, path))
        for mark in read_lines(marks):
            self._note_start(_number(mark, marks), mark)
        self._results = LineFile(path)
        self._marks = LineFile(marks)
        _keep_names(path.parent)

    def has_started(self, prompt: Prompt) -> bool:
        """True if an earlier run may have started it; raises ConfigurationError if that was another prompt."""
        digest = self._digests[prompt.number] if prompt.number < len(self._digests) else _NEVER
        if digest not in (_NEVER, prompt.digest):
            raise ConfigurationError(
                f"Prompt {prompt.number} is not the one that an earlier run of this batch started",
                cure="Give the same prompts in the same order (new ones at the end), or another path",
            )
        return digest != _NEVER

    def has_ended(self, prompt: Prompt) -> bool:
        """True if its result is in the file."""
        return prompt.number < len(self._ended) and bool(self._ended[prompt.number])

    def place(self, prompt: Prompt) -> Mapping[str, str]:
        """Where an earlier run started it, as ids by name; empty if nothing is known."""
        return self._places.get(prompt.number, {})

    def mark(self, prompt: Prompt, place: Mapping[str, str]) -> Future[None]:
        """Mark a prompt as started; nothing of it may be sent before the future is done."""
        return self._marks.append({"number": prompt.number, "digest": prompt.digest, **place})

    def end(self, prompt: Prompt, result: Mapping[str, object]) -> Future[None]:
        """Append the result of a prompt."""
        return self._results.append({"number": prompt.number, **result})

    def close(self) -> None:
        """Write what still waits; raises OSError if that fails."""
        try:
            self._results.close()
        finally:
            self._marks.close()

    def _note_end(self, number: int) -> None:
        self._ended.extend(bytes(max(number + 1 - len(self._ended), 0)))
        self._ended[number] = 1

    def _note_start(self, number: int, mark: Mapping[str, object]) -> None:
        self._digests.extend([_NEVER] * (number + 1 - len(self._digests)))
        digest = mark.get("digest")
        self._digests[number] = digest if isinstance(digest, int) else _NEVER
        if not (number < len(self._ended) and self._ended[number]):
            names = mark.keys() - {"number", "digest"}
            self._places.setdefault(number, {}).update({name: str(mark[name]) for name in names})


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """The journal of a batch, for one process at a time; raises ConfigurationError if another one runs the batch."""
    try:
        lock = FileLock(path.with_name(f"{path.name}.lock"), wait=False)
    except BUSY:
        raise ConfigurationError(f"Another run of the batch {path} is still under way") from None
    with lock:
        journal = Journal(path)
        try:
            yield journal
        finally:
            journal.close()


def _number(line: Mapping[str, object], path: Path) -> int:
    number = line.get("number")
    if not isinstance(number, int) or number < 0:
        raise ConfigurationError(f"{path} is no file of a batch", cure="Give the batch a path of its own")
    return number


def _keep_names(folder: Path) -> None:
    """After a power cut, a new file is there only if its folder was flushed; Windows flushes no folders."""
    if os.name != "nt":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
