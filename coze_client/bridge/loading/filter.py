"""Which documents of a dataset are asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from coze_client.bridge.loading.metadata import STATUSES, Record, status_of
from coze_client.errors import ConfigurationError


@dataclass(frozen=True)
class DocumentFilter:
    """Takes documents of these ids and statuses (words), changed after a time; ``None`` takes every one."""

    document_ids: frozenset[str] | None = None
    statuses: frozenset[str] | None = None
    updated_after: float | None = None

    @classmethod
    def of(
        cls,
        document_ids: Collection[str] | None,
        status: str | Collection[str] | None,
        updated_after: datetime | float | None,
    ) -> DocumentFilter:
        """From what a user gives; a time is a datetime (local if it tells no zone) or unix seconds.

        Raises ConfigurationError for a status that no document can have.
        """
        statuses = {status} if isinstance(status, str) else status
        if unknown := [each for each in statuses or () if each not in STATUSES.values() and not each.isdecimal()]:
            raise ConfigurationError(f"No document has the status {unknown[0]!r}: {', '.join(STATUSES.values())}")
        since = updated_after.timestamp() if isinstance(updated_after, datetime) else updated_after
        return cls(
            None if document_ids is None else frozenset(document_ids),
            None if statuses is None else frozenset(statuses),
            since,
        )

    def takes(self, record: Record) -> bool:
        """True for a document that is asked for; one of unknown age counts as changed."""
        changed = record.update_time or record.create_time
        return (
            (self.document_ids is None or record.document_id in self.document_ids)
            and (self.statuses is None or status_of(record) in self.statuses)
            and (self.updated_after is None or not changed or changed > self.updated_after)
        )
