"""A retriever, whatever the framework: what it is told, one recall, and what is kept of it and told about it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from typing_extensions import Self

from coze_client.api.chats.values import PublishStatus
from coze_client.api.recall.resource import Until
from coze_client.api.recall.values import Recall, Slice
from coze_client.api.workflows.resource import Mode
from coze_client.bridge.connection import Connection
from coze_client.bridge.retrieval.concurrency_limit import ConcurrencyLimit
from coze_client.bridge.retrieval.document_names import DocumentNames
from coze_client.client import AsyncCozeClient, CozeClient
from coze_client.core.concurrency import maybe_await
from coze_client.errors import ConfigurationError

Plain = str | int | float

_OF_BOTH = ("parameters", "connector_id")
_OF_WORKFLOWS = ("query_parameter", "path", "mode", "app_id", "workflow_version")
_OF_BOTS = ("user_id", "conversation_id", "save_history", "publish_status", "bot_version", "custom_variables", "until")
_OF_RUNS = ("workflow_id", "bot_id", "execute_id", "debug_url", "chat_id", "conversation_id", "logid")

_log = logging.getLogger("coze_client")


class Retrieval(BaseModel):
    """By what to recall, with which options, and what is kept of it."""

    workflow_id: str = ""
    """A workflow with a knowledge node, published to the API channel: the way that bills no model's answer."""
    bot_id: str = ""
    """Instead of a workflow, a bot with datasets: EVERY RECALL MAY BILL A FULL ANSWER, though nobody reads it."""

    score_threshold: float | None = None
    """Slices with a lower score are left out. Those without a score stay, as all of workflows do: set the least score
    in the knowledge node there."""
    dataset_ids: tuple[str, ...] | None = None
    """Only slices of these datasets. What a recall leaves out about its documents (workflows tell their ids alone) is
    looked up in the listings of these datasets, which are then remembered: a request for every 100 documents."""
    document_ids: tuple[str, ...] | None = None
    """Only slices of these documents."""

    parameters: dict[str, Any] | None = None
    """Further inputs of the workflow, or of the bot's chat; JSON of any kind."""
    connector_id: str | None = None
    """The channel that the workflow or bot is published to."""

    query_parameter: str = "query"
    """The workflow's input that takes the query."""
    path: str | tuple[str | int, ...] | None = None
    """Where in the workflow's output the slices are, like "found.outputList"; not given, they are searched for."""
    mode: Mode = "stream"
    """How the workflow is run, see ``client.workflows.execute``."""
    app_id: str | None = None
    """The app that the workflow is part of."""
    workflow_version: str | None = None
    """An older version of the workflow."""

    user_id: str = "recall"
    """Whose memory the bot uses."""
    conversation_id: str | None = None
    """Where the bot is asked; its queries then wait for each other."""
    save_history: bool = False
    """True: the bot remembers the queries; each chat is cancelled as soon as it has recalled."""
    publish_status: PublishStatus | None = None
    """``unpublished_draft`` asks the bot's draft, which is all that ``client.recall.setup`` makes."""
    bot_version: str | None = None
    """An older version of the bot."""
    custom_variables: dict[str, str] | None = None
    """Values of the bot's prompt variables."""
    until: Until = "recall"
    """"answer": read every recall of a bot that looks several times, until its answer begins."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _check_retrieval(self) -> Self:
        if bool(self.workflow_id) == bool(self.bot_id):
            raise ConfigurationError("Give a workflow_id or a bot_id, exactly one of them")
        others = _OF_BOTS if self.workflow_id else _OF_WORKFLOWS
        if strange := [name for name in others if getattr(self, name) != Retrieval.model_fields[name].default]:
            raise ConfigurationError(
                f"{', '.join(strange)}: not for a recall by a {'workflow' if self.workflow_id else 'bot'}"
            )
        return self


class RetrieverSettings(Connection, Retrieval):
    """What both frameworks' retrievers are told; a retriever makes nothing in Coze, and changes nothing there."""

    concurrency: int = Field(default=8, ge=1)
    """How many queries run at a time, in all threads or in one event loop; the others wait."""
    run_metadata: bool = False
    """True: metadata also tells ``rank``, ``recalled_by`` and the ids of the run or chat. The same slice then differs
    from query to query, and what merges the results of several queries (MultiQueryRetriever, QueryFusionRetriever)
    keeps it several times."""

    _limit: ConcurrencyLimit = PrivateAttr()
    _known: DocumentNames = PrivateAttr(default_factory=DocumentNames)
    _said: set[str] = PrivateAttr(default_factory=set[str])

    @model_validator(mode="after")
    def _begin(self) -> Self:
        self._limit = ConcurrencyLimit(self.concurrency)
        return self

    async def _recall(
        self, client: CozeClient | AsyncCozeClient, query: str, k: int, given: Mapping[str, Any]
    ) -> Recall:
        """The first `k` slices for `query` that pass; fields of Retrieval that are `given` go before the settings.

        Raises CozeError; ConfigurationError if the filters ask for what the recall does not tell.
        """
        if type(k) is not int or k < 1:  # LangChain hands on whatever a call is given
            raise ConfigurationError(f"A retriever gives 1 slice or more, not {k!r}")
        retrieval = self._retrieval(given)
        async with self._limit.slot(client._session.concurrency):
            recall = await maybe_await(_ask(client, query, retrieval))
            slices = recall.slices
            if retrieval.dataset_ids:
                slices = await self._known.complete(client._session, retrieval.dataset_ids, slices)
        kept = select(slices, retrieval)
        self._tell(retrieval, slices, kept, k)
        return replace(recall, slices=kept[:k])

    def _retrieval(self, given: Mapping[str, Any]) -> Retrieval:
        if unknown := given.keys() - Retrieval.model_fields.keys():
            raise ConfigurationError(f"A retriever is not given {', '.join(sorted(unknown))} with a query")
        return Retrieval(**{**{name: getattr(self, name) for name in Retrieval.model_fields}, **given})

    def _tell(self, retrieval: Retrieval, slices: Sequence[Slice], kept: Sequence[Slice], k: int) -> None:
        """Once each, what may surprise."""
        if len(kept) < min(k, len(slices)):
            told = f"The filters left {len(kept)} of {len(slices)} recalled slices, fewer than the {k} wanted"
            self._say("filters", told)
        if retrieval.score_threshold is not None and any(slice_.score is None for slice_ in slices):
            self._say("scores", "score_threshold does not apply to slices without a score; workflows tell none")

    def _say(self, about: str, text: str) -> None:
        if about not in self._said:
            self._said.add(about)
            _log.warning(text)


def select(slices: Sequence[Slice], retrieval: Retrieval) -> tuple[Slice, ...]:
    """The slices that pass the filters, in their order; one that does not tell what it is of passes none for ids.

    Raises ConfigurationError if no slice at all tells that.
    """
    scoped = retrieval.dataset_ids is not None or retrieval.document_ids is not None
    if scoped and slices and not any(slice_.document_id or slice_.dataset_id for slice_ in slices):
        raise ConfigurationError(
            "dataset_ids and document_ids cannot be applied: the slices do not tell of which documents they are",
            cure="Let the workflow's end node return the knowledge node's outputList as it is",
        )
    return tuple(slice_ for slice_ in slices if _passes(slice_, retrieval))


def slice_id(slice_: Slice) -> str:
    """The same for the same text of the same document, wherever and whenever it is recalled."""
    told = f"coze:{slice_.document_id}:{slice_.text}"
    return str(
        uuid5(NAMESPACE_URL, told.encode("utf-8", "backslashreplace").decode("utf-8"))
    )  # JSON may hold half characters


def slice_metadata(slice_: Slice, recall: Recall, *, run: bool) -> dict[str, Plain]:
    """What is known of a slice's document by flat names, and with `run` of how it was recalled; no score.

    ``source`` is the one that loaders give the document, as far as the recall tells it.
    """
    told: dict[str, Plain | None] = {
        "source": _source(slice_, recall),
        "dataset_id": slice_.dataset_id,
        "dataset_name": slice_.dataset_name,
        "document_id": slice_.document_id,
        "document_name": slice_.document_name,
        "title": slice_.title,
        "url": slice_.url,
    }
    if run:
        told |= {"rank": slice_.rank, "recalled_by": slice_.source}
        told |= {name: getattr(recall, name) for name in _OF_RUNS}
    return {name: value for name, value in told.items() if value not in (None, "")}


def _ask(client: CozeClient | AsyncCozeClient, query: str, retrieval: Retrieval) -> Recall | Awaitable[Recall]:
    if retrieval.workflow_id:
        return client.recall.from_workflow(retrieval.workflow_id, query, **_options(retrieval, _OF_WORKFLOWS))
    return client.recall.from_bot(retrieval.bot_id, query, **_options(retrieval, _OF_BOTS))


def _options(retrieval: Retrieval, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(retrieval, name) for name in (*_OF_BOTH, *names)}


def _passes(slice_: Slice, retrieval: Retrieval) -> bool:
    if retrieval.dataset_ids is not None and slice_.dataset_id not in retrieval.dataset_ids:
        return False
    if retrieval.document_ids is not None and slice_.document_id not in retrieval.document_ids:
        return False
    return retrieval.score_threshold is None or slice_.score is None or slice_.score >= retrieval.score_threshold


def _source(slice_: Slice, recall: Recall) -> str:
    if not slice_.document_id:
        return (
            slice_.url
            or f"coze://{'workflows' if recall.workflow_id else 'bots'}/{recall.workflow_id or recall.bot_id}"
        )
    dataset = f"datasets/{slice_.dataset_id}/" if slice_.dataset_id else ""
    return f"coze://{dataset}documents/{slice_.document_id}"
