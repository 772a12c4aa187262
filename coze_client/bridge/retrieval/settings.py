"""The settings of both adapters' retrievers, one recall by them, and the filters for its slices."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from typing_extensions import Self

from coze_client.api.chats.values import PublishStatus
from coze_client.api.recall.helper_bot import RecallBot, bot_to_ask
from coze_client.api.recall.resource import RecallUntil
from coze_client.api.recall.values import Recall, Slice
from coze_client.api.workflows.resource import RunMode
from coze_client.bridge.bot_names import BotName, find_bot_id
from coze_client.bridge.connection import AnyCozeClient, Connection
from coze_client.bridge.retrieval.concurrency_limit import ConcurrencyLimit
from coze_client.bridge.retrieval.document_names import DocumentNames
from coze_client.core.concurrency import maybe_await
from coze_client.errors import ConfigurationError

_COMMON_OPTIONS = ("parameters", "connector_id")
_WORKFLOW_OPTIONS = ("query_parameter", "path", "mode", "app_id", "workflow_version")
_BOT_OPTIONS = (
    "user_id",
    "conversation_id",
    "save_history",
    "publish_status",
    "bot_version",
    "custom_variables",
    "until",
)

_log = logging.getLogger("coze_client")


class RecallOptions(BaseModel):
    """The workflow or bot that recalls slices, its options, and the filters for the slices."""

    workflow_id: str = ""
    """A workflow with a knowledge node, published to the API channel. No model's answer is billed."""
    bot_id: str | RecallBot = ""
    """A bot with datasets, instead of a workflow: its id, or what ``client.recall.setup`` returned, of which the id and
    ``publish_status`` are kept. EVERY RECALL MAY BILL A FULL ANSWER, though nobody reads it."""

    bot_name: str = ""
    """The name of the bot instead of its id. The first query of a process looks it up (permission listBot)."""
    workspace_id: str | None = None
    """The workspace of the bot that ``bot_name`` names; it is only given together with it."""

    score_threshold: float | None = None
    """Drops slices with a lower score. Slices without a score stay: workflows return no scores, so set the minimum
    score in the workflow's knowledge node."""
    dataset_ids: tuple[str, ...] | None = None
    """Keeps only slices of these datasets. Workflows return only the ids of documents, so names and datasets are read
    from the lists of these datasets: one request for every 100 documents. The lists are cached."""
    document_ids: tuple[str, ...] | None = None
    """Keeps only slices of these documents."""

    parameters: dict[str, Any] | None = None
    """Further inputs of the workflow, or of the bot's chat; any JSON values."""
    connector_id: str | None = None
    """The channel that the workflow or bot is published to."""

    query_parameter: str = "query"
    """The workflow's input that receives the query."""
    path: str | tuple[str | int, ...] | None = None
    """The path of the slices in the workflow's output, like "found.outputList"; by default, the output is searched."""
    mode: RunMode = "stream"
    """How the workflow is run; see ``client.workflows.execute``."""
    app_id: str | None = None
    """The app that the workflow belongs to."""
    workflow_version: str | None = None
    """An older version of the workflow."""

    user_id: str = "recall"
    """The user whose memory the bot uses."""
    conversation_id: str | None = None
    """The conversation in which the bot is asked. Its queries then run one after another."""
    save_history: bool = False
    """True: the bot remembers the queries. Each chat is cancelled as soon as it has recalled."""
    publish_status: PublishStatus | None = None
    """``unpublished_draft`` asks the bot's draft."""
    bot_version: str | None = None
    """An older version of the bot."""
    custom_variables: dict[str, str] | None = None
    """Values of the bot's prompt variables."""
    until: RecallUntil = "recall"
    """"answer": read until the bot's answer begins, because the bot may recall several times."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _read_helper_bot(cls, given: Any) -> Any:  # pydantic passes on whatever it is given
        if not isinstance(given, dict) or not isinstance(given.get("bot_id"), RecallBot):
            return given
        bot_id, publish_status = bot_to_ask(given["bot_id"], given.get("publish_status"))
        return {**given, "bot_id": bot_id, "publish_status": publish_status}

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        if sum(map(bool, (self.workflow_id, self.bot_id, BotName.read(dict(self))))) != 1:
            raise ConfigurationError("Give exactly one of workflow_id, bot_id and bot_name (with its workspace_id)")
        unsupported = _BOT_OPTIONS if self.workflow_id else _WORKFLOW_OPTIONS
        fields = RecallOptions.model_fields
        if given := [name for name in unsupported if getattr(self, name) != fields[name].default]:
            raise ConfigurationError(
                f"A recall by a {'workflow' if self.workflow_id else 'bot'} does not take {', '.join(given)}"
            )
        return self


class RetrieverSettings(Connection, RecallOptions):
    """The fields of both adapters' retrievers. A retriever creates and changes nothing in Coze."""

    concurrency: int = Field(default=8, ge=1)
    """The number of queries that run at the same time, in all threads or in one event loop; others wait."""
    run_metadata: bool = False
    """True: metadata also contains ``rank``, ``recalled_by`` and the ids of the run or chat. The same slice then has
    different metadata in each query, so MultiQueryRetriever and QueryFusionRetriever keep it several times."""

    _limit: ConcurrencyLimit = PrivateAttr()
    _document_names: DocumentNames = PrivateAttr(default_factory=DocumentNames)
    _logged: set[str] = PrivateAttr(default_factory=set[str])

    @model_validator(mode="after")
    def _create_limit(self) -> Self:
        self._limit = ConcurrencyLimit(self.concurrency)
        return self

    async def _recall(self, client: AnyCozeClient, query: str, k: int, overrides: Mapping[str, Any]) -> Recall:
        """Return the first `k` slices for `query` that pass the filters.

        `overrides` are fields of RecallOptions for this query. Raises CozeError, and ConfigurationError if the recall
        does not return what the filters need.
        """
        if type(k) is not int or k < 1:  # LangChain passes on any value that a call is given
            raise ConfigurationError(f"k must be an integer of 1 or more, not {k!r}")
        options = self._options_with(overrides)
        async with self._limit.slot(client._session.concurrency):
            recall = await maybe_await(_ask(client, query, await _with_bot_id(client, options)))
            slices = recall.slices
            if options.dataset_ids:
                slices = await self._document_names.complete(client._session, options.dataset_ids, slices)
        kept = select(slices, options)
        self._log_surprises(options, slices, kept, k)
        return replace(recall, slices=kept[:k])

    def _options_with(self, overrides: Mapping[str, Any]) -> RecallOptions:
        if unknown := overrides.keys() - RecallOptions.model_fields.keys():
            raise ConfigurationError(f"A query does not take {', '.join(sorted(unknown))}")
        return RecallOptions(**{**{name: getattr(self, name) for name in RecallOptions.model_fields}, **overrides})

    def _log_surprises(self, options: RecallOptions, slices: Sequence[Slice], kept: Sequence[Slice], k: int) -> None:
        if len(kept) < min(k, len(slices)):
            self._log_once(
                "filters", f"The filters kept {len(kept)} of {len(slices)} recalled slices, fewer than k={k}"
            )
        if options.score_threshold is not None and any(slice_.score is None for slice_ in slices):
            self._log_once("scores", "score_threshold ignores slices without a score; workflows return no scores")

    def _log_once(self, topic: str, text: str) -> None:
        if topic not in self._logged:
            self._logged.add(topic)
            _log.warning(text)


def select(slices: Sequence[Slice], options: RecallOptions) -> tuple[Slice, ...]:
    """Return the slices that pass the filters, in their order.

    A slice without a dataset or document id fails a filter for that id. Raises ConfigurationError if no slice has one.
    """
    by_id = options.dataset_ids is not None or options.document_ids is not None
    if by_id and slices and not any(slice_.document_id or slice_.dataset_id for slice_ in slices):
        raise ConfigurationError(
            "dataset_ids and document_ids cannot be applied: the slices have no document ids",
            cure="Let the workflow's end node return the knowledge node's outputList unchanged",
        )
    return tuple(slice_ for slice_ in slices if _passes(slice_, options))


async def _with_bot_id(client: AnyCozeClient, options: RecallOptions) -> RecallOptions:
    bot = BotName.read(dict(options))
    return options if bot is None else options.model_copy(update={"bot_id": await find_bot_id(client._session, bot)})


def _ask(client: AnyCozeClient, query: str, options: RecallOptions) -> Recall | Awaitable[Recall]:
    if options.workflow_id:
        return client.recall.from_workflow(options.workflow_id, query, **_values(options, _WORKFLOW_OPTIONS))
    return client.recall.from_bot(options.bot_id, query, **_values(options, _BOT_OPTIONS))


def _values(options: RecallOptions, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(options, name) for name in (*_COMMON_OPTIONS, *names)}


def _passes(slice_: Slice, options: RecallOptions) -> bool:
    if options.dataset_ids is not None and slice_.dataset_id not in options.dataset_ids:
        return False
    if options.document_ids is not None and slice_.document_id not in options.document_ids:
        return False
    return options.score_threshold is None or slice_.score is None or slice_.score >= options.score_threshold
