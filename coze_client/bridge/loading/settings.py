"""What a loader of documents is told, in whichever framework: the fields of both adapters' loaders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from os import PathLike
from typing import Any, TypeVar

from pydantic import Field, field_serializer, model_validator
from typing_extensions import Self

from coze_client.bridge.connection import Client, Connection
from coze_client.bridge.loading.contents import Contents, Find, Framework, OnMissing, Sources
from coze_client.bridge.loading.filter import DocumentFilter
from coze_client.bridge.loading.originals import Folder
from coze_client.bridge.loading.recalled_text import recall_texts
from coze_client.bridge.loading.walk import DocumentWalk
from coze_client.errors import ConfigurationError

D = TypeVar("D")


class DatasetSettings(Connection):
    """Which documents of which dataset, where their text comes from, and over which client."""

    dataset_id: str = Field(min_length=1)
    """The knowledge base, as in its address in Coze."""

    content: Callable[..., object] | str | PathLike[str] | None = None
    """Where the text of files is: a folder of the originals, matched by name and parsed by the framework's own loaders;
    or a function, sync or async, that takes Coze's document and returns str, bytes, a Path, a framework's document, a
    list of these, or ``None``. A document's name is the server's text: do not make it a path."""
    encoding: str = "utf-8"
    """Of originals that are text."""
    recall_workflow_id: str | None = None
    """A workflow with a knowledge node, which recalls slices of documents that have no other text."""
    queries: tuple[str, ...] = ()
    """What the workflow is asked, once each; a run is billed as any other."""
    recall_options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of ``client.recall.from_workflow``: ``query_parameter``, ``path``, ``parameters`` …"""
    on_missing: OnMissing = "raise"
    """What becomes of documents without text: an error that names all of a page, a document of metadata alone (with
    ``text_source`` "none"), or nothing."""

    document_ids: tuple[str, ...] | None = None
    """Only these; one that the dataset lacks raises NotFound."""
    status: str | tuple[str, ...] | None = None
    """Only those in this state: "processing", "ready", "failed", or Coze's number as text."""
    updated_after: datetime | float | None = None
    """Only those changed later: a datetime (local time if it tells no zone) or unix seconds."""
    start_after: str | None = None
    """The id of the last document that was loaded before: goes on after it, in Coze's order."""

    page_size: int = Field(default=100, ge=1)
    """Documents a request, which are in memory at a time."""
    concurrency: int = Field(default=1, ge=1)
    """How many documents' text ``content`` is asked for at a time."""
    volatile: bool = True
    """False: metadata leaves out what changes though the document does not (``hit_count``, an image's signed ``url``),
    so that indexes and pipelines skip what they know."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.recall_workflow_id) != bool(self.queries):
            raise ConfigurationError("recall_workflow_id and queries go together: give both or none")
        return self

    @field_serializer("content")
    def _dump_content(self, content: object) -> str | None:
        """A folder; a function cannot be written down."""
        return None if content is None or callable(content) else str(content)

    def _changed(self, given: Mapping[str, Any]) -> Self:
        """The same over the same client, with what is `given` instead."""
        kept = {name: getattr(self, name) for name in self.model_fields_set - Connection.model_fields.keys()}
        return type(self)(**{"client": self._coze, **kept, **given})

    def _contents(self, client: Client, framework: Framework[D]) -> Contents[D]:
        chosen = DocumentFilter.of(self.document_ids, self.status, self.updated_after)
        session = client._session
        walk = DocumentWalk(session, self.dataset_id, self.page_size, chosen, self.start_after)
        return Contents(
            session.concurrency,
            walk,
            self._sources(client),
            framework,
            at_once=self.concurrency,
            volatile=self.volatile,
        )

    def _blocking_contents(self, framework: Framework[D]) -> Contents[D]:
        return self._contents(self._blocking, framework)

    def _asyncio_contents(self, framework: Framework[D]) -> Contents[D]:
        return self._contents(self._asyncio, framework)

    def _sources(self, client: Client) -> Sources:
        recall = None
        if self.recall_workflow_id:
            recall = partial(recall_texts, client, self.recall_workflow_id, self.queries, self.recall_options)
        return Sources(self._find(), recall, self.on_missing)

    def _find(self) -> Find | None:
        if self.content is None or callable(self.content):
            return self.content
        return Folder(self.content).find
