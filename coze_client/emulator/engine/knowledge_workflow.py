"""A workflow of three nodes: start with a query, look it up in datasets, end with what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import create_model
from typing_extensions import TypedDict

from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.knowledge_search import Hit
from coze_client.emulator.workflows import Workflow, named_workflow


class Chunk(TypedDict):
    """What the knowledge node tells of a slice: neither score nor names."""

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
    """The workflow, not yet added; its end node returns `variable`, or with `text` words instead of variables."""

    def found(query: str) -> list[Hit]:
        return backend.knowledge.search(dataset_ids, query, top_k, min_score)

    def search_knowledge(query: str) -> dict[str, list[Chunk] | None]:
        chunks = [Chunk(output=hit.slice.text, documentId=hit.slice.owner) for hit in found(query)]
        return {variable: chunks or (None if empty == "null" else [])}

    def tell_knowledge(query: str) -> str:
        return "\n\n".join(hit.slice.text for hit in found(query))

    variables: Any = {variable: (list[Chunk], ...)}  # the end node's, which pydantic wants as keywords
    search_knowledge.__annotations__ = {"query": str, "return": create_model("Knowledge", **variables)}
    function: Callable[..., object] = tell_knowledge if text else search_knowledge
    described = "Looks a query up in datasets."
    number, now = len(backend.workflows), backend.now
    return named_workflow(function, number=number, description=described, created_at=now)
