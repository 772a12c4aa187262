"""The stored records of datasets, documents and slices."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

FIRST_DATASET_ID = 7440000000000000001
FIRST_DOCUMENT_ID = 7441000000000000001
FIRST_SLICE_ID = 7442000000000000001

TEXT, TABLE, IMAGE = 0, 1, 2  # format_type
LOCAL_FILE, WEB_PAGE, CUSTOM, UPLOADED = 0, 1, 2, 5  # document_source
BUSY, READY, FAILED = 0, 1, 9  # status


@dataclass(frozen=True)
class StoredDataset:
    """A dataset of one account in one workspace; `format_type` is 0 for texts, 1 for tables, 2 for images."""

    KIND: ClassVar[str] = "Dataset"

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
    """A document; its slices are stored at once, but shown only when it is no longer `busy`.

    Processing ends when its progress was requested `looks_needed` times, of which `looks_done` are counted, but not
    before `ready_at`. `failure` is the reason why it has no slices. `caption` belongs to an image, `url` to a web page
    or an image. Times are Unix seconds, `size` is bytes.
    """

    KIND: ClassVar[str] = "StoredDocument"

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
    looks_needed: int = 0
    looks_done: int = 0
    begun_at: float = 0.0
    ready_at: float = 0.0

    @property
    def owner(self) -> str:
        return self.dataset_id

    def busy(self, now: float) -> bool:
        """Whether the document is still being processed."""
        return self.looks_done < self.looks_needed or self.begun_at <= now < self.ready_at

    def status(self, now: float) -> int:
        """Return the status in the API: 0 processing, 1 ready, 9 failed."""
        return BUSY if self.busy(now) else FAILED if self.failure else READY

    def progress(self, now: float) -> int:
        """Return the progress in percent; 100 only when processing has ended, also with a failure."""
        if not self.busy(now):
            return 100
        look_share = self.looks_done / self.looks_needed if self.looks_needed else 1.0
        duration = self.ready_at - self.begun_at
        time_share = (now - self.begun_at) / duration if duration > 0 else 1.0
        return max(0, int(99 * min(look_share, time_share, 1.0)))

    def remaining_time(self, now: float) -> int:
        """Return the remaining seconds; each request for the progress that is still needed counts as one."""
        return max(self.looks_needed - self.looks_done, math.ceil(self.ready_at - now), 0)


@dataclass(frozen=True)
class StoredSlice:
    """A slice of a document; `sequence` counts from 0; `owner` is the document's id."""

    KIND: ClassVar[str] = "StoredSlice"

    id: str
    owner: str
    dataset_id: str
    text: str
    sequence: int
    hit_count: int = 0
