"""Routes of documents: create, list, update, delete."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.engine.document_processing import count_look, delete_document, process_sources, save_document
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import MANY, Fields, IncomingRequest
from coze_client.emulator.routes.datasets import dataset_of
from coze_client.emulator.routes.document_sources import SourceReader, refresh_rule
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import BUSY, IMAGE, StoredDocument
from coze_client.emulator.text.chunking import read_chunk_rule

MOST_CREATED, MOST_DELETED = 10, 100
LARGEST_BODY = 15 * 1024 * 1024


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    body = request.body
    _check_length(request)
    dataset = dataset_of(backend, request, body.numeric_id("dataset_id"))
    if not {"format_type", "chunk_strategy"} <= body.values.keys():
        raise ApiError(4000, "format_type and chunk_strategy are required")
    if body.number("format_type", dataset.format_type, 0, IMAGE) != dataset.format_type:
        raise ApiError(4000, f"format_type of this dataset is {dataset.format_type}")
    bases = body.objects("document_bases")
    if not 1 <= len(bases) <= MOST_CREATED:
        raise ApiError(4000, f"document_bases must have 1 to {MOST_CREATED} documents")
    strategy = Fields(body.mapping("chunk_strategy"))
    sources, rule = SourceReader(backend, request, dataset, strategy).read(bases), read_chunk_rule(strategy)
    processed = await process_sources(sources, rule, dataset.format_type)
    dataset = dataset_of(backend, request, dataset.id)  # it may have been deleted meanwhile
    results = zip(sources, processed, strict=True)
    documents = [save_document(backend, dataset, source, rule, result) for source, result in results]
    return JsonReply([_created(backend, request, document) for document in documents], key="document_infos")


def _check_length(request: IncomingRequest) -> None:
    if request.size > LARGEST_BODY:
        raise ApiError(4000, f"the body has {request.size} bytes, the limit is {LARGEST_BODY}; base64 adds a third")


def _created(backend: Backend, request: IncomingRequest, document: StoredDocument) -> dict[str, object]:
    """Describe a new document: still processing, whatever its state is.

    In the sample of the documentation source_type and update_type are null; cozepy could not parse that.
    """
    fresh = {"status": BUSY, "char_count": 0, "slice_count": 0}
    uri = f"FileBizType.BIZ_BOT_DATASET/{document.account}_{document.id}.{document.type}"
    return {**describe_document(backend, request, document), **fresh, "tos_uri": uri}


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List documents, oldest first; this counts as a request for the progress of the listed documents."""
    body, dialect = request.body, backend.dialect
    dataset = dataset_of(backend, request, body.numeric_id("dataset_id"))
    size = body.number("size", dialect.document_page_size, 1, MANY)
    page = body.number("page", dialect.first_document_page, 0, MANY)
    start = max(page - dialect.first_document_page, 0) * size
    documents = backend.state.page(StoredDocument, dataset.id, start, size)
    items = [describe_document(backend, request, document) for document in documents]
    for document in documents:
        count_look(backend, document)
    return JsonReply(items, key="document_infos", beside={"total": backend.state.count(StoredDocument, dataset.id)})


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    document = document_of(backend, request, request.body.numeric_id("document_id"))
    name = request.body.optional("document_name") or document.name
    if "update_rule" in request.body.values:
        refresh = refresh_rule(document.source_type, request.body)
        document = replace(document, update_type=refresh.type, update_interval=refresh.interval)
    backend.state.save(replace(document, name=name, updated_at=backend.now))
    return JsonReply()


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    """Delete all documents or, if one is unknown, none."""
    ids = request.body.numeric_ids("document_ids", MOST_DELETED)
    for document in [document_of(backend, request, document_id) for document_id in dict.fromkeys(ids)]:
        delete_document(backend, document)
    return JsonReply()


def document_of(backend: Backend, request: IncomingRequest, document_id: str) -> StoredDocument:
    """Return the caller's own document; 4200 if there is none, 4101 if it belongs to another account."""
    document = backend.state.get(StoredDocument, document_id)
    if document is None:
        raise ApiError(4200, f"there is no document {document_id}")
    if document.account != request.account:
        raise ApiError(4101, f"document {document_id} belongs to another account")
    return document


def describe_document(backend: Backend, request: IncomingRequest, document: StoredDocument) -> dict[str, object]:
    """Return the JSON of a document; the cloud sends ids as numbers unless the request has `Agw-Js-Conv: str`.

    See page list_knowledge_files.
    """
    now = backend.clock()
    busy = document.busy(now)
    as_text = not backend.dialect.numeric_ids or request.headers.get("agw-js-conv") == "str"
    return {
        "document_id": document.id if as_text else int(document.id),
        "name": document.name,
        "type": document.type,
        "size": document.size,
        "status": document.status(now),
        "format_type": document.format_type,
        "source_type": document.source_type,
        "create_time": document.created_at,
        "update_time": document.updated_at,
        "update_type": document.update_type,
        "update_interval": document.update_interval,
        "char_count": 0 if busy else document.char_count,
        "slice_count": 0 if busy else document.slice_count,
        "hit_count": document.hit_count,
        "chunk_strategy": document.chunk_strategy,
    }


ENDPOINTS = (
    Endpoint("POST", "/open_api/knowledge/document/create", ("createDocument",), create),
    Endpoint("POST", "/open_api/knowledge/document/list", ("listDocument",), list_),
    Endpoint("POST", "/open_api/knowledge/document/update", ("updateDocument",), update),
    Endpoint("POST", "/open_api/knowledge/document/delete", ("deleteDocument",), delete),
)
