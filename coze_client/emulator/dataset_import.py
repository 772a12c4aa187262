"""Import documents into a dataset without the API, for tests and notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from coze_client.emulator.engine.document_processing import DocumentSource, process_source, save_document
from coze_client.emulator.routes.datasets import new_dataset
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import LOCAL_FILE, TEXT, StoredDataset
from coze_client.emulator.text.chunking import CUSTOM as CUSTOM_CHUNKS
from coze_client.emulator.text.chunking import MOST_TOKENS, ChunkRule
from coze_client.emulator.text.parsing import PARSERS

Documents = Mapping[str, str | bytes | Path] | Path | str


def import_dataset(
    backend: Backend, account: str, workspace_id: str, name: str, documents: Documents, separator: str | None
) -> StoredDataset:
    """Create a dataset whose documents are ready at once; ValueError, and no dataset, if one cannot be parsed."""
    strategy = ChunkRule(CUSTOM_CHUNKS, separator, MOST_TOKENS) if separator else ChunkRule()
    processed = [(source, process_source(source, strategy, TEXT)) for source in _sources(documents)]
    for source, result in processed:
        if result.failure:
            raise ValueError(f"{source.name}: {result.failure}")
    dataset = new_dataset(backend, account, workspace_id, TEXT, name)
    for source, result in processed:
        document = save_document(backend, dataset, source, strategy, result)
        backend.state.save(replace(document, looks_needed=0, ready_at=document.begun_at))
    return dataset


def _sources(documents: Documents) -> Iterator[DocumentSource]:
    if isinstance(documents, Mapping):
        for name, content in documents.items():
            yield _source(name, content)
        return
    folder = Path(documents)
    files = [path for path in sorted(folder.rglob("*")) if _suffix(path.name) in PARSERS and path.is_file()]
    if not files:
        raise ValueError(f"{folder} is not a folder that contains files of the types {', '.join(PARSERS)}")
    for path in files:
        yield _source(path.relative_to(folder).as_posix(), path)


def _source(name: str, content: str | bytes | Path) -> DocumentSource:
    """A string is plain text; bytes have the type of the name's suffix, a file that of its own suffix."""
    if isinstance(content, str):
        return DocumentSource(name, "txt", LOCAL_FILE, content.encode())
    if isinstance(content, Path):
        return DocumentSource(name, _suffix(content.name), LOCAL_FILE, content.read_bytes())
    return DocumentSource(name, _suffix(name), LOCAL_FILE, content)


def _suffix(name: str) -> str:
    return Path(name).suffix.removeprefix(".").lower()
