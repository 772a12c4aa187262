"""Routes of datasets: create, update, delete, list, and the progress of their documents."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.engine.document_processing import count_look, delete_document
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import MANY, Fields, IncomingRequest
from coze_client.emulator.routes.bot_lookup import count_bots_with
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import (
    BUSY,
    FAILED,
    FIRST_DATASET_ID,
    IMAGE,
    TEXT,
    StoredDataset,
    StoredDocument,
)
from coze_client.emulator.state.file_records import uploaded_file

LARGEST_PAGE = 300
LONGEST_NAME = 100


def dataset_of(backend: Backend, request: IncomingRequest, dataset_id: str) -> StoredDataset:
    """Return the caller's own dataset; 4200 if there is none, 4101 if it belongs to another account."""
    dataset = backend.state.get(StoredDataset, dataset_id)
    if dataset is None:
        raise ApiError(4200, f"there is no dataset {dataset_id}")
    if dataset.account != request.account:
        raise ApiError(4101, f"dataset {dataset_id} belongs to another account")
    return dataset


def new_dataset(
    backend: Backend,
    account: str,
    workspace_id: str,
    format_type: int,
    name: str,
    description: str = "",
    icon_file_id: str = "",
) -> StoredDataset:
    """Create and save a dataset."""
    dataset_id = backend.state.new_id(StoredDataset, FIRST_DATASET_ID)
    now = backend.now
    dataset = StoredDataset(dataset_id, account, workspace_id, name, format_type, now, now, description, icon_file_id)
    backend.state.save(dataset)
    return dataset


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    body = request.body
    workspace_id, format_type = body.numeric_id("space_id"), body.number("format_type", -1, TEXT, IMAGE)
    if format_type not in backend.dialect.dataset_formats:
        raise ApiError(4000, f"format_type must be one of {', '.join(map(str, backend.dialect.dataset_formats))}")
    dataset = new_dataset(backend, request.account, workspace_id, format_type, *_read_description(backend, request))
    return JsonReply({"dataset_id": dataset.id})


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    """Replace name, description and icon; absent ones are cleared (page update_dataset)."""
    dataset = dataset_of(backend, request, request.values["dataset_id"])
    name, description, icon = _read_description(backend, request)
    changed = replace(dataset, name=name, description=description, icon_file_id=icon, updated_at=backend.now)
    backend.state.save(changed)
    return JsonReply()


def _read_description(backend: Backend, request: IncomingRequest) -> tuple[str, str, str]:
    """Read name, description and icon."""
    body = request.body
    name, icon = body.text("name"), body.optional("file_id") or ""
    if len(name) > LONGEST_NAME:
        raise ApiError(4000, f"name has at most {LONGEST_NAME} characters")
    if icon and not uploaded_file(backend.state, request.account, icon):
        raise ApiError(4000, f"file_id {icon} is not one of your files")
    return name, body.optional("description") or "", icon


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    """Delete a dataset and its documents; bots lose it, too, since they use only datasets that exist."""
    dataset = dataset_of(backend, request, request.values["dataset_id"])
    for document in backend.state.owned(StoredDocument, dataset.id):
        delete_document(backend, document)
    backend.state.delete(dataset)
    return JsonReply()


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List the caller's datasets of a workspace, oldest first."""
    query = request.query
    workspace_id, name = query.text("space_id"), (query.optional("name") or "").lower()
    format_type = query.number("format_type", TEXT, TEXT, IMAGE) if query.optional("format_type") else None
    page = _page(backend, query)
    found = [
        dataset
        for dataset in backend.state.owned(StoredDataset, request.account)
        if dataset.workspace_id == workspace_id
        and name in dataset.name.lower()
        and format_type in (None, dataset.format_type)
    ]
    items = [describe_dataset(backend, dataset) for dataset in found[page]]
    return JsonReply({"total_count": len(found), "dataset_list": items})


def _page(backend: Backend, query: Fields) -> slice:
    """Return the part of the list that is asked for; without parameters the studio returns everything."""
    if backend.dialect.unpaged_dataset_list and not query.values.keys() & {"page_num", "page_size"}:
        return slice(None)
    return query.page(10, LARGEST_PAGE)


def describe_dataset(backend: Backend, dataset: StoredDataset) -> dict[str, object]:
    """Return the JSON of a dataset in lists."""
    now = backend.clock()
    documents = backend.state.owned(StoredDocument, dataset.id)
    busy = [document for document in documents if document.status(now) == BUSY]
    processed = [document for document in documents if document not in busy]
    icon = f"FileBizType.BIZ_DATASET_ICON/{dataset.icon_file_id}" if dataset.icon_file_id else ""
    return {
        "dataset_id": dataset.id,
        "name": dataset.name,
        "description": dataset.description,
        "space_id": dataset.workspace_id,
        "status": 1,
        "format_type": dataset.format_type,
        "can_edit": True,
        "icon_uri": icon,
        "icon_url": f"http://127.0.0.1/{icon}" if icon else "",
        "avatar_url": "",
        "creator_id": dataset.account,
        "creator_name": "emulator",
        "create_time": dataset.created_at,
        "update_time": dataset.updated_at,
        "doc_count": len(documents),
        "file_list": [document.name for document in documents],
        "failed_file_list": [document.name for document in processed if document.failure],
        "processing_file_list": [document.name for document in busy],
        "processing_file_id_list": [document.id for document in busy],
        "slice_count": sum(document.slice_count for document in processed),
        "hit_count": sum(document.hit_count for document in documents),
        "all_file_size": str(sum(document.size for document in documents)),
        "bot_used_count": count_bots_with(backend, dataset.id),
        "chunk_strategy": {},
        "project_id": "",
    }


async def process(backend: Backend, request: IncomingRequest) -> Reply:
    """Return the progress of documents; unknown ones are omitted by the cloud, and an error in the studio."""
    body, name = request.body, "document_ids"
    ids = body.integers(name) if backend.dialect.integer_document_ids else body.numeric_ids(name, MANY)
    dataset = dataset_of(backend, request, request.values["dataset_id"])
    documents = [backend.state.get(StoredDocument, each) for each in ids]
    found = [document for document in documents if document and document.dataset_id == dataset.id]
    if len(found) < len(documents) and backend.dialect.rejects_unknown_documents:
        raise ApiError(4101, "not all document_ids are documents of this dataset")
    items = [_progress(backend, document) for document in found]
    for document in found:
        count_look(backend, document)
    return JsonReply({"data": items})


def _progress(backend: Backend, document: StoredDocument) -> dict[str, object]:
    now = backend.clock()
    status = document.status(now)
    return {
        "document_id": document.id,
        "document_name": document.name,
        "url": document.url,
        "size": document.size,
        "type": document.type,
        "status": status,
        "progress": document.progress(now),
        "remaining_time": document.remaining_time(now),
        "update_type": document.update_type,
        "update_interval": document.update_interval,
        **({"status_descript": document.failure} if status == FAILED else {}),
    }


ONE = "/v1/datasets/{dataset_id}"
ENDPOINTS = (
    Endpoint("POST", "/v1/datasets", ("createKnowledge",), create),
    Endpoint("GET", "/v1/datasets", ("listKnowledge",), list_),
    Endpoint("PUT", ONE, ("update",), update),
    Endpoint("DELETE", ONE, ("delete",), delete),
    Endpoint("POST", f"{ONE}/process", ("readDocumentProgress",), process),
)
