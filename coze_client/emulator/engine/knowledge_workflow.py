"""A workflow that searches datasets: a start node with a query, a knowledge node, and an end node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import create_model
from typing_extensions import TypedDict

from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.knowledge_search import Hit
from coze_client.emulator.workflows import Workflow, new_workflow


class Chunk(TypedDict):
    """A slice in the output of the knowledge node, which contains neither scores nor names."""

    output: str
    documentId: str


def knowledge_workflow(
    backend: Backend,
    dataset_ids: Sequence[str],
    top_k: int,
    min_score: float,
    variable: str,
    empty: Literal["list", "null"],
    *,
    text: bool,
) -> Workflow:
    """Create the workflow without adding it; its end node returns `variable`, or with `text` one plain text."""

    def search(query: str) -> list[Hit]:
        return backend.knowledge.search(dataset_ids, query, top_k, min_score)

    def search_knowledge(query: str) -> dict[str, list[Chunk] | None]:
        chunks = [Chunk(output=hit.slice.text, documentId=hit.slice.owner) for hit in search(query)]
        return {variable: chunks or (None if empty == "null" else [])}

    def tell_knowledge(query: str) -> str:
        return "\n\n".join(hit.slice.text for hit in search(query))

    variables: Any = {variable: (list[Chunk], ...)}  # of the end node; pydantic takes them as keywords
    search_knowledge.__annotations__ = {"query": str, "return": create_model("Knowledge", **variables)}
    function: Callable[..., object] = tell_knowledge if text else search_knowledge
    description = "Looks a query up in datasets."
    number, now = len(backend.workflows), backend.now
    return new_workflow(function, number=number, description=description, created_at=now)
