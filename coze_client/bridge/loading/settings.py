"""The fields of both adapters' document loaders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from os import PathLike
from typing import Any, TypeVar

from pydantic import Field, field_serializer, model_validator
from typing_extensions import Self

from coze_client.bridge.connection import Client, Connection
from coze_client.bridge.loading.document_pages import DocumentPages
from coze_client.bridge.loading.filter import DocumentFilter
from coze_client.bridge.loading.loader import DatasetLoader, FindContent, Framework, OnMissing, TextSources
from coze_client.bridge.loading.originals import OriginalFolder
from coze_client.bridge.loading.recalled_text import recall_texts
from coze_client.errors import ConfigurationError

D = TypeVar("D")


class LoaderSettings(Connection):
    """The dataset, the filter for its documents, the sources of their text, and the client."""

    dataset_id: str = Field(min_length=1)
    """The knowledge base; its id is in its address in Coze."""

    content: Callable[..., object] | str | PathLike[str] | None = None
    """The source of files' text. A folder of the original files: they are matched by name and parsed by the framework's
    loaders. Or a function, sync or async, that takes Coze's document and returns str, bytes, a Path, a document of the
    framework, a list of these, or ``None``. A document's name comes from the server: do not use it as a path."""
    encoding: str = "utf-8"
    """The encoding of original text files."""
    recall_workflow_id: str | None = None
    """A workflow with a knowledge node. It recalls slices of the documents that have no other text."""
    queries: tuple[str, ...] = ()
    """The queries for that workflow. Each runs once and is billed like any run."""
    recall_options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of ``client.recall.from_workflow``: ``query_parameter``, ``path``, ``parameters`` …"""
    on_missing: OnMissing = "raise"
    """What happens to documents without text. "raise": an error that names all of them on a page. "metadata": they are
    loaded with metadata only (``text_source`` is "none"). "skip": they are left out."""

    document_ids: tuple[str, ...] | None = None
    """Loads only these documents. Raises NotFound if the dataset lacks one of them."""
    status: str | tuple[str, ...] | None = None
    """Loads only documents in this state: "processing", "ready", "failed", or Coze's number as text."""
    updated_after: datetime | float | None = None
    """Loads only documents that changed later: a datetime (local time if it has no zone) or unix seconds."""
    start_after: str | None = None
    """The id of the last document loaded before. Loading continues after it, in Coze's order."""

    page_size: int = Field(default=100, ge=1)
    """Documents per request; one page is in memory at a time."""
    concurrency: int = Field(default=1, ge=1)
    """For how many documents ``content`` is called at the same time."""
    volatile: bool = True
    """False: metadata leaves out what changes while the document stays the same (``hit_count``, an image's signed
    ``url``), so that indexes and pipelines recognise documents that they already have."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.recall_workflow_id) != bool(self.queries):
            raise ConfigurationError("recall_workflow_id and queries go together: give both or none")
        return self

    @field_serializer("content")
    def _dump_content(self, content: object) -> str | None:
        """A folder as text; a function cannot be serialized."""
        return None if content is None or callable(content) else str(content)

    def _changed(self, overrides: Mapping[str, Any]) -> Self:
        """A copy with `overrides`, over the same client."""
        kept = {name: getattr(self, name) for name in self.model_fields_set - Connection.model_fields.keys()}
        return type(self)(**{"client": self._coze, **kept, **overrides})

    def _loader(self, client: Client, framework: Framework[D]) -> DatasetLoader[D]:
        document_filter = DocumentFilter.of(self.document_ids, self.status, self.updated_after)
        session = client._session
        pages = DocumentPages(session, self.dataset_id, self.page_size, document_filter, self.start_after)
        return DatasetLoader(
            session.concurrency,
            pages,
            self._text_sources(client),
            framework,
            parallel=self.concurrency,
            volatile=self.volatile,
        )

    def _blocking_loader(self, framework: Framework[D]) -> DatasetLoader[D]:
        return self._loader(self._blocking, framework)

    def _asyncio_loader(self, framework: Framework[D]) -> DatasetLoader[D]:
        return self._loader(self._asyncio, framework)

    def _text_sources(self, client: Client) -> TextSources:
        recall = None
        if self.recall_workflow_id:
            recall = partial(recall_texts, client, self.recall_workflow_id, self.queries, self.recall_options)
        return TextSources(self._find_content(), recall, self.on_missing)

    def _find_content(self) -> FindContent | None:
        if self.content is None or callable(self.content):
            return self.content
        return OriginalFolder(self.content).find
