"""Search the slices of datasets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from coze_client.emulator.state.dataset_records import READY, StoredDocument, StoredSlice
from coze_client.emulator.state.slice_index import SliceIndex
from coze_client.emulator.state.storage import Storage


@dataclass(frozen=True)
class Hit:
    """A slice that was found; `score` is between 0 and 1, higher is better."""

    slice: StoredSlice
    score: float


class KnowledgeSearch:
    """Full-text search in all datasets, whatever search strategy a bot has; safe to call from any thread."""

    def __init__(self, state: Storage, clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock
        self._index = SliceIndex(state)
        self._count_lock = threading.Lock()

    def search(self, dataset_ids: Sequence[str], query: str, top_k: int = 5, min_score: float = 0.0) -> list[Hit]:
        """Return the best slices of ready documents, best first; increment the hit counts of slices and documents."""
        with self._count_lock:
            hits = list(islice(self._hits(dataset_ids, query, min_score), max(top_k, 0)))
            for hit in hits:
                self._count(hit.slice)
        return hits

    def _hits(self, dataset_ids: Sequence[str], query: str, min_score: float) -> Iterator[Hit]:
        for slice_id, score in self._index.rank(dataset_ids, query):
            if score < min_score:
                return
            found = self._state.get(StoredSlice, slice_id)
            document = self._state.get(StoredDocument, found.owner) if found else None
            if found and document and document.status(self._clock()) == READY:
                yield Hit(found, score)

    def _count(self, found: StoredSlice) -> None:
        self._state.increment(StoredSlice, found.id, "hit_count")
        self._state.increment(StoredDocument, found.owner, "hit_count")
