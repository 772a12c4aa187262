"""Documents: their requests and responses, and what is rejected before it is sent."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import ChunkStrategy, ConfigurationError, Document, DocumentBase, NotFound, UpdateRule
from coze_client.api.datasets.documents import LARGEST_BODY, Documents
from coze_client.core.request import Kind, Request
from coze_client.core.response import RawResponse
from tests.support.clients import ConnectedClient

AS_TEXT = {"Agw-Js-Conv": "str"}
WORKSPACE = "7340000000000000001"


def sent(request: Request[Any]) -> tuple[str, str, object, object, Kind]:
    return request.method, request.path, request.body, request.headers, request.kind


def test_create_sends_format_and_strategy_always() -> None:
    request = Documents.create(dataset_id="7", documents=[DocumentBase.from_text("hi", "a.md")])
    source = {"file_base64": "aGk=", "file_type": "txt"}
    body = {
        "dataset_id": "7",
        "chunk_strategy": {"chunk_type": 0},
        "format_type": 0,
        "document_bases": [{"name": "a.md", "source_info": source}],
    }
    assert sent(request) == ("POST", "/open_api/knowledge/document/create", body, AS_TEXT, Kind.START)


def test_the_other_calls_carry_the_header_that_keeps_ids_whole() -> None:
    path = "/open_api/knowledge/document"
    page = Documents.list(dataset_id="7", page_size=5).page(None)
    assert sent(page) == ("POST", f"{path}/list", {"dataset_id": "7", "page": 1, "size": 5}, AS_TEXT, Kind.READ)
    request: Request[None] = Documents.update(document_id="8", name="b", update_rule=UpdateRule.every(48))
    rule = {"update_type": 1, "update_interval": 48}
    body: dict[str, object] = {"document_id": "8", "document_name": "b", "update_rule": rule}
    assert sent(request) == ("POST", f"{path}/update", body, AS_TEXT, Kind.READ)
    request = Documents.delete(document_ids=("8", "9"))
    assert sent(request) == ("POST", f"{path}/delete", {"document_ids": ["8", "9"]}, AS_TEXT, Kind.START)


def test_a_web_page_and_an_image_are_sent_in_their_own_ways() -> None:
    page = DocumentBase.from_url("https://a.example/b", "b", UpdateRule.every(24))
    assert page.wire() == {
        "name": "b",
        "source_info": {"web_url": "https://a.example/b", "document_source": 1},
        "update_rule": {"update_type": 1, "update_interval": 24},
    }
    image = DocumentBase.from_image("73", "cat.png", caption="a cat")
    source = {"source_file_id": "73", "document_source": 5}
    assert image.wire() == {"name": "cat.png", "source_info": source, "caption": "a cat"}


def test_a_file_comes_from_a_path_bytes_or_an_open_file(tmp_path: Path) -> None:
    path = tmp_path / "a.PDF"
    path.write_bytes(b"%PDF-1")
    with path.open("rb") as opened:
        made = [
            DocumentBase.from_file(path),
            DocumentBase.from_file(opened),
            DocumentBase.from_file(b"%PDF-1", "a.PDF"),
        ]
    assert made == [DocumentBase("a.PDF", {"file_base64": "JVBERi0x", "file_type": "pdf"})] * 3


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: DocumentBase.from_file(b"# hi", "a.md"), r"not 'a\.md'\. Upload other text formats.*from_text"),
        (lambda: DocumentBase.from_file(b"hi"), "name of a document file ends in"),
        (lambda: DocumentBase.from_file(b"", "a.txt"), "empty"),
        (lambda: DocumentBase.from_file(io.StringIO("hi"), "a.txt"), "open in text mode"),  # type: ignore[arg-type]
        (lambda: DocumentBase.from_text("", "a.txt"), "empty"),
        (lambda: DocumentBase.from_text("hi", " "), "name of a document is empty"),
        (lambda: DocumentBase.from_url("a.example", "a"), "url of a web page"),
        (lambda: UpdateRule.every(23), "update_interval must be 24 hours or more, not 23"),
        (lambda: ChunkStrategy.custom(max_tokens=99), "max_tokens of a ChunkStrategy must be 100 to 2000, not 99"),
        (lambda: ChunkStrategy.custom(max_tokens=2001), "max_tokens"),
        (lambda: ChunkStrategy.custom(separator=""), "separator"),
        (lambda: Documents.update(document_id="1"), "name or update_rule"),
        (lambda: Documents.delete(document_ids=[]), "document_ids must have 1 to 100 entries, not 0"),
        (lambda: Documents.delete(document_ids=["1"] * 101), "not 101"),
        (lambda: Documents.delete(document_ids="7441000000000000001"), "single string"),
        (lambda: creating(*[DocumentBase.from_text("a", "a")] * 11), "documents must have 1 to 10 entries, not 11"),
        (
            lambda: creating(DocumentBase.from_text("a", "a"), DocumentBase.from_url("http://a", "b")),
            "be of one kind",
        ),
        (
            lambda: creating(DocumentBase("a", {"web_url": "http://a"}, UpdateRule(update_type=1, update_interval=1))),
            "update_interval",
        ),
    ],
)
def test_what_coze_would_refuse_is_not_sent(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        make()


def creating(*documents: DocumentBase) -> Request[tuple[Document, ...]]:
    return Documents.create(dataset_id="1", documents=documents)


def test_fifteen_megabytes_a_body_count_base64_in() -> None:
    room = LARGEST_BODY - len(json.dumps(creating(DocumentBase.from_text("a", "a.txt")).body)) - 100
    creating(DocumentBase.from_file(b"x" * (room * 3 // 4), "a.txt"))
    with pytest.raises(ConfigurationError, match=r"15 MB.*fewer documents at a time"):
        creating(DocumentBase.from_file(b"x" * (room * 3 // 4 + 200), "a.txt"))


@given(st.text(min_size=1), st.text(min_size=1).filter(str.strip))
def test_the_size_of_a_document_is_what_it_takes_in_a_body(text: str, name: str) -> None:
    text, name = (each.encode("utf-8", "replace").decode() for each in (text, name))
    documents = [
        DocumentBase.from_text(text, name),
        DocumentBase.from_url(f"https://{text}", name, UpdateRule.every(24)),
        DocumentBase.from_image("1", name, text),
        DocumentBase.from_custom_text(text, name),
    ]
    for each in documents:
        assert each.size == len(json.dumps(each.wire(), ensure_ascii=False, separators=(",", ":")).encode())


def test_ids_are_text_even_where_the_server_sends_numbers_and_nulls() -> None:
    item = {"document_id": 7411000000000000001, "name": None, "status": 9, "chunk_strategy": None, "type": "png"}
    content = json.dumps({"code": 0, "document_infos": [item], "total": 1}).encode()
    page = Documents.list(dataset_id="1").page(None).read(RawResponse(200, {}, content))
    assert (page.items[0].document_id, page.items[0].name, page.items[0].type) == ("7411000000000000001", "", "png")
    assert page.items[0].failed
    assert page.total == 1


@pytest.mark.parametrize(
    ("status", "ready", "failed", "busy"),
    [
        (None, False, False, True),
        (0, False, False, True),
        (1, True, False, False),
        (9, False, True, False),
        (4, False, False, True),
        (5, False, False, True),
        (2, False, False, False),
        (1000, False, False, False),
    ],
)
def test_a_status_says_whether_it_will_change(status: int | None, ready: bool, failed: bool, busy: bool) -> None:
    document = Document(status=status)
    assert (document.ready, document.failed, document.busy) == (ready, failed, busy)


def test_documents_live_from_create_to_delete(coze: ConnectedClient) -> None:
    datasets = coze.client.datasets
    dataset_id = coze.run(datasets.create(name="Library", workspace_id=WORKSPACE))
    bases = [DocumentBase.from_text(f"text {number}", f"{number}.txt") for number in range(3)]
    chunks = ChunkStrategy.custom(max_tokens=100)
    made = coze.run(datasets.documents.create(dataset_id=dataset_id, documents=bases, chunk_strategy=chunks))
    assert [document.name for document in made] == ["0.txt", "1.txt", "2.txt"]
    assert made[0].chunk_strategy.max_tokens == 100
    coze.run(datasets.documents.update(document_id=made[1].document_id, name="one.txt"))
    coze.run(datasets.documents.delete(document_ids=[made[0].document_id]))
    listed = coze.collect(datasets.documents.list(dataset_id=dataset_id, page_size=1))
    assert {document.name for document in listed} == {"one.txt", "2.txt"}


def test_a_missing_dataset_is_reported_with_its_code(coze: ConnectedClient) -> None:
    with pytest.raises(NotFound) as caught:
        coze.collect(coze.client.datasets.documents.list(dataset_id="7399"))
    assert caught.value.code == 4200
    assert caught.value.logid


def test_a_files_bytes_arrive_as_they_are(coze: ConnectedClient) -> None:
    content = "小猫 sleeps\nin the sun".encode()
    base = DocumentBase.from_file(content, "cat.txt")
    assert base64.b64decode(str(base.source["file_base64"])) == content
    dataset_id = coze.run(coze.client.datasets.create(name="Library", workspace_id=WORKSPACE))
    made = coze.run(coze.client.datasets.documents.create(dataset_id=dataset_id, documents=[base]))
    assert made[0].size == len(content)
