"""Images of datasets: created from uploads, found by their captions."""

from __future__ import annotations

import pytest

from coze_client.emulator import Clock, Emulator
from tests.support.api_calls import ApiClient, Json, code, data
from tests.support.dataset_calls import (
    AUTOMATIC_CAPTIONS,
    MANUAL_CAPTIONS,
    create_dataset,
    create_documents,
    image,
    list_documents,
    list_images,
    payload,
    post_documents,
    progress,
)

GALLERY = {"format_type": 2, "chunk_strategy": MANUAL_CAPTIONS}


def caption(api: ApiClient, dataset_id: str, document_id: str, text: object) -> int:
    return code(api.put(f"/v1/datasets/{dataset_id}/images/{document_id}", json={"caption": text}))


def test_an_image_is_made_of_an_upload_and_told_with_its_caption(api: ApiClient, emulator: Emulator) -> None:
    dataset_id, file_id = create_dataset(api, format_type=2), api.upload("cat.PNG", b"meow")["id"]
    [document_id] = create_documents(api, dataset_id, image(file_id, caption="a grey cat"), **GALLERY)
    [shown] = list_images(api, dataset_id)
    assert (shown["document_id"], shown["name"], shown["caption"]) == (document_id, "cat", "a grey cat")
    assert (shown["type"], shown["size"], shown["status"], shown["source_type"]) == ("png", 4, 1, 5)
    assert file_id in shown["url"]
    assert progress(api, dataset_id, document_id)[0]["url"] == shown["url"]
    [listed] = list_documents(api, dataset_id)
    assert (listed["format_type"], listed["type"], listed["slice_count"]) == (2, "png", 1)
    assert [each.text for each in emulator.slices(document_id)] == ["a grey cat"]


def test_the_system_s_caption_says_only_what_is_known_without_looking(api: ApiClient) -> None:
    dataset_id, file_id = create_dataset(api, format_type=2), api.upload("cat.png", b"meow")["id"]
    create_documents(api, dataset_id, image(file_id), format_type=2, chunk_strategy=AUTOMATIC_CAPTIONS)
    assert [item["caption"] for item in list_images(api, dataset_id)] == ["cat.png: an image of type png with 4 bytes"]


def test_a_caption_is_replaced_and_the_image_found_by_the_new_one(emulator: Emulator, api: ApiClient) -> None:
    emulator.clock = clock = Clock()
    dataset_id = create_dataset(api, format_type=2)
    [document_id] = create_documents(api, dataset_id, image(api.upload()["id"]), **GALLERY)
    assert (list_images(api, dataset_id)[0]["caption"], emulator.slices(document_id)) == ("", [])
    clock.advance(60)
    for text in ("a grey cat", "a black cat"):
        assert caption(api, dataset_id, document_id, text) == 0
    assert [each.text for each in emulator.slices(document_id)] == ["a black cat"]
    [shown] = list_images(api, dataset_id)
    assert (shown["caption"], shown["update_time"] - shown["create_time"]) == ("a black cat", 60)


def test_images_are_found_by_caption_and_paged(api: ApiClient) -> None:
    dataset_id = create_dataset(api, format_type=2)
    file_id = api.upload()["id"]
    for captions in ([f"Cat {number}" for number in range(10)], ["", "a dog"]):
        create_documents(api, dataset_id, *(image(file_id, caption=text) for text in captions), **GALLERY)
    assert [item["caption"] for item in list_images(api, dataset_id, page_num=2)] == ["", "a dog"]
    assert [item["caption"] for item in list_images(api, dataset_id, page_num=3, page_size=4)] == [
        "Cat 8",
        "Cat 9",
        "",
        "a dog",
    ]
    assert len(list_images(api, dataset_id, keyword="cat", page_size=299)) == 10
    assert [item["caption"] for item in list_images(api, dataset_id, has_caption="false")] == [""]
    assert len(list_images(api, dataset_id, has_caption="true", page_size=299)) == 11
    assert len(list_images(api, dataset_id, keyword="", has_caption="", page_size=299)) == 12
    where = f"/v1/datasets/{dataset_id}/images"
    assert data(api.get(where, params={"page_size": 1}))["total_count"] == 12
    assert code(api.get(where, params={"page_size": 300})) == 4000
    assert code(api.get(where, params={"has_caption": "maybe"})) == 4000


def test_the_first_images_of_a_dataset_need_a_caption_type(api: ApiClient) -> None:
    dataset_id, file_id = create_dataset(api, format_type=2), api.upload()["id"]
    for strategy in ({"chunk_type": 0}, {"caption_type": 2}):
        for base in (image(file_id), image(file_id, caption="a cat")):
            assert code(post_documents(api, dataset_id, base, format_type=2, chunk_strategy=strategy)) == 4000
    assert list_images(api, dataset_id) == []
    create_documents(api, dataset_id, image(file_id), **GALLERY)
    assert payload(post_documents(api, dataset_id, image(file_id), format_type=2, chunk_strategy={"chunk_type": 0}))


@pytest.mark.parametrize(
    ("base", "why"),
    [
        (image("7490000000000000099"), "not one of your files"),
        (image("owl"), "decimal digits"),
        (image("7490000000000000001"), "notes.txt is not an image"),
        (image("7490000000000000001", document_source=5, name=""), "name is required"),
    ],
)
def test_what_is_no_image_is_4000(api: ApiClient, base: Json, why: str) -> None:
    dataset_id = create_dataset(api, format_type=2)
    api.upload("notes.txt")
    refused = post_documents(api, dataset_id, base, **GALLERY)
    assert (code(refused), why in refused.json()["msg"]) == (4000, True), refused.text
    assert list_images(api, dataset_id) == []


def test_an_image_is_of_the_caller_s_own_uploads(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = create_dataset(api, format_type=2)
    with ApiClient(emulator, emulator.issue_token(account="7")) as other:
        foreign = other.upload()["id"]
    refused = post_documents(api, dataset_id, image(foreign), **GALLERY)
    assert (code(refused), "not one of your files" in refused.json()["msg"]) == (4000, True)


def test_captions_belong_to_images_of_their_dataset_and_account(api: ApiClient, emulator: Emulator) -> None:
    mine, other, texts = create_dataset(api, format_type=2), create_dataset(api, format_type=2), create_dataset(api)
    [document_id] = create_documents(api, mine, image(api.upload()["id"], caption="a cat"), **GALLERY)
    assert caption(api, other, document_id, "a dog") == 4200
    assert caption(api, mine, "7441000000000000099", "a dog") == 4200
    assert caption(api, mine, document_id, "") == 4000
    assert caption(api, texts, document_id, "a dog") == 4000
    assert code(api.get(f"/v1/datasets/{texts}/images")) == 4000
    with ApiClient(emulator, emulator.issue_token(account="7")) as stranger:
        assert caption(stranger, mine, document_id, "a dog") == 4101
        assert code(stranger.get(f"/v1/datasets/{mine}/images")) == 4101
    assert [item["caption"] for item in list_images(api, mine)] == ["a cat"]


def test_the_studio_wants_a_page_size_and_changes_no_captions(studio_api: ApiClient) -> None:
    dataset_id = create_dataset(studio_api, format_type=2)
    where = f"/v1/datasets/{dataset_id}/images"
    assert studio_api.get(where).json()["code"] == 400
    assert data(studio_api.get(where, params={"page_size": 10})) == {"photo_infos": [], "total_count": 0}
    assert studio_api.put(f"{where}/1", json={"caption": "a cat"}).status_code in (401, 404)
