"""Documents: valid sources, their processing, and invalid requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.text import web_pages
from tests.support.api_calls import ApiClient, Json, code
from tests.support.dataset_calls import (
    AUTOMATIC_CAPTIONS,
    AUTOMATIC_CHUNKS,
    DOCUMENT,
    LINE_CHUNKS,
    create_dataset,
    create_documents,
    file,
    image,
    list_documents,
    payload,
    post_document_call,
    post_documents,
    progress,
    web_page,
)
from tests.support.raw_server import RawServer
from tests.support.sample_files import pdf, word


def texts(emulator: Emulator, document_id: str) -> list[str]:
    return [each.text for each in emulator.slices(document_id)]


def failure(api: ApiClient, dataset_id: str, document_id: str) -> str:
    [shown] = progress(api, dataset_id, document_id)
    assert shown["status"] == 9
    return str(shown["status_descript"])


def test_files_of_every_kind_become_slices(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = create_dataset(api)
    bases = [
        file("a.txt", "the owl"),
        file("b.txt", "静夜思".encode("gb18030")),
        file("c.pdf", pdf("the pussycat")),
        file("d.docx", word("the sea", "the boat")),
    ]
    ids = create_documents(api, dataset_id, *bases)
    assert [texts(emulator, each) for each in ids] == [
        ["the owl"],
        ["静夜思"],
        ["the pussycat"],
        ["the sea\nthe boat"],
    ]
    shown = list_documents(api, dataset_id)
    assert [(item["status"], item["char_count"], item["slice_count"]) for item in shown] == [
        (1, 7, 1),
        (1, 3, 1),
        (1, 12, 1),
        (1, 16, 1),
    ]
    assert [item["document_id"] for item in shown] == ids


def test_a_custom_strategy_cuts_and_is_told_again(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = create_dataset(api)
    strategy = {**LINE_CHUNKS, "remove_extra_spaces": True, "remove_urls_emails": True}
    [document_id] = create_documents(
        api, dataset_id, file("a.txt", "the  owl\nme@coze.com and  you"), chunk_strategy=strategy
    )
    assert texts(emulator, document_id) == ["the owl", "and you"]
    [shown] = list_documents(api, dataset_id)
    assert (shown["chunk_strategy"], shown["slice_count"]) == (strategy, 2)


def test_a_file_that_cannot_be_parsed_fails_by_itself(api: ApiClient) -> None:
    dataset_id = create_dataset(api)
    old, broken, good = create_documents(
        api, dataset_id, file("a.doc", b"\xd0\xcf"), file("b.pdf", b"?"), file("c.txt")
    )
    assert "save it as .docx" in failure(api, dataset_id, old)
    assert "not a readable PDF" in failure(api, dataset_id, broken)
    assert [item["status"] for item in list_documents(api, dataset_id)] == [9, 9, 1]
    assert "status_descript" not in progress(api, dataset_id, good)[0]


def test_a_new_document_is_told_to_be_at_work(api: ApiClient) -> None:
    dataset_id = create_dataset(api)
    [fresh] = payload(post_documents(api, dataset_id, file("owl.txt")))["document_infos"]
    assert (fresh["source_type"], fresh["update_type"], fresh["status"]) == (0, 0, 0)
    assert (fresh["name"], fresh["type"], fresh["size"], fresh["format_type"]) == ("owl.txt", "txt", 10, 0)
    assert fresh["tos_uri"].startswith("FileBizType.BIZ_BOT_DATASET/")
    [shown] = list_documents(api, dataset_id)
    assert (shown["status"], "tos_uri" in shown) == (1, False)


def test_ids_are_numbers_unless_asked_for_as_texts(api: ApiClient) -> None:
    dataset_id = int(create_dataset(api))
    body = {
        "dataset_id": dataset_id,
        "document_bases": [file("a.txt")],
        "format_type": 0,
        "chunk_strategy": AUTOMATIC_CHUNKS,
    }
    [fresh] = payload(post_document_call(api, "create", body, {}))["document_infos"]
    [shown] = payload(post_document_call(api, "list", {"dataset_id": dataset_id}, {}))["document_infos"]
    assert fresh["document_id"] == shown["document_id"] > 2**53
    assert (
        code(post_document_call(api, "update", {"document_id": shown["document_id"], "document_name": "b.txt"}, {}))
        == 0
    )
    assert code(post_document_call(api, "delete", {"document_ids": [shown["document_id"]]}, {})) == 0
    assert list_documents(api, str(dataset_id)) == []


def test_lists_come_in_pages_from_one(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = emulator.add_dataset("Many", {f"{number}": "words" for number in range(25)})
    for page, names in ((None, range(10)), (0, range(10)), (1, range(10)), (3, range(20, 25)), (4, ())):
        answer = payload(post_document_call(api, "list", {"dataset_id": dataset_id, "page": page}))
        assert [item["name"] for item in answer["document_infos"]] == [str(number) for number in names]
        assert answer["total"] == 25
    assert len(list_documents(api, dataset_id, size=1000)) == 25
    assert code(post_document_call(api, "list", {"dataset_id": dataset_id, "size": 0})) == 4000


def test_a_document_is_renamed(api: ApiClient) -> None:
    dataset_id = create_dataset(api)
    [document_id] = create_documents(api, dataset_id, file("a.txt"))
    assert list(payload(post_document_call(api, "update", {"document_id": document_id, "document_name": "b.txt"}))) == [
        "code",
        "msg",
        "detail",
    ]
    assert [item["name"] for item in list_documents(api, dataset_id)] == ["b.txt"]
    refused = {"document_id": document_id, "update_rule": {"update_type": 1, "update_interval": 24}}
    assert code(post_document_call(api, "update", refused)) == 4000


def test_documents_are_deleted_all_or_none(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = create_dataset(api)
    first, second, third = create_documents(api, dataset_id, file("a.txt"), file("b.txt"), file("c.txt"))
    assert code(post_document_call(api, "delete", {"document_ids": [first, "7441000000000000099"]})) == 4200
    assert len(list_documents(api, dataset_id)) == 3
    assert code(post_document_call(api, "delete", {"document_ids": [first, third, first]})) == 0
    assert [item["document_id"] for item in list_documents(api, dataset_id)] == [second]
    assert texts(emulator, first) == []


@pytest.mark.parametrize("ids", [[], ["7"] * 101, None])
def test_a_hundred_documents_at_most_are_deleted_at_once(api: ApiClient, ids: object) -> None:
    assert code(post_document_call(api, "delete", {"document_ids": ids})) == 4000


def test_documents_belong_to_their_account(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = create_dataset(api)
    [document_id] = create_documents(api, dataset_id, file("a.txt"))
    with ApiClient(emulator, emulator.issue_token(account="7")) as other:
        assert code(post_documents(other, dataset_id, file("b.txt"))) == 4101
        assert code(post_document_call(other, "list", {"dataset_id": dataset_id})) == 4101
        assert code(post_document_call(other, "update", {"document_id": document_id, "document_name": "x"})) == 4101
        assert code(post_document_call(other, "delete", {"document_ids": [document_id]})) == 4101
    assert [item["name"] for item in list_documents(api, dataset_id)] == ["a.txt"]
    assert code(post_documents(api, "7440000000000000099", file("b.txt"))) == 4200
    assert code(post_document_call(api, "update", {"document_id": "7441000000000000099"})) == 4200


TXT = {"file_base64": "aGk=", "file_type": "txt"}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"chunk_strategy": None}, "chunk_strategy are required"),
        ({"format_type": None}, "format_type and"),
        ({"format_type": 2}, "format_type of this dataset is 0"),
        ({"chunk_strategy": {"chunk_type": 1}}, "separator"),
        ({"document_bases": []}, "1 to 10 documents"),
        ({"document_bases": [file("a.txt")] * 11}, "1 to 10 documents"),
        ({"document_bases": [{"source_info": TXT}]}, "name is required"),
        ({"document_bases": [{"name": "a.txt"}]}, "source_info needs one of"),
        ({"document_bases": [{"name": "a", "source_info": {**TXT, "web_url": "http://x"}}]}, "source_info needs one"),
        ({"document_bases": [{"name": "a", "source_info": {**TXT, "document_source": 1}}]}, "must be 0"),
        ({"document_bases": [{"name": "a", "source_info": {"web_url": "http://x"}}]}, "must be 1"),
        ({"document_bases": [web_page("file:///etc/hosts")]}, "http://"),
        ({"document_bases": [file("a.txt"), web_page("http://x")]}, "the same source"),
        ({"document_bases": [file("a.md")]}, "file_type must be one of doc, docx, pdf, txt"),
        ({"document_bases": [{"name": "a", "source_info": {"file_base64": "aGk="}}]}, "file_type must be one of"),
        ({"document_bases": [{"name": "a", "source_info": {**TXT, "file_base64": "a!"}}]}, "not valid base64"),
        ({"document_bases": [{"name": "a", "source_info": {**TXT, "file_base64": "é"}}]}, "not valid base64"),
        ({"document_bases": [image("7490000000000000001")]}, "only image datasets take source_file_id"),
        ({"document_bases": [file("a.txt", update_rule={"update_type": 1, "update_interval": 24})]}, "only web pages"),
        ({"document_bases": [web_page("http://x", update_rule={"update_type": 1, "update_interval": 23})]}, "24 hours"),
    ],
)
def test_what_the_api_refuses_is_4000_and_makes_nothing(api: ApiClient, wrong: Json, why: str) -> None:
    dataset_id = create_dataset(api)
    bases = wrong.pop("document_bases", [file("a.txt")])
    refused = post_documents(api, dataset_id, *bases, **wrong)
    assert (code(refused), why in refused.json()["msg"]) == (4000, True), refused.text
    assert list_documents(api, dataset_id) == []


def test_texts_do_not_go_among_images(api: ApiClient) -> None:
    dataset_id = create_dataset(api, format_type=2)
    for base in (file("a.txt"), web_page("http://127.0.0.1:9/")):
        refused = post_documents(api, dataset_id, base, format_type=2, chunk_strategy=AUTOMATIC_CAPTIONS)
        assert (code(refused), "only image datasets take source_file_id" in refused.json()["msg"]) == (4000, True)


def test_a_body_has_fifteen_megabytes_at_most(api: ApiClient) -> None:
    dataset_id = create_dataset(api)
    refused = post_documents(api, dataset_id, file("a.txt", b"x" * 11_800_000))
    assert (code(refused), "base64 adds a third" in refused.json()["msg"]) == (4000, True)
    assert list_documents(api, dataset_id) == []
    body = {"dataset_id": dataset_id, "document_bases": [file("a.txt", b"x" * 11_800_000)], "format_type": 0}
    pieces = iter([json.dumps({**body, "chunk_strategy": AUTOMATIC_CHUNKS}).encode()])  # sent without its length
    refused = api.post(f"{DOCUMENT}/create", content=pieces, headers={"Content-Type": "application/json"})
    assert (code(refused), list_documents(api, dataset_id)) == (4000, [])


def test_documents_are_not_put_into_a_dataset_that_is_deleted_meanwhile(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = create_dataset(api)
    with serving() as url, ThreadPoolExecutor(1) as pool:
        Page.asked.clear()
        creating = pool.submit(post_documents, api, dataset_id, web_page(f"{url}/held"))
        assert Page.asked.wait(5)
        assert code(api.delete(f"/v1/datasets/{dataset_id}")) == 0
        Page.go_on.set()
        assert code(creating.result()) == 4200
    assert emulator.documents(dataset_id) == []


class Page(BaseHTTPRequestHandler):
    """Replies by path: /<status>, or a page named by its content type; /held waits until `go_on` is set."""

    asked, go_on = threading.Event(), threading.Event()

    def do_GET(self) -> None:
        if self.path == "/held":
            self.asked.set()
            self.go_on.wait(5)
        contents = {
            "/html": ("text/html; charset=gbk", "<title>诗</title><p>床前明月光</p>".encode("gbk")),
            "/pdf": ("application/pdf", pdf("the owl")),
            "/plain": ("text/plain", b"plain words"),
            "/zip": ("application/zip", b"PK"),
            "/held": ("text/plain", b"words"),
        }
        kind, content = contents.get(self.path, ("text/html", b""))
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Log nothing."""


@contextmanager
def serving() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_web_pages_are_fetched_and_read(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = create_dataset(api)
    rule = {"update_type": 1, "update_interval": 48}
    with serving() as url:
        pages = [web_page(f"{url}/{name}", update_rule=rule) for name in ("html", "pdf", "plain")]
        ids = create_documents(api, dataset_id, *pages)
    assert [texts(emulator, each) for each in ids] == [["诗\n床前明月光"], ["the owl"], ["plain words"]]
    shown = list_documents(api, dataset_id)
    assert [(item["type"], item["source_type"]) for item in shown] == [("html", 1), ("pdf", 1), ("txt", 1)]
    assert {(item["update_type"], item["update_interval"]) for item in shown} == {(1, 48)}
    assert progress(api, dataset_id, ids[0])[0]["url"] == f"{url}/html"
    off = {"document_id": ids[0], "update_rule": {"update_type": 0, "update_interval": 24}}
    assert code(post_document_call(api, "update", off)) == 0
    assert list_documents(api, dataset_id)[0]["update_type"] == 0


def test_a_web_page_that_cannot_be_had_fails(api: ApiClient) -> None:
    dataset_id = create_dataset(api)
    with serving() as url:
        missing, packed, empty = create_documents(
            api, dataset_id, web_page(f"{url}/missing"), web_page(f"{url}/zip"), web_page(f"{url}/empty")
        )
    [gone] = create_documents(api, dataset_id, web_page(f"{url}/html"))
    assert "404" in failure(api, dataset_id, missing)
    assert "zip file cannot be parsed" in failure(api, dataset_id, packed)
    assert "contains no text" in failure(api, dataset_id, empty)
    assert "could not be fetched" in failure(api, dataset_id, gone)


@pytest.mark.parametrize(
    "answer",
    [
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n<p>cut",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * (web_pages.LARGEST_PAGE + 1),
    ],
    ids=["nonsense", "cut", "chunk", "local", "large"],
)
def test_a_page_that_is_not_whole_is_no_page(api: ApiClient, answer: bytes) -> None:
    dataset_id = create_dataset(api)
    with RawServer([answer], hang_up=True) as server:
        [document_id] = create_documents(api, dataset_id, web_page(server.url))
    assert "could not be fetched" in failure(api, dataset_id, document_id)


def test_a_page_that_never_ends_is_left(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_pages, "LONGEST_FETCH", 0.0)
    dataset_id = create_dataset(api)
    with serving() as url:
        [document_id] = create_documents(api, dataset_id, web_page(f"{url}/plain"))
    assert "took longer than" in failure(api, dataset_id, document_id)


@pytest.mark.parametrize("url", ["http://127.0.0.1/ a", "http://[::1", "http://", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none_fails(api: ApiClient, url: str) -> None:
    dataset_id = create_dataset(api)
    [document_id] = create_documents(api, dataset_id, web_page(url))
    assert "could not be fetched" in failure(api, dataset_id, document_id)


def test_recalled_slices_are_counted_up_to_the_dataset(api: ApiClient, emulator: Emulator) -> None:
    dataset_id = emulator.add_dataset("Lear", {"owl": "the owl and the pussycat", "cow": "nothing of the kind"})
    ran = {
        "workflow_id": emulator.add_knowledge_workflow([dataset_id], top_k=1),
        "parameters": {"query": "pussycat"},
    }
    for _ in range(2):
        assert code(api.post("/v1/workflow/run", json=ran)) == 0
    assert [item["hit_count"] for item in list_documents(api, dataset_id)] == [2, 0]
    assert [each.hit_count for each in emulator.slices(emulator.documents(dataset_id)[0].id)] == [2]


# --- the studio ---


def test_the_studio_makes_empty_documents_of_files_and_web_pages(studio_api: ApiClient, studio: Emulator) -> None:
    dataset_id = create_dataset(studio_api)
    custom: Json = {"name": "custom", "source_info": {"custom_content": "the owl"}}
    odd: Json = {"name": "odd", "source_info": {"custom_content": "\0"}}
    ids = create_documents(studio_api, dataset_id, file("a.txt"), web_page("http://127.0.0.1:9/"), custom, odd)
    assert [texts(studio, each) for each in ids] == [[], [], ["the owl"], []]
    shown = list_documents(studio_api, dataset_id)
    assert [(item["status"], item["slice_count"]) for item in shown] == [(1, 0), (1, 0), (1, 1), (9, 0)]


def test_the_studio_counts_pages_from_nought_and_gives_all_without_a_size(
    studio_api: ApiClient, studio: Emulator
) -> None:
    dataset_id = studio.add_dataset("Many", {f"{number}": "words" for number in range(25)})
    assert len(list_documents(studio_api, dataset_id)) == 25
    for page, names in ((0, range(10)), (1, range(10, 20)), (2, range(20, 25))):
        shown = list_documents(studio_api, dataset_id, page=page, size=10)
        assert [item["name"] for item in shown] == [str(number) for number in names]


def test_the_studio_says_ids_as_texts_and_refuses_in_plain_text(studio_api: ApiClient, studio: Emulator) -> None:
    dataset_id = studio.add_dataset("One", {"owl": "the owl"})
    [shown] = payload(post_document_call(studio_api, "list", {"dataset_id": dataset_id}, {}))["document_infos"]
    assert isinstance(shown["document_id"], str)
    refused = post_document_call(studio_api, "delete", {})
    assert (refused.status_code, refused.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert code(post_document_call(studio_api, "delete", {"document_ids": ["7441000000000000099"]})) == 105000011
    assert post_documents(studio_api, dataset_id, file("a.txt"), format_type=2).json()["code"] == 400
