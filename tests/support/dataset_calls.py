"""Datasets by hand: the calls, and their bodies."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from tests.support.api_calls import Json, Wire, data

SPACE = "7340000000000000001"
DOCUMENT = "/open_api/knowledge/document"
TEXTS = {"Agw-Js-Conv": "str"}
AUTOMATIC = {"chunk_type": 0}
LINES = {"chunk_type": 1, "separator": "\n", "max_tokens": 100}
MANUAL = {"caption_type": 1}
SYSTEM = {"caption_type": 0}


def dataset(wire: Wire, name: str = "Shelf", format_type: int = 0, **more: object) -> str:
    body = {"name": name, "space_id": SPACE, "format_type": format_type, **more}
    return str(data(wire.post("/v1/datasets", json=body))["dataset_id"])


def listed(wire: Wire, **query: Any) -> list[Json]:
    found = data(wire.get("/v1/datasets", params={"space_id": SPACE, **query}))
    return list(found["dataset_list"])


def file(name: str, content: bytes | str = "some words", **more: object) -> Json:
    """An item of document_bases; its type is the name's suffix."""
    raw = content if isinstance(content, bytes) else content.encode()
    source = {"file_base64": base64.b64encode(raw).decode(), "file_type": name.rpartition(".")[2]}
    return {"name": name, "source_info": source, **more}


def web_page(url: str, **more: object) -> Json:
    return {"name": url, "source_info": {"web_url": url, "document_source": 1}, **more}


def image(file_id: object, name: str = "cat", **more: object) -> Json:
    return {"name": name, "source_info": {"source_file_id": file_id, "document_source": 5}, **more}


def create(wire: Wire, dataset_id: str, *bases: Json, **more: object) -> httpx.Response:
    body = {"dataset_id": dataset_id, "document_bases": bases, "format_type": 0, "chunk_strategy": AUTOMATIC, **more}
    return call(wire, "create", body)


def created(wire: Wire, dataset_id: str, *bases: Json, **more: object) -> list[str]:
    """The ids of documents that were made."""
    return [item["document_id"] for item in whole(create(wire, dataset_id, *bases, **more))["document_infos"]]


def documents(wire: Wire, dataset_id: str, **more: object) -> list[Json]:
    return list(whole(call(wire, "list", {"dataset_id": dataset_id, **more}))["document_infos"])


def call(wire: Wire, name: str, body: Json, headers: dict[str, str] | None = None) -> httpx.Response:
    """A call about documents, which asks for ids as texts unless told otherwise."""
    return wire.post(f"{DOCUMENT}/{name}", json=body, headers=TEXTS if headers is None else headers)


def progress(wire: Wire, dataset_id: str, *ids: object) -> list[Json]:
    return list(data(wire.post(f"/v1/datasets/{dataset_id}/process", json={"document_ids": ids}))["data"])


def images(wire: Wire, dataset_id: str, **query: Any) -> list[Json]:
    return list(data(wire.get(f"/v1/datasets/{dataset_id}/images", params=query))["photo_infos"])


def whole(response: httpx.Response) -> Json:
    """The reply of a call whose payload is beside its code."""
    found = dict(response.json())
    assert found["code"] == 0, found
    return found
