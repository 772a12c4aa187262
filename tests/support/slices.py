"""Datasets whose slices a test chooses, without the emulator's chunking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coze_client.emulator import Emulator
from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import (
    FIRST_DATASET_ID,
    FIRST_DOCUMENT_ID,
    FIRST_SLICE_ID,
    LOCAL_FILE,
    TEXT,
    WEB_PAGE,
    StoredDataset,
    StoredDocument,
    StoredSlice,
)
from coze_client.emulator.workflows import WORKSPACE

LAKES = ("Lake Geneva is one of the largest lakes in Western Europe.", "Lake Constance touches three countries.")
CITIES = ("The capital of France is Paris. It lies on the Seine. Many people live there.", "法国的首都是巴黎。")


def backend_of(emulator: Emulator) -> Backend:
    """Return the emulator's backend."""
    return emulator._backend


def add_dataset(emulator: Emulator, name: str, documents: Mapping[str, Sequence[str]], url: str = "") -> str:
    """Store a dataset whose documents have these slices and return its id; with `url` the documents are web pages."""
    backend = backend_of(emulator)
    dataset_id = backend.state.new_id(StoredDataset, FIRST_DATASET_ID)
    backend.state.save(StoredDataset(dataset_id, ACCOUNT, WORKSPACE, name, TEXT, 0, 0))
    for document_name, slices in documents.items():
        add_document(backend, dataset_id, document_name, slices, url)
    return dataset_id


def add_document(backend: Backend, dataset_id: str, name: str, slices: Sequence[str], url: str = "") -> str:
    """Store a document with these slices and return its id."""
    state, source = backend.state, WEB_PAGE if url else LOCAL_FILE
    document_id = state.new_id(StoredDocument, FIRST_DOCUMENT_ID)
    size = sum(map(len, slices))
    state.save(StoredDocument(document_id, dataset_id, ACCOUNT, name, "txt", size, TEXT, source, 0, 0, url=url))
    for number, text in enumerate(slices):
        slice_id = state.new_id(StoredSlice, FIRST_SLICE_ID)
        state.save(StoredSlice(slice_id, document_id, dataset_id, text, number))
    return document_id


def document_ids(emulator: Emulator, dataset_id: str) -> list[str]:
    """Return the ids of a dataset's documents."""
    return [each.id for each in backend_of(emulator).state.owned(StoredDocument, dataset_id)]
