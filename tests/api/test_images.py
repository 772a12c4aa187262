"""Images of a dataset: list them by caption, and replace captions."""

from __future__ import annotations

import json

from coze_client import ChunkStrategy, DocumentBase
from coze_client.api.datasets.images import Images
from coze_client.core.request import Kind
from coze_client.core.response import RawResponse
from tests.support.clients import ConnectedClient

WORKSPACE = "7340000000000000001"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def test_a_listing_leaves_out_what_was_not_asked() -> None:
    plain = Images.list(dataset_id="7").page(None)
    assert (plain.method, plain.path) == ("GET", "/v1/datasets/7/images")
    assert plain.query == {"page_size": "299", "page_num": "1"}
    asked = Images.list(dataset_id="7", keyword="", has_caption=False, page_size=5).page("3")
    assert asked.query == {"keyword": "", "has_caption": "false", "page_size": "5", "page_num": "3"}


def test_an_update_replaces_the_caption_and_may_be_repeated() -> None:
    request = Images.update(dataset_id="7", document_id="8", caption="a cat")
    assert (request.method, request.path) == ("PUT", "/v1/datasets/7/images/8")
    assert (request.body, request.kind) == ({"caption": "a cat"}, Kind.READ)


def test_an_image_without_a_caption_may_say_null() -> None:
    item = {"document_id": 7412000000000000001, "caption": None, "status": 1, "size": "55021"}
    content = json.dumps({"code": 0, "data": {"photo_infos": [item], "total_count": 1}}).encode()
    page = Images.list(dataset_id="7").page(None).read(RawResponse(200, {}, content))
    (image,) = page.items
    assert (image.document_id, image.caption, image.size) == ("7412000000000000001", "", 55021)
    assert image.ready
    assert page.total == 1


def test_images_are_put_in_captioned_and_found(coze: ConnectedClient) -> None:
    datasets = coze.client.datasets
    dataset_id = coze.run(datasets.create(name="Album", workspace_id=WORKSPACE, format_type=2))
    files = [coze.run(coze.client.files.upload(PNG, name=name)) for name in ("cat.png", "dog.png")]
    bases = [DocumentBase.from_image(file.id, file.file_name) for file in files]
    made = coze.run(
        datasets.documents.create(
            dataset_id=dataset_id, documents=bases, chunk_strategy=ChunkStrategy.images(1), format_type=2
        )
    )
    ids = [document.document_id for document in made]
    coze.run(datasets.wait(dataset_id=dataset_id, document_ids=ids))
    coze.run(datasets.images.update(dataset_id=dataset_id, document_id=ids[0], caption="a cat in the sun"))
    found = coze.collect(datasets.images.list(dataset_id=dataset_id, keyword="cat in"))
    assert [(image.document_id, image.caption) for image in found] == [(ids[0], "a cat in the sun")]
    listed = coze.collect(datasets.images.list(dataset_id=dataset_id, page_size=1, concurrency=2))
    assert {image.document_id for image in listed} == set(ids)
