"""CozeRetriever: searches Coze's knowledge bases and returns LlamaIndex nodes."""

from __future__ import annotations

from typing import Any

from llama_index.core.callbacks import CallbackManager
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode
from pydantic import Field

from coze_client.api.recall.values import Recall, Slice
from coze_client.bridge.retrieval.settings import RetrieverSettings
from coze_client.bridge.retrieval.slice_metadata import slice_id, slice_metadata
from coze_client.core.concurrency import Blocking

_SHOWN_TO_MODELS = ("dataset_name", "document_name", "title")


class CozeRetriever(RetrieverSettings, BaseRetriever):
    """Retrieves slices of Coze's knowledge bases through a workflow or a bot.

    ```python
    from llama_index.core.query_engine import RetrieverQueryEngine
    from llama_index_coze import CozeLLM, CozeRetriever

    retriever = CozeRetriever(workflow_id="7420000000000000001")  # token: COZE_API_TOKEN
    engine = RetrieverQueryEngine.from_args(retriever, llm=CozeLLM(bot_id="7350000000000000001"))
    print(engine.query("How long is the guarantee?"))
    ```

    Coze has no search endpoint, so a retriever needs either a workflow or a bot. A ``workflow_id`` (start, knowledge
    node, end; see ``client.recall.from_workflow``) bills no model's answer. With a ``bot_id``, EVERY QUERY MAY BILL A
    FULL ANSWER, though only the recall is read. A retriever creates nothing in Coze; ``client.recall.setup`` creates a
    helper bot.

    A query returns at most ``similarity_top_k`` nodes, best first; an empty list if nothing was recalled. The settings
    of the workflow's knowledge node or of the bot may allow fewer. The filters (``score_threshold``, ``dataset_ids``,
    ``document_ids``) may drop some more; a warning is then logged once. All these fields may be changed between
    queries.

    A node's id is the same for the same text of the same document. A higher score is better; Coze documents no scale.
    Workflows return no score: it is ``None`` then, and SimilarityPostprocessor drops such nodes. ``metadata`` contains
    ``source``, ``dataset_id``, ``dataset_name``, ``document_id``, ``document_name``, ``title`` and ``url``, each only
    if Coze returned it. Models and embeddings see only the names and the title. Workflows return only text and document
    ids; with ``dataset_ids``, names are looked up. Errors are those of ``coze_client``. A pickle contains a literal
    token in clear text.
    """

    similarity_top_k: int = Field(default=4, ge=1)
    """The maximum number of nodes."""
    callback_manager: CallbackManager = Field(default_factory=CallbackManager, exclude=True, repr=False)
    """LlamaIndex's callbacks, which receive the start and the end of each retrieval."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        recall = self._recall(self._blocking, query_bundle.query_str, self.similarity_top_k, {})
        return self._nodes(Blocking.run(recall))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._nodes(await self._recall(self._asyncio, query_bundle.query_str, self.similarity_top_k, {}))

    def _nodes(self, recall: Recall) -> list[NodeWithScore]:
        return [NodeWithScore(node=self._node(slice_, recall), score=slice_.score) for slice_ in recall]

    def _node(self, slice_: Slice, recall: Recall) -> TextNode:
        metadata: dict[str, Any] = {**slice_metadata(slice_, recall, run=self.run_metadata)}
        hidden = [name for name in metadata if name not in _SHOWN_TO_MODELS]
        document = RelatedNodeInfo(node_id=slice_.document_id)
        return TextNode(
            id_=slice_id(slice_),
            text=slice_.text,
            metadata=metadata,
            excluded_llm_metadata_keys=hidden,
            excluded_embed_metadata_keys=hidden,
            relationships={NodeRelationship.SOURCE: document} if slice_.document_id else {},
        )
