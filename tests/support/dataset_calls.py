"""Dataset calls by plain httpx, and the items of their bodies."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from tests.support.api_calls import ApiClient, Json, data

WORKSPACE_ID = "7340000000000000001"
DOCUMENT = "/open_api/knowledge/document"
IDS_AS_TEXT = {"Agw-Js-Conv": "str"}
AUTOMATIC_CHUNKS = {"chunk_type": 0}
LINE_CHUNKS = {"chunk_type": 1, "separator": "\n", "max_tokens": 100}
MANUAL_CAPTIONS = {"caption_type": 1}
AUTOMATIC_CAPTIONS = {"caption_type": 0}


def create_dataset(api: ApiClient, name: str = "Library", format_type: int = 0, **more: object) -> str:
    """Create a dataset and return its id."""
    body = {"name": name, "space_id": WORKSPACE_ID, "format_type": format_type, **more}
    return str(data(api.post("/v1/datasets", json=body))["dataset_id"])


def list_datasets(api: ApiClient, **query: Any) -> list[Json]:
    """Return a page of datasets."""
    page = data(api.get("/v1/datasets", params={"space_id": WORKSPACE_ID, **query}))
    return list(page["dataset_list"])


def file(name: str, content: bytes | str = "some words", **more: object) -> Json:
    """Return an item of document_bases for a file; its type is the suffix of its name."""
    raw = content if isinstance(content, bytes) else content.encode()
    source = {"file_base64": base64.b64encode(raw).decode(), "file_type": name.rpartition(".")[2]}
    return {"name": name, "source_info": source, **more}


def web_page(url: str, **more: object) -> Json:
    """Return an item of document_bases for a web page."""
    return {"name": url, "source_info": {"web_url": url, "document_source": 1}, **more}


def image(file_id: object, name: str = "cat", **more: object) -> Json:
    """Return an item of document_bases for an uploaded image."""
    return {"name": name, "source_info": {"source_file_id": file_id, "document_source": 5}, **more}


def post_documents(api: ApiClient, dataset_id: str, *bases: Json, **more: object) -> httpx.Response:
    """Send the call that creates documents, and return its response."""
    body = {
        "dataset_id": dataset_id,
        "document_bases": bases,
        "format_type": 0,
        "chunk_strategy": AUTOMATIC_CHUNKS,
        **more,
    }
    return post_document_call(api, "create", body)


def create_documents(api: ApiClient, dataset_id: str, *bases: Json, **more: object) -> list[str]:
    """Create documents and return their ids."""
    created = payload(post_documents(api, dataset_id, *bases, **more))
    return [item["document_id"] for item in created["document_infos"]]


def list_documents(api: ApiClient, dataset_id: str, **more: object) -> list[Json]:
    """Return a page of documents."""
    listed = payload(post_document_call(api, "list", {"dataset_id": dataset_id, **more}))
    return list(listed["document_infos"])


def post_document_call(api: ApiClient, name: str, body: Json, headers: dict[str, str] | None = None) -> httpx.Response:
    """Send a call about documents; unless `headers` are given, it asks for ids as texts."""
    return api.post(f"{DOCUMENT}/{name}", json=body, headers=IDS_AS_TEXT if headers is None else headers)


def progress(api: ApiClient, dataset_id: str, *ids: object) -> list[Json]:
    """Return the progress of these documents."""
    return list(data(api.post(f"/v1/datasets/{dataset_id}/process", json={"document_ids": ids}))["data"])


def list_images(api: ApiClient, dataset_id: str, **query: Any) -> list[Json]:
    """Return a page of images."""
    return list(data(api.get(f"/v1/datasets/{dataset_id}/images", params=query))["photo_infos"])


def payload(response: httpx.Response) -> Json:
    """Return the body of a successful response whose payload stands beside its code."""
    body = dict(response.json())
    assert body["code"] == 0, body
    return body
