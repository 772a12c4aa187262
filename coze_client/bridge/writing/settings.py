"""The options of a run that writes into a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coze_client.api.datasets.values import ChunkStrategy


class WriteSettings(NamedTuple):
    """The options of a run.

    ``concurrency``: create requests at a time. ``settle``: seconds after which an upload has failed if its reply was
    lost and the dataset does not list its document. ``timeout``: seconds to wait until Coze has processed everything.
    """

    concurrency: int = 4
    settle: float = 15.0
    timeout: float = 600.0
    chunking: ChunkStrategy | None = None
    replacing: bool = False
    instead_of: tuple[str, ...] = ()
    mirroring: bool = False

    def for_replacing(self, documents: str | Sequence[str], chunking: ChunkStrategy | None) -> WriteSettings:
        """A copy for a run that replaces `documents`, or by default the older versions of the sources."""
        names = (documents,) if isinstance(documents, str) else tuple(documents)
        return self._replace(chunking=chunking, replacing=True, instead_of=names)

    def for_mirroring(self, chunking: ChunkStrategy | None) -> WriteSettings:
        """A copy for a run that also deletes what is gone."""
        return self._replace(chunking=chunking, replacing=True, mirroring=True)
