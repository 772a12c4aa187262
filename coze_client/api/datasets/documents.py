"""Documents of a dataset: upload, list, rename and delete them.

Coze splits documents into slices; only recall returns them.

API pages: create_knowledge_files, list_knowledge_files, modify_knowledge_files, delete_knowdge_files. Only the owner of
a dataset may change its documents, and only in datasets of Coze, not of Volcano.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from coze_client.api.datasets.document_base import DocumentBase, json_length, validate_name
from coze_client.api.datasets.values import ChunkStrategy, Document, UpdateRule
from coze_client.core.paging import Numbering, Page, Pages, numbered
from coze_client.core.request import HARMLESS, Kind, Request, Unanswered, check_changes, fields
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Envelope, RawResponse, read_nothing, read_with_envelope
from coze_client.errors import ConfigurationError, ProtocolError

T = TypeVar("T")

TEXT, IMAGE = 0, 2
MOST_CREATED, MOST_DELETED = 10, 100
LARGEST_BODY = 15 * 1024 * 1024
_IDS_AS_TEXT = {"Agw-Js-Conv": "str"}  # without it, Coze sends ids as numbers, which JSON parsers may round


class _DocumentPageEnvelope(Envelope):
    document_infos: tuple[Document, ...] | None = None
    total: int | None = None


class Documents(Resource[ConcurrencyT]):
    """``client.datasets.documents``: the documents of datasets."""

    @paged
    def list(self, *, dataset_id: str, page_size: int = 100, concurrency: int = 1) -> Pages[Document]:
        """List the documents of a dataset; `page_size` defaults to 100.

        `concurrency`: how many pages to fetch at a time after the first. coze-studio numbers pages from 0; the client
        detects this, and then the first page may come last. API page: list_knowledge_files.
        """

        def page(number: int) -> Request[Page[Document]]:
            return _post("list", _read_page, dataset_id=dataset_id, page=number, size=page_size)

        return numbered(page, attrgetter("document_id"), Numbering(page_size, concurrency, maybe_from_zero=True))

    @call
    def create(
        self,
        *,
        dataset_id: str,
        documents: Sequence[DocumentBase],
        chunk_strategy: ChunkStrategy | None = None,
        format_type: int = TEXT,
    ) -> Request[tuple[Document, ...]]:
        """Upload 1 to 10 documents to a dataset; Coze then processes them, see ``datasets.wait``.

        All must be of one kind: files and texts, web pages, or images. A request has at most 15 MB, base64 included.
        `chunk_strategy`: default automatic; a dataset of images needs the one of its first upload. `format_type`: 0
        text (default), 2 images. The call is not retried if it may have arrived. Raises ConfigurationError for
        documents that Coze would reject. API page: create_knowledge_files.
        """
        _check_count("documents", documents, MOST_CREATED)
        if len({document.way for document in documents}) > 1:
            cure = "Use separate calls for files and texts, web pages, and images"
            raise ConfigurationError("The documents of one request must be of one kind", cure=cure)
        strategy = chunk_strategy or ChunkStrategy.automatic()
        settings = fields(dataset_id=dataset_id, chunk_strategy=strategy.wire(), format_type=format_type)
        size = sum(document.size + 1 for document in documents) + json_length({**settings, "document_bases": []})
        if size > LARGEST_BODY:
            raise ConfigurationError(
                f"The documents have {size} bytes in one request, base64 included; Coze accepts {LARGEST_BODY} (15 MB)",
                cure="Send fewer documents at a time; a single file has at most 11 MB",
            )
        bases = [document.wire() for document in documents]
        return _post(
            "create",
            _ReadCreated(len(bases)),
            Kind.START,
            Unanswered("client.datasets.documents.list shows whether they arrived"),
            **settings,
            document_bases=bases,
        )

    @call
    def update(
        self, *, document_id: str, name: str | None = None, update_rule: UpdateRule | None = None
    ) -> Request[None]:
        """Rename a document, or change how often Coze fetches its web page; omitted settings stay unchanged.

        Raises ConfigurationError if nothing is given. API page: modify_knowledge_files.
        """
        check_changes(name=name, update_rule=update_rule)
        name = name if name is None else validate_name(name)
        rule = update_rule.wire() if update_rule else None
        return _post("update", read_nothing, document_id=document_id, document_name=name, update_rule=rule)

    @call
    def delete(self, *, document_ids: Sequence[str]) -> Request[None]:
        """Delete 1 to 100 documents and their slices permanently.

        API page: delete_knowdge_files.
        """
        _check_count("document_ids", document_ids, MOST_DELETED)
        return _post("delete", read_nothing, Kind.START, HARMLESS, document_ids=[*document_ids])


def _read_page(response: RawResponse) -> Page[Document]:
    found = read_with_envelope(_DocumentPageEnvelope, response)
    return Page(found.document_infos or (), has_more=False, total=found.total)


@dataclass(frozen=True)
class _ReadCreated:
    """Reads the created documents; raises ProtocolError unless there are `count` of them, all with an id."""

    count: int

    def __call__(self, response: RawResponse) -> tuple[Document, ...]:
        documents = read_with_envelope(_DocumentPageEnvelope, response).document_infos or ()
        ids = [document.document_id for document in documents if document.document_id]
        if len(ids) < self.count:
            named = f": {', '.join(ids)}" if ids else ""
            raise ProtocolError(
                f"The server reported success, but sent {len(ids)} ids for {self.count} documents{named}",
                cure="List the documents of the dataset before you upload again",
            )
        return documents


def _post(
    what: str,
    read: Callable[[RawResponse], T],
    kind: Kind = Kind.READ,
    unanswered: Unanswered = Unanswered(),  # noqa: B008 - frozen
    **given: object,
) -> Request[T]:
    path = f"/open_api/knowledge/document/{what}"
    return Request("POST", path, read, body=fields(**given), kind=kind, headers=_IDS_AS_TEXT, unanswered=unanswered)


def _check_count(name: str, given: Sequence[object], most: int) -> None:
    if isinstance(given, str) or not 1 <= len(given) <= most:
        count = "a single string" if isinstance(given, str) else str(len(given))
        raise ConfigurationError(f"{name} must have 1 to {most} entries, not {count}", cure="Send them in batches")
