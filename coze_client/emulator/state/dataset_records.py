"""The nouns of a knowledge base that the state holds: datasets, their documents, the slices of these."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

FIRST_DATASET_ID = 7440000000000000001
FIRST_DOCUMENT_ID = 7441000000000000001
FIRST_SLICE_ID = 7442000000000000001

TEXT, TABLE, IMAGE = 0, 1, 2  # format_type
LOCAL_FILE, WEB_PAGE, CUSTOM, UPLOADED = 0, 1, 2, 5  # document_source
BUSY, READY, FAILED = 0, 1, 9  # status


@dataclass(frozen=True)
class StoredDataset:
    """A knowledge base of one account in one workspace; `format_type` is 0 for text, 2 for images."""

    id: str
    account: str
    workspace_id: str
    name: str
    format_type: int
    created_at: int
    updated_at: int
    description: str = ""
    icon_file_id: str = ""

    @property
    def owner(self) -> str:
        return self.account


@dataclass(frozen=True)
class StoredDocument:
    """A document whose slices are there from the start, but are told of only when it is no longer `busy`.

    It takes `looks` looks at its progress, of which `looked` are done, and the time from `begun_at` to `ready_at`.
    `failure` says why nothing could be made of it. `caption` is an image's, `url` where a web page or an image is.
    """

    id: str
    dataset_id: str
    account: str
    name: str
    type: str
    size: int
    format_type: int
    source_type: int
    created_at: int
    updated_at: int
    chunk_strategy: dict[str, object] = field(default_factory=dict)
    update_type: int = 0
    update_interval: int = 0
    char_count: int = 0
    slice_count: int = 0
    hit_count: int = 0
    caption: str = ""
    url: str = ""
    failure: str = ""
    looks: int = 0
    looked: int = 0
    begun_at: float = 0.0
    ready_at: float = 0.0

    @property
    def owner(self) -> str:
        return self.dataset_id

    def busy(self, now: float) -> bool:
        return self.looked < self.looks or self.begun_at <= now < self.ready_at

    def status(self, now: float) -> int:
        """As the API numbers it: 0 at work, 1 ready, 9 failed."""
        return BUSY if self.busy(now) else FAILED if self.failure else READY

    def progress(self, now: float) -> int:
        """Percent; less than 100 until it is over, for good or ill."""
        if not self.busy(now):
            return 100
        seen = self.looked / self.looks if self.looks else 1.0
        duration = self.ready_at - self.begun_at
        passed = (now - self.begun_at) / duration if duration > 0 else 1.0
        return max(0, int(99 * min(seen, passed, 1.0)))

    def remaining_time(self, now: float) -> int:
        """Seconds, a look counted as one."""
        return max(self.looks - self.looked, math.ceil(self.ready_at - now), 0)


@dataclass(frozen=True)
class StoredSlice:
    """A piece of a document, `sequence` from 0; `owner` is the document's id."""

    id: str
    owner: str
    dataset_id: str
    text: str
    sequence: int
    hit_count: int = 0
