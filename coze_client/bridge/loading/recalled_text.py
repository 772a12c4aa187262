"""As much of documents' text as questions recall, which is all of it that Coze gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from coze_client.api.recall.slices import Recall
from coze_client.bridge.connection import Client
from coze_client.core.concurrency import maybe_await
from coze_client.errors import ConfigurationError

_AT_ONCE = 4


@dataclass(frozen=True)
class RecalledText:
    """The slices of a document that were found, each once, in the order in which they were."""

    slices: tuple[str, ...]

    def text(self) -> str:
        """The slices with blank lines between."""
        return "\n\n".join(self.slices)

    def coverage(self, slice_count: int | None) -> dict[str, int | float]:
        """How much of the document that is: ``slices_found``, and ``coverage`` (0 to 1) if Coze told their number."""
        found = len(self.slices)
        return {"slices_found": found, **({"coverage": min(found / slice_count, 1.0)} if slice_count else {})}


async def recall_texts(
    client: Client, workflow_id: str, queries: Sequence[str], options: Mapping[str, Any]
) -> Mapping[str, RecalledText]:
    """What `queries` recall through a knowledge workflow, by document id; four run at a time.

    `options` are those of ``client.recall.from_workflow``. Raises ConfigurationError if the workflow does not tell of
    which documents the slices are.
    """

    async def ask(query: str) -> Recall:
        return await maybe_await(client.recall.from_workflow(workflow_id, query, **options))

    recalls = await client._session.concurrency.gather([partial(ask, query) for query in queries], _AT_ONCE)
    found: dict[str, dict[str, None]] = {}
    for each in (piece for recall in recalls for piece in recall.slices):
        found.setdefault(each.document_id, {})[each.text] = None
    if found.keys() == {""}:
        raise ConfigurationError(
            f"Workflow {workflow_id} does not tell of which documents its slices are",
            cure="Let its end node return the knowledge node's outputList as it is",
        )
    return {document_id: RecalledText(tuple(texts)) for document_id, texts in found.items()}
