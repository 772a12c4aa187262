"""What may be written into a dataset: what is made of files, pages and texts before anything is sent."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from coze_client.api.documents import DocumentBase, UpdateRule
from coze_client.bridge.candidate import Candidate, Source, Text, distinct_name, load_candidates
from coze_client.bridge.html_text import convert_to_text
from coze_client.errors import ConfigurationError


def load(source: Source) -> Candidate:
    [candidate] = load_candidates([source])
    return candidate


def sent(candidate: Candidate) -> str:
    return base64.b64decode(str(candidate.document("x").source["file_base64"])).decode()


def test_html_goes_as_the_text_that_a_reader_sees() -> None:
    page = """<!doctype html><html><head><title>T</title><style>p {}</style></head><body>
    <h1>An   owl</h1><p>and a <b>pussy</b>cat &amp; more</p><script>if (1 < 2) {}</script>
    <ul><li>one<li>two</ul><pre>a
      b</pre><table><tr><td>1</td><td>2</td></tr></table></body></html>"""
    assert convert_to_text(page).splitlines() == [
        "An owl",
        "and a pussycat & more",
        "one",
        "two",
        "a",
        "      b",
        "1\t2",
    ]


def test_markdown_and_html_go_as_txt_under_their_own_names(tmp_path: Path) -> None:
    for name, text in [("a.md", "# A"), ("b.htm", "<p>B</p>"), ("c.HTML", "<p>C</p>")]:
        (tmp_path / name).write_text(text)
    found = load_candidates([tmp_path])
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
    assert by_hand.content == by_text.content
    assert by_hand.document("x").update_rule == rule
    assert load("https://example.com/").content != by_text.content


def test_a_file_that_changes_after_it_was_counted_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    candidate = load(path)
    path.write_text("after")
    with pytest.raises(ConfigurationError, match="was changed"):
        candidate.document("a.txt")


@pytest.mark.parametrize("source", ["x" * 5000, "no\nsuch\nfile", "~nobody-of-this-name/a.txt"])
def test_what_is_no_path_is_told_as_a_failure(source: str) -> None:
    assert load(source).error


@pytest.mark.parametrize(
    ("metadata", "identity", "name"),
    [
        ({"source": "/home/me/a.md", "file_name": "b.md"}, "1", "a.md"),
        ({"source": "C:\\papers\\a.md"}, "1", "a.md"),
        ({"source": "https://example.com/faq"}, None, "faq"),
        ({"source": "", "file_name": "b.md"}, "1", "b.md"),
        ({"source": "/"}, "1", "1"),
        ({}, None, "text"),
    ],
)
def test_a_document_is_named_by_where_it_is_from(metadata: dict[str, str], identity: str | None, name: str) -> None:
    assert Text.of("any", metadata, identity).name == name


def test_a_name_that_is_taken_becomes_distinct_by_the_content() -> None:
    assert distinct_name("a.md", "0123456789abcdef", {"b.md"}) == "a.md"
    assert distinct_name("a.md", "0123456789abcdef", {"a.md"}) == "a-01234567.md"


def test_a_link_that_leads_back_up_leads_nowhere(tmp_path: Path) -> None:
    shelf = tmp_path / "books" / "shelf"
    shelf.mkdir(parents=True)
    (shelf / "owl.txt").write_text("An owl")
    (shelf / "again").symlink_to(tmp_path / "books")
    (tmp_path / "books" / "same").symlink_to(shelf)
    assert [candidate.name for candidate in load_candidates([tmp_path / "books"])] == ["owl.txt", "owl.txt"]
