"""Prompts of a batch: from an iterator, or from a JSONL or CSV file, without collecting them."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from coze_client.batch.journal import Prompt
from coze_client.errors import ConfigurationError

P = TypeVar("P")


def read_prompts(path: str | os.PathLike[str]) -> Iterator[object]:
    """The prompts of a file, read one by one: of ``.jsonl`` the value of each line, of ``.csv`` each row by column.

    The files are UTF-8; a CSV file begins with the names of its columns. Raises ConfigurationError for another kind of
    file, and for a line that is not JSON.
    """
    kind = Path(path).suffix.lower()
    if kind not in (".jsonl", ".csv"):
        raise ConfigurationError(
            f"{path} is neither .jsonl nor .csv", cure="Give an iterator of the prompts of other files"
        )
    return _json_lines(Path(path)) if kind == ".jsonl" else _rows(Path(path))


def _json_lines(path: Path) -> Iterator[object]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _parse(line, f"{path}, line {number}")


def _parse(line: str, where: str) -> object:
    try:
        return json.loads(line)
    except ValueError as error:
        raise ConfigurationError(f"{where} is not JSON: {error}") from None


def _rows(path: Path) -> Iterator[object]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


class Prompts:
    """The prompts for the workers of one run, which take one each; at most `ahead` are read ahead, in a thread."""

    def __init__(self, prompts: Iterable[object] | os.PathLike[str], ahead: int) -> None:
        if isinstance(prompts, str):
            raise ConfigurationError(
                "A text is no list of prompts", cure="Give a list with the text, or pathlib.Path(…) for a file"
            )
        self._rest = enumerate(read_prompts(prompts) if isinstance(prompts, os.PathLike) else iter(prompts))
        self._ready: deque[Prompt] = deque()
        self._ahead = ahead
        self._lock = asyncio.Lock()

    async def take(self) -> Prompt | None:
        """The next prompt; ``None`` after the last."""
        async with self._lock:
            if not self._ready:
                self._ready.extend(await asyncio.to_thread(self._read))
            return self._ready.popleft() if self._ready else None

    def _read(self) -> list[Prompt]:
        return [Prompt.of(number, value) for number, value in islice(self._rest, self._ahead)]
