"""CozeRetriever: searches Coze's knowledge bases and returns LangChain documents."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from coze_client.api.recall.values import Recall
from coze_client.bridge.retrieval.settings import RetrieverSettings
from coze_client.bridge.retrieval.slice_metadata import slice_id, slice_metadata
from coze_client.core.concurrency import Blocking
from langchain_coze.errors import langchain_errors


class CozeRetriever(RetrieverSettings, BaseRetriever):
    """Retrieves slices of Coze's knowledge bases through a workflow or a bot.

    ```python
    from langchain_coze import CozeRetriever

    retriever = CozeRetriever(workflow_id="7420000000000000001")  # token: COZE_API_TOKEN
    for document in retriever.invoke("How long is the guarantee?", k=2):
        print(document.metadata["source"], document.page_content)
    ```

    Coze has no search endpoint, so a retriever needs either a workflow or a bot. A ``workflow_id`` (start, knowledge
    node, end; see ``client.recall.from_workflow``) bills no model's answer. With a ``bot_id``, EVERY QUERY MAY BILL A
    FULL ANSWER, though only the recall is read. A retriever creates nothing in Coze; ``client.recall.setup`` creates a
    helper bot.

    A query returns at most ``k`` documents, best first; an empty list if nothing was recalled. The settings of the
    workflow's knowledge node or of the bot may allow fewer. The filters (``score_threshold``, ``dataset_ids``,
    ``document_ids``) may drop some more; a warning is then logged once. Each call can override ``k``, the filters and
    the recall's options.

    ``id`` is the same for the same text of the same document. ``metadata`` contains ``source``, ``dataset_id``,
    ``dataset_name``, ``document_id``, ``document_name``, ``title``, ``url`` and ``score``, each only if Coze returned
    it. A higher score is better; Coze documents no scale. Workflows return only text and document ids; with
    ``dataset_ids``, names are looked up. MultiQueryRetriever compares metadata, so it keeps a bot's slice once for each
    score.

    Errors are errors of ``coze_client`` and of ``langchain_core.exceptions`` at once. ``is_retryable`` is true only if
    nothing was started that Coze bills. ``with_retry()`` ignores ``is_retryable`` and repeats every call, so give it
    ``retry_if_exception_type=(ModelRateLimitError,)``. A pickle contains a literal token in clear text.
    """

    k: int = Field(default=4, ge=1)
    """The maximum number of documents."""

    model_config = ConfigDict(extra="forbid")  # LangChain's own classes ignore unknown fields

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun | None = None, **kwargs: Any
    ) -> list[Document]:
        with langchain_errors():
            return self._documents(Blocking.run(self._recall(self._blocking, query, **self._split(kwargs))))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun | None = None, **kwargs: Any
    ) -> list[Document]:
        with langchain_errors():
            return self._documents(await self._recall(self._asyncio, query, **self._split(kwargs)))

    def _split(self, options: dict[str, Any]) -> dict[str, Any]:
        """Separate ``k`` from the recall's options; drop ``verbose``, which LangChain passes on."""
        overrides = {name: value for name, value in options.items() if name not in ("k", "verbose")}
        return {"k": options.get("k", self.k), "overrides": overrides}

    def _documents(self, recall: Recall) -> list[Document]:
        return [
            Document(
                id=slice_id(slice_),
                page_content=slice_.text,
                metadata={
                    **slice_metadata(slice_, recall, run=self.run_metadata),
                    **({} if slice_.score is None else {"score": slice_.score}),
                },
            )
            for slice_ in recall
        ]
