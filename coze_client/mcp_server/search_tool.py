"""The search of a dataset as a tool: passages with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from coze_client.api.recall.helper_bot import RecallBot
from coze_client.api.recall.values import Recall, Slice
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.bridge.retrieval.settings import RetrieverSettings
from coze_client.bridge.retrieval.slice_metadata import slice_metadata
from coze_client.client import AsyncCozeClient
from coze_client.mcp_server.choice import ChosenDataset
from coze_client.mcp_server.reply import Json, Reply, text_block
from coze_client.mcp_server.tool import CallContext, Tool

_SCHEMA: Json = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "What to look for, as a question or as words."}},
    "required": ["query"],
}
_SIGNATURE = WorkflowSignature(_SCHEMA)


def search_tool(client: AsyncCozeClient, dataset: ChosenDataset, title: str, helper: RecallBot | None) -> Tool:
    """Describe a dataset, whose name and description `dataset` has by now; `helper` searches if nothing else does."""
    if dataset.workflow_id:  # it may search other datasets, too
        retriever = RetrieverSettings(client=client, workflow_id=dataset.workflow_id, dataset_ids=(dataset.id,))
    else:
        retriever = RetrieverSettings(client=client, bot_id=dataset.bot_id or helper or "")

    async def call(arguments: Mapping[str, object], context: CallContext) -> Reply:
        query = str(_SIGNATURE.check(arguments)["query"])
        return recall_reply(await retriever._recall(client, query, dataset.limit, {}))

    return Tool(dataset.id, dataset.name, title, dataset.description, _SCHEMA, call, reads_only=True)


def recall_reply(recall: Recall) -> Reply:
    """The passages as numbered text, each with its source, and as objects for programs."""
    passages = [_passage(slice_, recall) for slice_ in recall]
    text = "\n\n".join(f"[{number}] {_source(each)}\n{each['text']}" for number, each in enumerate(passages, 1))
    return Reply([text_block(text or "Nothing was found.")], {"passages": passages})


def _passage(slice_: Slice, recall: Recall) -> dict[str, object]:
    score = {} if slice_.score is None else {"score": slice_.score}
    return {"text": slice_.text, **score, **slice_metadata(slice_, recall, run=False)}


def _source(passage: Mapping[str, object]) -> str:
    """The document's name and where it is, as far as Coze tells."""
    name = passage.get("title") or passage.get("document_name")
    return " ".join(cast("str", part) for part in (name, passage.get("url") or passage.get("source")) if part)
