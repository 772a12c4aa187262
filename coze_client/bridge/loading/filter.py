"""The filter that chooses which documents of a dataset are loaded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from coze_client.bridge.loading.metadata import STATUSES, DocumentInfo, status_name
from coze_client.errors import ConfigurationError


@dataclass(frozen=True)
class DocumentFilter:
    """Accepts documents by id, by status name, and by the time of their last change; ``None`` accepts all."""

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
        """A filter of user input; a time is a datetime (local time if it has no zone) or unix seconds.

        Raises ConfigurationError for a status that no document can have.
        """
        statuses = {status} if isinstance(status, str) else status
        if unknown := [each for each in statuses or () if each not in STATUSES.values() and not each.isdecimal()]:
            raise ConfigurationError(
                f"{unknown[0]!r} is not a document status; give one of {', '.join(STATUSES.values())}"
            )
        since = updated_after.timestamp() if isinstance(updated_after, datetime) else updated_after
        return cls(
            None if document_ids is None else frozenset(document_ids),
            None if statuses is None else frozenset(statuses),
            since,
        )

    def accepts(self, document: DocumentInfo) -> bool:
        """True if the document matches; one without any time counts as changed."""
        changed = document.update_time or document.create_time
        return (
            (self.document_ids is None or document.document_id in self.document_ids)
            and (self.statuses is None or status_name(document) in self.statuses)
            and (self.updated_after is None or not changed or changed > self.updated_after)
        )
