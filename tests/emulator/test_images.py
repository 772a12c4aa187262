"""Images of datasets: created from uploads, found by their captions."""

from __future__ import annotations

import pytest

from coze_client.emulator import Clock, Emulator
from tests.support.api_calls import Json, Wire, code, data
from tests.support.dataset_calls import (
    MANUAL,
    SYSTEM,
    create,
    created,
    dataset,
    documents,
    image,
    images,
    progress,
    whole,
)

GALLERY = {"format_type": 2, "chunk_strategy": MANUAL}


def caption(wire: Wire, dataset_id: str, document_id: str, text: object) -> int:
    return code(wire.put(f"/v1/datasets/{dataset_id}/images/{document_id}", json={"caption": text}))


def test_an_image_is_made_of_an_upload_and_told_with_its_caption(wire: Wire, emulator: Emulator) -> None:
    dataset_id, file_id = dataset(wire, format_type=2), wire.upload("cat.PNG", b"meow")["id"]
    [document_id] = created(wire, dataset_id, image(file_id, caption="a grey cat"), **GALLERY)
    [shown] = images(wire, dataset_id)
    assert (shown["document_id"], shown["name"], shown["caption"]) == (document_id, "cat", "a grey cat")
    assert (shown["type"], shown["size"], shown["status"], shown["source_type"]) == ("png", 4, 1, 5)
    assert file_id in shown["url"]
    assert progress(wire, dataset_id, document_id)[0]["url"] == shown["url"]
    [listed] = documents(wire, dataset_id)
    assert (listed["format_type"], listed["type"], listed["slice_count"]) == (2, "png", 1)
    assert [each.text for each in emulator.slices(document_id)] == ["a grey cat"]


def test_the_system_s_caption_says_only_what_is_known_without_looking(wire: Wire) -> None:
    dataset_id, file_id = dataset(wire, format_type=2), wire.upload("cat.png", b"meow")["id"]
    created(wire, dataset_id, image(file_id), format_type=2, chunk_strategy=SYSTEM)
    assert [item["caption"] for item in images(wire, dataset_id)] == ["cat.png: an image of type png with 4 bytes"]


def test_a_caption_is_replaced_and_the_image_found_by_the_new_one(emulator: Emulator, wire: Wire) -> None:
    emulator.clock = clock = Clock()
    dataset_id = dataset(wire, format_type=2)
    [document_id] = created(wire, dataset_id, image(wire.upload()["id"]), **GALLERY)
    assert (images(wire, dataset_id)[0]["caption"], emulator.slices(document_id)) == ("", [])
    clock.advance(60)
    for text in ("a grey cat", "a black cat"):
        assert caption(wire, dataset_id, document_id, text) == 0
    assert [each.text for each in emulator.slices(document_id)] == ["a black cat"]
    [shown] = images(wire, dataset_id)
    assert (shown["caption"], shown["update_time"] - shown["create_time"]) == ("a black cat", 60)


def test_images_are_found_by_caption_and_paged(wire: Wire) -> None:
    dataset_id = dataset(wire, format_type=2)
    file_id = wire.upload()["id"]
    for captions in ([f"Cat {number}" for number in range(10)], ["", "a dog"]):
        created(wire, dataset_id, *(image(file_id, caption=text) for text in captions), **GALLERY)
    assert [item["caption"] for item in images(wire, dataset_id, page_num=2)] == ["", "a dog"]
    assert [item["caption"] for item in images(wire, dataset_id, page_num=3, page_size=4)] == [
        "Cat 8",
        "Cat 9",
        "",
        "a dog",
    ]
    assert len(images(wire, dataset_id, keyword="cat", page_size=299)) == 10
    assert [item["caption"] for item in images(wire, dataset_id, has_caption="false")] == [""]
    assert len(images(wire, dataset_id, has_caption="true", page_size=299)) == 11
    assert len(images(wire, dataset_id, keyword="", has_caption="", page_size=299)) == 12
    where = f"/v1/datasets/{dataset_id}/images"
    assert data(wire.get(where, params={"page_size": 1}))["total_count"] == 12
    assert code(wire.get(where, params={"page_size": 300})) == 4000
    assert code(wire.get(where, params={"has_caption": "maybe"})) == 4000


def test_the_first_images_of_a_dataset_need_a_caption_type(wire: Wire) -> None:
    dataset_id, file_id = dataset(wire, format_type=2), wire.upload()["id"]
    for strategy in ({"chunk_type": 0}, {"caption_type": 2}):
        for base in (image(file_id), image(file_id, caption="a cat")):
            assert code(create(wire, dataset_id, base, format_type=2, chunk_strategy=strategy)) == 4000
    assert images(wire, dataset_id) == []
    created(wire, dataset_id, image(file_id), **GALLERY)
    assert whole(create(wire, dataset_id, image(file_id), format_type=2, chunk_strategy={"chunk_type": 0}))


@pytest.mark.parametrize(
    ("base", "why"),
    [
        (image("7490000000000000099"), "not one of your files"),
        (image("owl"), "decimal digits"),
        (image("7490000000000000001"), "notes.txt is not an image"),
        (image("7490000000000000001", document_source=5, name=""), "name is required"),
    ],
)
def test_what_is_no_image_is_4000(wire: Wire, base: Json, why: str) -> None:
    dataset_id = dataset(wire, format_type=2)
    wire.upload("notes.txt")
    refused = create(wire, dataset_id, base, **GALLERY)
    assert (code(refused), why in refused.json()["msg"]) == (4000, True), refused.text
    assert images(wire, dataset_id) == []


def test_an_image_is_of_the_caller_s_own_uploads(wire: Wire, emulator: Emulator) -> None:
    dataset_id = dataset(wire, format_type=2)
    with Wire(emulator, emulator.issue_token(account="7")) as other:
        foreign = other.upload()["id"]
    refused = create(wire, dataset_id, image(foreign), **GALLERY)
    assert (code(refused), "not one of your files" in refused.json()["msg"]) == (4000, True)


def test_captions_belong_to_images_of_their_dataset_and_account(wire: Wire, emulator: Emulator) -> None:
    mine, other, texts = dataset(wire, format_type=2), dataset(wire, format_type=2), dataset(wire)
    [document_id] = created(wire, mine, image(wire.upload()["id"], caption="a cat"), **GALLERY)
    assert caption(wire, other, document_id, "a dog") == 4200
    assert caption(wire, mine, "7441000000000000099", "a dog") == 4200
    assert caption(wire, mine, document_id, "") == 4000
    assert caption(wire, texts, document_id, "a dog") == 4000
    assert code(wire.get(f"/v1/datasets/{texts}/images")) == 4000
    with Wire(emulator, emulator.issue_token(account="7")) as stranger:
        assert caption(stranger, mine, document_id, "a dog") == 4101
        assert code(stranger.get(f"/v1/datasets/{mine}/images")) == 4101
    assert [item["caption"] for item in images(wire, mine)] == ["a cat"]


def test_the_studio_wants_a_page_size_and_changes_no_captions(studio_wire: Wire) -> None:
    dataset_id = dataset(studio_wire, format_type=2)
    where = f"/v1/datasets/{dataset_id}/images"
    assert studio_wire.get(where).json()["code"] == 400
    assert data(studio_wire.get(where, params={"page_size": 10})) == {"photo_infos": [], "total_count": 0}
    assert studio_wire.put(f"{where}/1", json={"caption": "a cat"}).status_code in (401, 404)
