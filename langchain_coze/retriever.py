"""CozeRetriever: what Coze's knowledge bases hold about a question, as LangChain documents."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from coze_client.api.recall.values import Recall
from coze_client.bridge.retrieval.settings import RetrieverSettings, slice_id, slice_metadata
from coze_client.core.concurrency import Blocking
from langchain_coze.errors import langchain_errors


class CozeRetriever(RetrieverSettings, BaseRetriever):
    """The slices of Coze's knowledge bases that answer a question, by way of a workflow or a bot.

    ```python
    from langchain_coze import CozeRetriever

    retriever = CozeRetriever(workflow_id="7420000000000000001")  # token: COZE_API_TOKEN
    for document in retriever.invoke("How long is the guarantee?", k=2):
        print(document.metadata["source"], document.page_content)
    ```

    Coze has no search endpoint, so exactly one of two detours is taken. A ``workflow_id`` (start, knowledge node, end;
    see ``client.recall.from_workflow``) bills no model's answer. With a ``bot_id``, EVERY QUERY MAY BILL A FULL ANSWER,
    of which only the recall is read. A retriever makes nothing in Coze; ``client.recall.setup`` makes a helper bot.

    At most ``k`` documents, best first. The workflow's node or the bot may find fewer, as its settings in Coze say, and
    the filters (``score_threshold``, ``dataset_ids``, ``document_ids``) then leave fewer still, which is logged once.
    Nothing recalled is an empty list. ``k``, the filters and all that a recall is told can be given with each call.

    ``id`` is the same for the same text of the same document. ``metadata`` has ``source``, ``dataset_id``,
    ``dataset_name``, ``document_id``, ``document_name``, ``title``, ``url`` and ``score`` (higher is better, on no
    promised scale), each only if Coze told it: workflows tell text and document ids, and with ``dataset_ids`` names are
    looked up. MultiQueryRetriever compares metadata, so that it keeps a bot's slice once for each score.

    What fails is both an error of ``coze_client`` and of ``langchain_core.exceptions``, and ``is_retryable`` only if
    surely nothing began that would be billed. ``with_retry()`` does not ask for that, and repeats everything: give it
    ``retry_if_exception_type=(ModelRateLimitError,)``. A pickle holds a literal token in clear text.
    """

    k: int = Field(default=4, ge=1)
    """How many documents at most."""

    model_config = ConfigDict(extra="forbid")  # LangChain's own classes ignore what they do not know

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun | None = None, **kwargs: Any
    ) -> list[Document]:
        with langchain_errors():
            return self._documents(Blocking.run(self._recall(self._blocking, query, **self._read(kwargs))))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun | None = None, **kwargs: Any
    ) -> list[Document]:
        with langchain_errors():
            return self._documents(await self._recall(self._asyncio, query, **self._read(kwargs)))

    def _read(self, given: dict[str, Any]) -> dict[str, Any]:
        """What is given with a call; LangChain hands on its own ``verbose``."""
        rest = {name: value for name, value in given.items() if name not in ("k", "verbose")}
        return {"k": given.get("k", self.k), "given": rest}

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
