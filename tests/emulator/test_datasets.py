"""Datasets: their routes, their owners, and the progress of their documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_client.emulator import Clock, Emulator
from tests.support.api_calls import ApiClient, code, data
from tests.support.dataset_calls import (
    WORKSPACE_ID,
    create_dataset,
    create_documents,
    file,
    list_datasets,
    list_documents,
    payload,
    post_documents,
    progress,
)
from tests.support.sample_files import pdf


def test_a_dataset_is_made_listed_changed_and_deleted(api: ApiClient, emulator: Emulator) -> None:
    icon = api.upload("icon.png")["id"]
    dataset_id = create_dataset(api, "Owls", description="all of them", file_id=icon)
    [shown] = list_datasets(api)
    assert (shown["dataset_id"], shown["name"], shown["description"]) == (dataset_id, "Owls", "all of them")
    assert (shown["space_id"], shown["format_type"], icon in shown["icon_uri"]) == (WORKSPACE_ID, 0, True)
    assert payload(api.put(f"/v1/datasets/{dataset_id}", json={"name": "Birds", "file_id": icon}))
    [shown] = list_datasets(api)
    assert (shown["name"], shown["description"], icon in shown["icon_uri"]) == ("Birds", "", True)
    [document_id] = create_documents(api, dataset_id, file("owl.txt"))
    assert payload(api.delete(f"/v1/datasets/{dataset_id}"))
    assert (list_datasets(api), emulator.documents(dataset_id), emulator.slices(document_id)) == ([], [], [])


def test_bots_lose_a_deleted_dataset_as_drafts_and_online(api: ApiClient, emulator: Emulator) -> None:
    kept, lost = emulator.add_dataset("Kept", {"owl": "the owl"}), emulator.add_dataset("Lost", {"cat": "the cat"})
    scripted = emulator.add_bot("reader", dataset_ids=[kept, lost])
    made = data(api.post("/v1/bot/create", json={"space_id": WORKSPACE_ID, "name": "Guide"}))["bot_id"]
    knowledge = {"dataset_ids": [kept, lost], "auto_call": False}
    assert code(api.post("/v1/bot/update", json={"bot_id": made, "knowledge": knowledge})) == 0
    assert code(api.post("/v1/bot/publish", json={"bot_id": made, "connector_ids": ["1024"]})) == 0
    assert [item["bot_used_count"] for item in list_datasets(api)] == [2, 2]
    assert code(api.delete(f"/v1/datasets/{lost}")) == 0
    for bot_id in (scripted, made):
        for published in ("true", "false"):
            shown = data(api.get(f"/v1/bots/{bot_id}", params={"is_published": published}))
            assert shown["knowledge"]["knowledge_infos"] == [{"id": kept, "name": "Kept"}]


def test_what_an_update_leaves_out_is_cleared(api: ApiClient) -> None:
    dataset_id = create_dataset(api, description="all of them", file_id=api.upload("icon.png")["id"])
    api.put(f"/v1/datasets/{dataset_id}", json={"name": "Birds"})
    assert [(item["description"], item["icon_uri"]) for item in list_datasets(api)] == [("", "")]


def test_a_list_tells_what_became_of_the_documents(api: ApiClient) -> None:
    dataset_id = create_dataset(api)
    post_documents(api, dataset_id, file("good.txt", "12345"), file("bad.pdf", b"%PDF-"))
    [shown] = list_datasets(api)
    assert (shown["doc_count"], shown["slice_count"], shown["all_file_size"]) == (2, 1, "10")
    assert (shown["file_list"], shown["failed_file_list"]) == (["good.txt", "bad.pdf"], ["bad.pdf"])
    assert (shown["processing_file_list"], shown["processing_file_id_list"]) == ([], [])


def test_lists_are_filtered_and_paged(api: ApiClient) -> None:
    for number in range(12):
        create_dataset(api, f"Library {number}", format_type=2 if number == 7 else 0)
    assert [item["name"] for item in list_datasets(api, page_num=2)] == ["Library 10", "Library 11"]
    assert [item["name"] for item in list_datasets(api, page_num=2, page_size=5)] == [
        f"Library {n}" for n in range(5, 10)
    ]
    assert [item["name"] for item in list_datasets(api, name="LIBRARY 1")] == ["Library 1", "Library 10", "Library 11"]
    assert [item["name"] for item in list_datasets(api, format_type=2)] == ["Library 7"]
    assert list_datasets(api, space_id="7340000000000000002") == []
    assert data(api.get("/v1/datasets", params={"space_id": WORKSPACE_ID, "page_size": 1}))["total_count"] == 12


@pytest.mark.parametrize(
    "query", [{}, {"space_id": WORKSPACE_ID, "page_size": 301}, {"space_id": WORKSPACE_ID, "page_num": 0}]
)
def test_a_list_needs_a_workspace_and_a_page_that_exists(api: ApiClient, query: dict[str, str]) -> None:
    assert code(api.get("/v1/datasets", params=query)) == 4000


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"format_type": 1},
        {"format_type": None},
        {"space_id": None},
        {"file_id": "7490000000000000099"},
    ],
)
def test_a_dataset_that_the_api_refuses_is_4000(api: ApiClient, wrong: dict[str, object]) -> None:
    given = {"name": "Library", "space_id": WORKSPACE_ID, "format_type": 0, **wrong}
    assert code(api.post("/v1/datasets", json=given)) == 4000
    assert list_datasets(api) == []


def test_a_dataset_belongs_to_its_account(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = create_dataset(api)
    with ApiClient(emulator, emulator.issue_token(account="7")) as other:
        assert list_datasets(other) == []
        one = f"/v1/datasets/{dataset_id}"
        assert code(other.put(one, json={"name": "Mine"})) == 4101
        assert code(other.post(f"{one}/process", json={"document_ids": ["1"]})) == 4101
        assert code(other.delete(one)) == 4101
    assert code(api.delete("/v1/datasets/7440000000000000099")) == 4200
    assert [item["name"] for item in list_datasets(api)] == ["Library"]


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("POST", "/v1/datasets", "createKnowledge"),
        ("GET", "/v1/datasets", "listKnowledge"),
        ("PUT", "/v1/datasets/1", "update"),
        ("DELETE", "/v1/datasets/1", "delete"),
        ("POST", "/v1/datasets/1/process", "readDocumentProgress"),
        ("GET", "/v1/datasets/1/images", "listPhoto"),
        ("PUT", "/v1/datasets/1/images/1", "updatePhoto"),
        ("POST", "/open_api/knowledge/document/create", "createDocument"),
        ("POST", "/open_api/knowledge/document/list", "listDocument"),
        ("POST", "/open_api/knowledge/document/update", "updateDocument"),
        ("POST", "/open_api/knowledge/document/delete", "deleteDocument"),
    ],
)
def test_each_call_asks_for_its_permission(emulator: Emulator, method: str, path: str, needed: str) -> None:
    for scopes, allowed in (({needed}, True), ({"other"}, False)):
        with ApiClient(emulator, emulator.issue_token(scopes=scopes)) as api:
            assert (code(api.request(method, path)) == 4101) is not allowed


def test_a_document_is_ready_at_the_first_look_unless_told_otherwise(api: ApiClient) -> None:
    dataset_id = create_dataset(api)
    [fresh] = payload(post_documents(api, dataset_id, file("owl.txt", "some words")))["document_infos"]
    assert (fresh["status"], fresh["slice_count"], fresh["char_count"]) == (0, 0, 0)
    [shown] = progress(api, dataset_id, fresh["document_id"])
    assert shown == {
        "document_id": fresh["document_id"],
        "document_name": "owl.txt",
        "url": "",
        "size": 10,
        "type": "txt",
        "status": 1,
        "progress": 100,
        "remaining_time": 0,
        "update_type": 0,
        "update_interval": 0,
    }


def test_looks_bring_a_document_to_its_end() -> None:
    with Emulator(processing_looks=3) as emulator, ApiClient(emulator) as api:
        dataset_id = create_dataset(api)
        [document_id] = create_documents(api, dataset_id, file("owl.txt"))
        [first] = progress(api, dataset_id, document_id)
        assert (first["status"], first["progress"], first["remaining_time"]) == (0, 0, 3)
        [second] = list_documents(api, dataset_id)
        assert (second["status"], second["slice_count"]) == (0, 0)
        assert [item["processing_file_id_list"] for item in list_datasets(api)] == [[document_id]]
        [third] = progress(api, dataset_id, document_id)
        assert (third["status"], third["progress"], third["remaining_time"]) == (0, 66, 1)
        [last] = list_documents(api, dataset_id)
        assert (last["status"], last["slice_count"], last["char_count"]) == (1, 1, 10)


def test_time_brings_a_document_to_its_end_and_a_failure_is_not_told_before() -> None:
    clock = Clock()
    with Emulator(clock=clock, processing_seconds=20) as emulator, ApiClient(emulator) as api:
        dataset_id = create_dataset(api)
        [document_id] = create_documents(api, dataset_id, file("owl.pdf", b"%PDF-"))
        clock.advance(15)
        [shown] = progress(api, dataset_id, document_id)
        assert (shown["status"], shown["progress"], shown["remaining_time"]) == (0, 74, 5)
        assert "status_descript" not in shown
        clock.advance(5)
        [shown] = progress(api, dataset_id, document_id)
        assert (shown["status"], shown["progress"], shown["remaining_time"]) == (9, 100, 0)
        assert "not a readable PDF" in shown["status_descript"]


def test_documents_of_other_datasets_are_left_out_of_the_progress(api: ApiClient) -> None:
    mine, other = create_dataset(api), create_dataset(api, "Other")
    [here], [there] = create_documents(api, mine, file("a.txt")), create_documents(api, other, file("b.txt"))
    shown = progress(api, mine, here, there, "7441000000000000099")
    assert [item["document_id"] for item in shown] == [here]


@pytest.mark.parametrize("ids", [None, [], ["owl"], [True], "7"])
def test_progress_wants_a_list_of_ids(api: ApiClient, ids: object) -> None:
    answer = api.post(f"/v1/datasets/{create_dataset(api)}/process", json={"document_ids": ids})
    assert code(answer) == 4000


def test_datasets_outlive_the_process_in_a_file(tmp_path: Path) -> None:
    with Emulator(data=tmp_path / "coze.db") as emulator, ApiClient(emulator) as api:
        dataset_id = create_dataset(api)
        [document_id] = create_documents(api, dataset_id, file("owl.txt", "the owl"))
    with Emulator(data=tmp_path / "coze.db") as emulator, ApiClient(emulator) as api:
        assert [item["dataset_id"] for item in list_datasets(api)] == [dataset_id]
        assert [each.text for each in emulator.slices(document_id)] == ["the owl"]
        assert create_documents(api, dataset_id, file("owl.txt")) != [document_id]


def test_a_test_starts_with_a_dataset_that_is_ready(tmp_path: Path) -> None:
    (tmp_path / "cat.txt").write_text("the cat")
    given: dict[str, str | bytes | Path] = {
        "owl": "the owl\nthe pussycat",
        "boat.pdf": pdf("a pea-green boat"),
        "cat": tmp_path / "cat.txt",
    }
    with Emulator(processing_looks=9, processing_seconds=9) as emulator, ApiClient(emulator) as api:
        dataset_id = emulator.add_dataset("Lear", given, separator="\n")
        assert emulator.datasets == {"Lear": dataset_id}
        assert [(item["name"], item["type"], item["status"]) for item in list_documents(api, dataset_id)] == [
            ("owl", "txt", 1),
            ("boat.pdf", "pdf", 1),
            ("cat", "txt", 1),
        ]
        texts = [[each.text for each in emulator.slices(document.id)] for document in emulator.documents(dataset_id)]
        assert texts == [["the owl", "the pussycat"], ["a pea-green boat"], ["the cat"]]


def test_a_test_starts_with_a_folder(emulator: Emulator, tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "deep/c.html", "ignored.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("words")
    dataset_id = emulator.add_dataset("Folder", tmp_path, workspace_id="8")
    assert [document.name for document in emulator.documents(dataset_id)] == ["a.md", "b.txt", "deep/c.html"]
    with pytest.raises(ValueError, match="is not a folder that contains files"):
        emulator.add_dataset("Nothing", tmp_path / "nowhere")


def test_a_dataset_of_what_cannot_be_parsed_is_not_made(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match=r"old\.doc: .* save it as \.docx"):
        emulator.add_dataset("Broken", {"fine": "words", "old.doc": b"\xd0\xcf"})
    assert emulator.datasets == {}


# --- the studio ---


def test_the_studio_lists_everything_and_makes_tables(studio_api: ApiClient) -> None:
    for number in range(12):
        create_dataset(studio_api, f"Library {number}", format_type=1)
    assert len(list_datasets(studio_api)) == 12
    assert len(list_datasets(studio_api, page_num=1)) == 10


def test_the_studio_refuses_the_progress_of_strange_documents(studio_api: ApiClient) -> None:
    dataset_id = create_dataset(studio_api)
    [document_id] = create_documents(
        studio_api, dataset_id, {"name": "owl", "source_info": {"custom_content": "the owl"}}
    )
    assert [item["status"] for item in progress(studio_api, dataset_id, int(document_id))] == [1]
    strange = {"document_ids": [int(document_id), 7441000000000000099]}
    assert code(studio_api.post(f"/v1/datasets/{dataset_id}/process", json=strange)) == 105000001
    assert code(studio_api.delete("/v1/datasets/7440000000000000099")) == 105000011


@pytest.mark.parametrize("ids", [["1"], [1, "2"], [1.5], [True], [None], [2**63], ["x"], [[1]], "1", {"1": 1}])
def test_the_studio_takes_the_progress_ids_as_numbers_alone(studio_api: ApiClient, ids: object) -> None:
    refused = studio_api.post(f"/v1/datasets/{create_dataset(studio_api)}/process", json={"document_ids": ids})
    assert (refused.status_code, refused.json()["code"]) == (400, 400)
