"""Datasets that a test or a notebook starts with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from coze_client.emulator.engine.processing import Source, digest, store
from coze_client.emulator.routes.datasets import new_dataset
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import LOCAL_FILE, TEXT, StoredDataset
from coze_client.emulator.text.chunking import CUSTOM as CUSTOM_CHUNKS
from coze_client.emulator.text.chunking import MOST_TOKENS, ChunkRule
from coze_client.emulator.text.parsing import PARSERS

Documents = Mapping[str, str | bytes | Path] | Path | str


def seed(
    backend: Backend, account: str, workspace_id: str, name: str, documents: Documents, separator: str | None
) -> StoredDataset:
    """A dataset whose documents are ready at once; ValueError, and no dataset, if one of them cannot be parsed."""
    strategy = ChunkRule(CUSTOM_CHUNKS, separator, MOST_TOKENS) if separator else ChunkRule()
    digested = [(source, digest(source, strategy, TEXT)) for source in _sources(documents)]
    for source, made in digested:
        if made.failure:
            raise ValueError(f"{source.name}: {made.failure}")
    dataset = new_dataset(backend, account, workspace_id, TEXT, name)
    for source, made in digested:
        document = store(backend, dataset, source, strategy, made)
        backend.state.save(replace(document, looks=0, ready_at=document.begun_at))
    return dataset


def _sources(documents: Documents) -> Iterator[Source]:
    if isinstance(documents, Mapping):
        for name, given in documents.items():
            yield _source(name, given)
        return
    folder = Path(documents)
    files = [path for path in sorted(folder.rglob("*")) if _suffix(path.name) in PARSERS and path.is_file()]
    if not files:
        raise ValueError(f"{folder} is no folder with files of the kinds {', '.join(PARSERS)}")
    for path in files:
        yield _source(path.relative_to(folder).as_posix(), path)


def _source(name: str, given: str | bytes | Path) -> Source:
    """A text is taken as it is, bytes by the suffix of the name, a file by its own."""
    if isinstance(given, str):
        return Source(name, "txt", LOCAL_FILE, given.encode())
    if isinstance(given, Path):
        return Source(name, _suffix(given.name), LOCAL_FILE, given.read_bytes())
    return Source(name, _suffix(name), LOCAL_FILE, given)


def _suffix(name: str) -> str:
    return Path(name).suffix.removeprefix(".").lower()
