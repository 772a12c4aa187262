"""CozeRetriever: what Coze's knowledge bases hold about a question, as LlamaIndex nodes."""

from __future__ import annotations

from typing import Any

from llama_index.core.callbacks import CallbackManager
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode
from pydantic import Field

from coze_client.api.recall.values import Recall, Slice
from coze_client.bridge.retrieval.settings import RetrieverSettings, slice_id, slice_metadata
from coze_client.core.concurrency import Blocking

_FOR_MODELS = ("dataset_name", "document_name", "title")


class CozeRetriever(RetrieverSettings, BaseRetriever):
    """The slices of Coze's knowledge bases that answer a question, by way of a workflow or a bot.

    ```python
    from llama_index.core.query_engine import RetrieverQueryEngine
    from llama_index_coze import CozeLLM, CozeRetriever

    retriever = CozeRetriever(workflow_id="7420000000000000001")  # token: COZE_API_TOKEN
    engine = RetrieverQueryEngine.from_args(retriever, llm=CozeLLM(bot_id="7350000000000000001"))
    print(engine.query("How long is the guarantee?"))
    ```

    Coze has no search endpoint, so exactly one of two detours is taken. A ``workflow_id`` (start, knowledge node, end;
    see ``client.recall.from_workflow``) bills no model's answer. With a ``bot_id``, EVERY QUERY MAY BILL A FULL ANSWER,
    of which only the recall is read. A retriever makes nothing in Coze; ``client.recall.setup`` makes a helper bot.

    At most ``similarity_top_k`` nodes, best first. The workflow's node or the bot may find fewer, as its settings in
    Coze say, and the filters (``score_threshold``, ``dataset_ids``, ``document_ids``) then leave fewer still, which is
    logged once. Nothing recalled is an empty list. How many, the filters and all that a recall is told may be changed
    between queries.

    A node's id is the same for the same text of the same document. Its score is Coze's (higher is better, on no
    promised scale), or ``None``: workflows tell none, and SimilarityPostprocessor drops such nodes. ``metadata`` has
    ``source``, ``dataset_id``, ``dataset_name``, ``document_id``, ``document_name``, ``title`` and ``url``, each only
    if Coze told it; of these only names and title go to models and embeddings. Workflows tell text and document ids,
    and with ``dataset_ids`` names are looked up. Errors are those of ``coze_client``. A pickle holds a literal token in
    clear text.
    """

    similarity_top_k: int = Field(default=4, ge=1)
    """How many nodes at most."""
    callback_manager: CallbackManager = Field(default_factory=CallbackManager, exclude=True, repr=False)
    """Told when a retrieval begins and ends."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        recall = self._recall(self._blocking, query_bundle.query_str, self.similarity_top_k, {})
        return self._nodes(Blocking.run(recall))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._nodes(await self._recall(self._asyncio, query_bundle.query_str, self.similarity_top_k, {}))

    def _nodes(self, recall: Recall) -> list[NodeWithScore]:
        return [NodeWithScore(node=self._node(slice_, recall), score=slice_.score) for slice_ in recall]

    def _node(self, slice_: Slice, recall: Recall) -> TextNode:
        metadata: dict[str, Any] = slice_metadata(slice_, recall, run=self.run_metadata)  # LlamaIndex's type
        unsaid = [name for name in metadata if name not in _FOR_MODELS]
        document = RelatedNodeInfo(node_id=slice_.document_id)
        return TextNode(
            id_=slice_id(slice_),
            text=slice_.text,
            metadata=metadata,
            excluded_llm_metadata_keys=unsaid,
            excluded_embed_metadata_keys=unsaid,
            relationships={NodeRelationship.SOURCE: document} if slice_.document_id else {},
        )
