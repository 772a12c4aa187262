"""Text of documents that a knowledge workflow recalls; Coze returns a document's text in no other way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from coze_client.api.recall.values import Recall
from coze_client.bridge.connection import Client
from coze_client.core.concurrency import maybe_await
from coze_client.errors import ConfigurationError

_PARALLEL_QUERIES = 4


@dataclass(frozen=True)
class RecalledText:
    """The slices of one document that were recalled, without duplicates, in the order of their recall."""

    slices: tuple[str, ...]

    def text(self) -> str:
        """The slices, separated by blank lines."""
        return "\n\n".join(self.slices)

    def coverage(self, slice_count: int | None) -> dict[str, int | float]:
        """``slices_found``; and ``coverage``, their share of all slices (0 to 1), if `slice_count` is known."""
        found = len(self.slices)
        return {"slices_found": found, **({"coverage": min(found / slice_count, 1.0)} if slice_count else {})}


async def recall_texts(
    client: Client, workflow_id: str, queries: Sequence[str], options: Mapping[str, Any]
) -> Mapping[str, RecalledText]:
    """Run `queries` through a knowledge workflow, four at a time, and return the text by document id.

    `options` are those of ``client.recall.from_workflow``. Raises ConfigurationError if no slice has a document id.
    """

    async def ask(query: str) -> Recall:
        return await maybe_await(client.recall.from_workflow(workflow_id, query, **options))

    recalls = await client._session.concurrency.gather([partial(ask, query) for query in queries], _PARALLEL_QUERIES)
    texts: dict[str, dict[str, None]] = {}
    for each in (slice_ for recall in recalls for slice_ in recall.slices):
        texts.setdefault(each.document_id, {})[each.text] = None
    if texts.keys() == {""}:
        raise ConfigurationError(
            f"The slices of workflow {workflow_id} have no document ids",
            cure="Let its end node return the knowledge node's outputList unchanged",
        )
    return {document_id: RecalledText(tuple(slices)) for document_id, slices in texts.items()}
