"""Sources for a dataset: what files, pages and texts become before anything is sent."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_client.api.datasets.document_base import DocumentBase
from coze_client.api.datasets.values import UpdateRule
from coze_client.bridge.writing.html_text import convert_to_text
from coze_client.bridge.writing.sources import SourceDocument, SourceText, WriteSource, load_sources
from coze_client.errors import ConfigurationError


def load(source: WriteSource) -> SourceDocument:
    [document] = load_sources([source])
    return document


def sent(document: SourceDocument) -> str:
    return base64.b64decode(str(document.document("x").source["file_base64"])).decode()


def test_html_goes_as_the_text_that_a_reader_sees() -> None:
    page = """<!doctype html><html><head><title>T</title><style>p {}</style></head><body>
    <h1>An   owl</h1><p>and a <b>pussy</b>cat &amp; more</p><script>if (1 < 2) {}</script>
    <ul><li>one<li>two</ul><pre>a
      b</pre>c<br/>d<table><tr><td>1</td><td>2</td></tr></table></body></html>"""
    assert convert_to_text(page).splitlines() == [
        "An owl",
        "and a pussycat & more",
        "one",
        "two",
        "a",
        "      b",
        "c",
        "d",
        "1\t2",
    ]


def test_markdown_and_html_go_as_txt_under_their_own_names(tmp_path: Path) -> None:
    for name, text in [("a.md", "# A"), ("b.htm", "<p>B</p>"), ("c.HTML", "<p>C</p>")]:
        (tmp_path / name).write_text(text)
    found = load_sources([tmp_path])
    assert [each.name for each in found] == ["a.md", "b.htm", "c.HTML"]
    assert [sent(each) for each in found] == ["# A", "B", "C"]
    assert {each.document("x").source["file_type"] for each in found} == {"txt"}


@pytest.mark.parametrize("name", ["a.pdf", "b.TXT", "c.doc", "d.docx"])
def test_what_coze_reads_itself_goes_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xff\x00 any bytes")
    source = load(path).document("x").source
    assert base64.b64decode(str(source["file_base64"])) == b"\xff\x00 any bytes"
    assert source["file_type"] == path.suffix[1:].lower()


def test_the_size_is_that_of_the_request(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 3000)
    assert 4000 < load(path).size < 4200


def test_a_web_page_is_one_content_whatever_its_name() -> None:
    by_text = load("https://example.com/handbook/first%20steps.html?from=here")
    assert by_text.name == "example.com first steps.html"
    rule = UpdateRule.every(24)
    by_hand = load(DocumentBase.from_url("https://example.com/handbook/first%20steps.html?from=here", "steps", rule))
    assert by_hand.content_hash == by_text.content_hash
    assert by_hand.document("x").update_rule == rule
    assert load("https://example.com/").content_hash != by_text.content_hash


def test_a_file_that_changes_after_it_was_counted_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    document = load(path)
    path.write_text("after")
    with pytest.raises(ConfigurationError, match="was changed"):
        document.document("a.txt")


@pytest.mark.parametrize("source", ["x" * 5000, "no\nsuch\nfile", "~nobody-of-this-name/a.txt"])
def test_an_invalid_path_is_a_failure(source: str) -> None:
    assert load(source).error


@pytest.mark.parametrize(
    ("metadata", "identity", "name"),
    [
        ({"source": "/home/me/a.md", "file_name": "b.md"}, "1", "a.md"),
        ({"source": "C:\\handbook\\a.md"}, "1", "a.md"),
        ({"source": "https://example.com/faq"}, None, "faq"),
        ({"source": "", "file_name": "b.md"}, "1", "b.md"),
        ({"source": "/"}, "1", "1"),
        ({}, None, "text"),
    ],
)
def test_a_document_is_named_by_where_it_is_from(metadata: dict[str, str], identity: str | None, name: str) -> None:
    assert SourceText.of("any", metadata, identity).name == name


def test_a_link_that_leads_back_up_leads_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "books" / "folder"
    folder.mkdir(parents=True)
    (folder / "owl.txt").write_text("An owl")
    (folder / "again").symlink_to(tmp_path / "books")
    (tmp_path / "books" / "same").symlink_to(folder)
    assert [document.name for document in load_sources([tmp_path / "books"])] == ["owl.txt"]


def test_folders_that_link_to_each_other_are_walked_once(tmp_path: Path) -> None:
    for name, other in [("a", "b"), ("b", "a")]:
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(name)
        (tmp_path / name / "link").symlink_to(tmp_path / other)
    assert [document.name for document in load_sources([tmp_path])] == ["a.txt", "b.txt"]


def test_a_folder_that_cannot_be_read_does_not_take_the_others_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "owl.txt").write_text("An owl")
    walk = Path.iterdir

    def refuse(path: Path) -> Iterator[Path]:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return walk(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    locked, owl = load_sources([tmp_path])
    assert (locked.name, owl.name) == ("locked", "owl.txt")
    assert "Permission denied" in locked.error
    assert not owl.error


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
@pytest.mark.parametrize("name", ["pipe.txt", "pipe.md"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    [document] = load_sources([tmp_path])
    assert "is not a file" in document.error
    assert "not a file" in load("/dev/zero").error


def test_what_coze_does_not_take_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in [("film.mp4", 10), ("long.txt", 12_000_000), ("long.html", 200_000_000)]:
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    film, html, text = load_sources([tmp_path])
    assert "ends in .pdf, .txt, .doc or .docx" in film.error
    assert "long.html has 200000000 bytes" in html.error
    assert "long.txt has 12000000 bytes" in text.error


@pytest.mark.parametrize(
    "source",
    [
        "",
        "no\0path.txt",
        "no\0path.md",
        "https://",
        "http://[::1/faq",
        "HTTPS://example.com/faq",
        SourceText("half", "a \ud83d"),
        SourceText("half \ud83d", "a"),
        DocumentBase("half \ud83d", {"file_base64": "YQ==", "file_type": "txt"}),
    ],
)
def test_what_cannot_be_sent_has_an_error_and_does_not_stop_the_rest(source: WriteSource) -> None:
    odd, fine = load_sources([source, SourceText("fine", "fine")])
    with pytest.raises(ConfigurationError):
        odd.document("x")
    assert f"{odd.name} {odd.error}".encode()
    assert not fine.error


def test_a_web_page_s_name_has_no_password() -> None:
    assert load("https://me:secret@example.com:8443/faq").name == "example.com:8443 faq"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_is_read_in_the_encodings_that_files_have_here(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.md").write_bytes("# 静夜思".encode(encoding))
    assert sent(load(tmp_path / "a.md")) == "# 静夜思"


@pytest.mark.parametrize("content", ["café crème".encode("latin-1"), b"\x89PNG\r\n\x1a\n\xff\xfe", b"# a\0b"])
def test_text_of_another_encoding_is_not_sent_garbled(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.md").write_bytes(content)
    assert "'a.md' is not text in UTF-8, UTF-16 or GB18030. Save it as UTF-8" in load(tmp_path / "a.md").error
