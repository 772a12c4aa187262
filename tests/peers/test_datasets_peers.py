"""The official clients fill datasets; a test named after a client shows where it differs from the API."""

from __future__ import annotations

import pytest

from benchmarks.line_process import LineProcess
from coze_client.emulator import Emulator, faults
from tests.peers.peer import CozeJs, CozePy, Peer, PeerRaised
from tests.support.api_calls import ApiClient, Json
from tests.support.dataset_calls import IDS_AS_TEXT, WORKSPACE_ID, file, payload, post_document_call, web_page

CREATE = "/open_api/knowledge/document/create"
LINES = ["custom", 100, "\n"]
Texts = list[str]


def local(name: str, text: str) -> Json:
    """Return a document for cozepy, whose process makes it with cozepy's builder."""
    return {"name": name, "source": ["local_file", text, "txt"]}


def create_documents(cozepy: CozePy, **given: object) -> list[Json]:
    """Create documents with the blocking client; the asyncio client cannot send a format_type."""
    blocking = CozePy(cozepy.process, cozepy.emulator, asyncio=False)
    return list(blocking("datasets.documents.create", **given))


def names(items: list[Json], key: str = "name") -> Texts:
    return [item[key] for item in items]


def slices(emulator: Emulator, document_id: str) -> Texts:
    return [each.text for each in emulator.slices(document_id)]


@pytest.fixture
def dataset_id(emulator: Emulator) -> str:
    """An empty dataset for texts, created by plain HTTP."""
    return dataset(emulator, 0)


def dataset(emulator: Emulator, format_type: int) -> str:
    with ApiClient(emulator) as api:
        made = api.post("/v1/datasets", json={"name": "Library", "space_id": WORKSPACE_ID, "format_type": format_type})
        return str(payload(made)["data"]["dataset_id"])


# --- cozepy ---


def test_datasets_of_cozepy_are_made_listed_changed_and_deleted(cozepy: CozePy, api: ApiClient) -> None:
    icon = api.upload("icon.png")["id"]
    given = {"name": "Owls", "space_id": WORKSPACE_ID, "format_type": 0, "description": "all", "icon_file_id": icon}
    ids = [cozepy("datasets.create", **given)["dataset_id"] for _ in range(3)]
    listed = cozepy("datasets.list", space_id=WORKSPACE_ID, page_size=2)
    assert names(listed, "dataset_id") == ids
    assert (listed[0]["description"], listed[0]["all_file_size"], icon in listed[0]["icon_url"]) == ("all", 0, True)
    cozepy("datasets.update", dataset_id=ids[0], name="Birds")
    cozepy("datasets.delete", dataset_id=ids[1])
    assert names(cozepy("datasets.list", space_id=WORKSPACE_ID)) == ["Birds", "Owls"]
    # without format_type: cozepy on Python 3.10 sends "DocumentFormatType.DOCUMENT"
    assert names(cozepy("datasets.list", space_id=WORKSPACE_ID, name="bird")) == ["Birds"]


def test_documents_of_cozepy_are_made_followed_listed_renamed_and_deleted(
    cozepy: CozePy, emulator: Emulator, dataset_id: str
) -> None:
    bases = [local("owl.txt", "the owl\nthe pussycat"), local("empty.txt", " ")]
    made = create_documents(cozepy, dataset_id=dataset_id, document_bases=bases, chunk_strategy=LINES)
    ids = names(made, "document_id")
    assert [document["status"] for document in made] == [0, 0]
    shown = cozepy("datasets.process", dataset_id=dataset_id, document_ids=ids)
    assert [(item["status"], item["progress"]) for item in shown] == [(1, 100), (9, 100)]
    assert "contains no text" in shown[1]["status_descript"]
    assert slices(emulator, ids[0]) == ["the owl", "the pussycat"]
    cozepy("datasets.documents.update", document_id=ids[0], document_name="bird.txt")
    listed = cozepy("datasets.documents.list", dataset_id=dataset_id, page_size=1)
    assert names(listed) == ["bird.txt", "empty.txt"]
    assert (listed[0]["slice_count"], listed[0]["chunk_strategy"]["max_tokens"]) == (2, 100)
    cozepy("datasets.documents.delete", document_ids=ids)
    assert cozepy("datasets.documents.list", dataset_id=dataset_id) == []


def test_a_web_page_comes_with_cozepy_s_rule(cozepy: CozePy, emulator: Emulator, dataset_id: str) -> None:
    page = {"name": "page", "source": ["web_page", f"{emulator.url}/v1/users/me"], "rule": ["auto_update", 24]}
    [made] = create_documents(cozepy, dataset_id=dataset_id, document_bases=[page], chunk_strategy=["auto"])
    assert (made["source_type"], made["update_type"], made["update_interval"]) == (1, 1, 24)
    [shown] = cozepy("datasets.process", dataset_id=dataset_id, document_ids=[made["document_id"]])
    assert (shown["status"], shown["url"]) == (9, f"{emulator.url}/v1/users/me")


def test_images_of_cozepy_are_made_listed_and_described(cozepy: CozePy, emulator: Emulator, api: ApiClient) -> None:
    gallery = dataset(emulator, 2)
    with pytest.raises(PeerRaised, match="caption_type is required"):
        create_documents(cozepy, **pictures(api, gallery), chunk_strategy=["auto"])
    api.post(CREATE, headers=IDS_AS_TEXT, json=first_image(api, gallery))
    create_documents(cozepy, **pictures(api, gallery), chunk_strategy=["auto"])
    listed = cozepy("datasets.images.list", dataset_id=gallery, page_size=1)
    assert [(photo["type"], photo["status"], photo["source_type"]) for photo in listed] == [("png", 1, 5)] * 2
    cozepy("datasets.images.update", dataset_id=gallery, document_id=listed[0]["document_id"], caption="an owl")
    assert names(cozepy("datasets.images.list", dataset_id=gallery, keyword="owl"), "caption") == ["an owl"]
    assert len(cozepy("datasets.images.list", dataset_id=gallery, has_caption=True)) == 2


def pictures(api: ApiClient, gallery: str) -> Json:
    bases = [{"name": "cat", "source": ["file_id", api.upload()["id"]]}]
    return {"dataset_id": gallery, "document_bases": bases, "format_type": 2}


def first_image(api: ApiClient, gallery: str) -> Json:
    """Return a request for the first image, with a caption_type, which no builder of cozepy can send."""
    source = {"source_file_id": api.upload()["id"], "document_source": 5}
    bases = [{"name": "first", "source_info": source}]
    return {"dataset_id": gallery, "document_bases": bases, "format_type": 2, "chunk_strategy": {"caption_type": 0}}


def test_a_refusal_about_a_dataset_reaches_cozepy_with_code_and_logid(cozepy: CozePy, emulator: Emulator) -> None:
    with pytest.raises(PeerRaised, match="logid: 2") as refused:
        cozepy("datasets.delete", dataset_id="7440000000000000099")
    assert refused.value.code == 4200
    cozepy.token = emulator.issue_token(scopes={"listKnowledge"})
    with pytest.raises(PeerRaised, match="createKnowledge") as refused:
        cozepy("datasets.create", name="Owls", space_id=WORKSPACE_ID, format_type=0)
    assert refused.value.code == 4101


def test_cozepy_sends_no_chunk_strategy_unless_told_which_is_refused(cozepy: CozePy, dataset_id: str) -> None:
    """The API page says that it is always required."""
    with pytest.raises(PeerRaised, match="chunk_strategy are required"):
        create_documents(cozepy, dataset_id=dataset_id, document_bases=[local("owl.txt", "the owl")])


def test_cozepy_never_says_the_format_by_its_asyncio_client_which_is_refused(
    cozepy_process: LineProcess, emulator: Emulator, dataset_id: str
) -> None:
    """The table of the API page says that it is required, although its examples omit it."""
    cozepy = CozePy(cozepy_process, emulator, asyncio=True)
    given = {"dataset_id": dataset_id, "document_bases": [local("owl.txt", "the owl")], "chunk_strategy": LINES}
    with pytest.raises(PeerRaised, match="format_type and"):
        cozepy("datasets.documents.create", **given)


def test_cozepy_cannot_read_new_documents_as_the_documentation_shows_them(
    cozepy: CozePy, emulator: Emulator, dataset_id: str
) -> None:
    emulator.inject(faults.NullFields(["source_type", "update_type"]), CREATE)
    given = {"dataset_id": dataset_id, "document_bases": [local("owl.txt", "the owl")], "chunk_strategy": LINES}
    with pytest.raises(PeerRaised, match="source_type"):
        create_documents(cozepy, **given)


def test_cozepy_cannot_send_an_update_rule(cozepy: CozePy, api: ApiClient, dataset_id: str) -> None:
    body = {"dataset_id": dataset_id, "document_bases": [web_page("http://127.0.0.1:9/")], "format_type": 0}
    [made] = payload(post_document_call(api, "create", {**body, "chunk_strategy": {"chunk_type": 0}}))["document_infos"]
    with pytest.raises(PeerRaised, match="JSON serializable"):
        cozepy("datasets.documents.update", document_id=made["document_id"], update_rule=["auto_update", 24])


def test_cozepy_misses_documents_of_the_studio_whose_pages_start_at_nought(cozepy_on_studio: CozePy) -> None:
    dataset_id = cozepy_on_studio.emulator.add_dataset("Many", {f"{number}": "words" for number in range(15)})
    listed = cozepy_on_studio("datasets.documents.list", dataset_id=dataset_id)
    assert names(listed) == [str(number) for number in range(10, 15)]


def test_cozepy_asks_the_studio_for_progress_in_texts_which_is_refused(cozepy_on_studio: CozePy) -> None:
    dataset_id = cozepy_on_studio.emulator.add_dataset("Owls", {"owl": "hoot"})
    [owl] = cozepy_on_studio.emulator.documents(dataset_id)
    with pytest.raises(PeerRaised) as refused:
        cozepy_on_studio("datasets.process", dataset_id=dataset_id, document_ids=[owl.id])
    assert refused.value.code == 400


# --- @coze/api ---


def test_datasets_of_coze_js_are_made_listed_changed_and_deleted(coze_js: CozeJs) -> None:
    made = coze_js("datasets.create", {"name": "Owls", "space_id": WORKSPACE_ID, "format_type": 0})
    listed = coze_js("datasets.list", {"space_id": WORKSPACE_ID})
    assert (listed["total_count"], names(listed["dataset_list"])) == (1, ["Owls"])
    coze_js("datasets.update", made["dataset_id"], {"name": "Birds"})
    assert names(coze_js("datasets.list", {"space_id": WORKSPACE_ID})["dataset_list"]) == ["Birds"]
    coze_js("datasets.delete", made["dataset_id"])
    assert coze_js("datasets.list", {"space_id": WORKSPACE_ID})["total_count"] == 0


def js_documents(coze_js: Peer, dataset_id: str, *bases: Json) -> list[Json]:
    strategy = {"chunk_type": 1, "separator": "\n", "max_tokens": 100}
    given = {"dataset_id": dataset_id, "document_bases": bases, "chunk_strategy": strategy, "format_type": 0}
    return list(coze_js("datasets.documents.create", given))


def test_documents_of_coze_js_are_made_followed_listed_renamed_and_deleted(
    coze_js: CozeJs, emulator: Emulator, dataset_id: str
) -> None:
    [made] = js_documents(coze_js, dataset_id, file("owl.txt", "the owl\nthe pussycat"))
    document_id = made["document_id"]
    assert slices(emulator, document_id) == ["the owl", "the pussycat"]
    shown = coze_js("datasets.process", dataset_id, {"document_ids": [document_id]})
    assert [(item["status"], item["progress"]) for item in shown["data"]] == [(1, 100)]
    coze_js("datasets.documents.update", {"document_id": document_id, "document_name": "bird.txt"})
    listed = coze_js("datasets.documents.list", {"dataset_id": dataset_id})
    assert (listed["total"], names(listed["document_infos"])) == (1, ["bird.txt"])
    coze_js("datasets.documents.delete", {"document_ids": [document_id]})
    assert coze_js("datasets.documents.list", {"dataset_id": dataset_id})["total"] == 0


def test_images_of_coze_js_are_made_listed_and_described(coze_js: CozeJs, emulator: Emulator, api: ApiClient) -> None:
    gallery = dataset(emulator, 2)
    [made] = coze_js("datasets.documents.create", first_image(api, gallery))
    coze_js("datasets.images.update", gallery, made["document_id"], {"caption": "an owl"})
    listed = coze_js("datasets.images.list", gallery, {"keyword": "owl", "page_size": 299})
    assert (listed["total_count"], names(listed["photo_infos"], "caption")) == (1, ["an owl"])


def test_coze_js_asks_for_a_size_of_pages_that_nobody_knows(coze_js: CozeJs, emulator: Emulator) -> None:
    dataset_id = emulator.add_dataset("Many", {f"{number}": "words" for number in range(15)})
    listed = coze_js("datasets.documents.list", {"dataset_id": dataset_id, "page_size": 15})
    assert len(listed["document_infos"]) == 10


def test_coze_js_lists_documents_by_get_in_its_older_call_which_is_no_route(coze_js: CozeJs, dataset_id: str) -> None:
    with pytest.raises(PeerRaised) as refused:
        coze_js("knowledge.documents.list", {"dataset_id": dataset_id})
    assert refused.value.code == 4200
