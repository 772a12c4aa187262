"""Routes of the images of a dataset: list them, and update their captions."""

from __future__ import annotations

from coze_client.emulator.engine.document_processing import replace_caption
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.datasets import dataset_of
from coze_client.emulator.routes.documents import document_of
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import IMAGE, StoredDataset, StoredDocument

LARGEST_PAGE = 299


def _dataset_of(backend: Backend, request: IncomingRequest) -> StoredDataset:
    dataset = dataset_of(backend, request, request.values["dataset_id"])
    if dataset.format_type != IMAGE:
        raise ApiError(4000, f"dataset {dataset.id} is not a dataset of images")
    return dataset


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List images, oldest first; `keyword` filters by caption."""
    query = request.query
    dataset = _dataset_of(backend, request)
    page = query.page(backend.dialect.image_page_size or 0, LARGEST_PAGE)
    keyword = (query.optional("keyword") or "").lower()
    captioned = query.choice("has_caption", ("true", "false", ""), "")
    found = [
        image
        for image in backend.state.owned(StoredDocument, dataset.id)
        if keyword in image.caption.lower() and captioned in ("", "true" if image.caption else "false")
    ]
    photos = [_describe_image(image, backend.clock()) for image in found[page]]
    return JsonReply({"photo_infos": photos, "total_count": len(found)})


def _describe_image(image: StoredDocument, now: float) -> dict[str, object]:
    return {
        "document_id": image.id,
        "name": image.name,
        "url": image.url,
        "type": image.type,
        "size": image.size,
        "status": image.status(now),
        "caption": image.caption,
        "creator_id": image.account,
        "source_type": image.source_type,
        "create_time": image.created_at,
        "update_time": image.updated_at,
    }


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    dataset = _dataset_of(backend, request)
    image = document_of(backend, request, request.values["document_id"])
    if image.dataset_id != dataset.id:
        raise ApiError(4200, f"dataset {dataset.id} has no image {image.id}")
    replace_caption(backend, image, request.body.text("caption"))
    return JsonReply()


ENDPOINTS = (
    Endpoint("GET", "/v1/datasets/{dataset_id}/images", ("listPhoto",), list_),
    Endpoint("PUT", "/v1/datasets/{dataset_id}/images/{document_id}", ("updatePhoto",), update),
)
