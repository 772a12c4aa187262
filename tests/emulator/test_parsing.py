"""Extracting texts from files; a file without text has a reason."""

from __future__ import annotations

import subprocess
import sys

import pytest

from coze_client.emulator.text.parsing import UnparsableFile, decode, parse
from tests.support.sample_files import pdf, word

POEM = "床前明月光。疑是地上霜。"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_a_chinese_text_is_read_whatever_its_encoding(encoding: str) -> None:
    assert parse("txt", POEM.encode(encoding)) == POEM


def test_a_declared_charset_goes_before_a_guess_and_a_wrong_one_does_no_harm() -> None:
    assert decode("Grüße".encode("latin-1"), "iso-8859-1") == "Grüße"
    assert decode(POEM.encode(), "ascii") == POEM
    for strange in ("no-such-charset", "undefined", "idna", "a\0b"):
        assert decode(POEM.encode(), strange) == POEM


def test_lines_end_alike() -> None:
    assert decode(b"a\r\nb") == "a\nb"


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        ("txt", bytes(range(256)), "not text in UTF-8"),
        ("txt", b" \n ", "contains no text"),
        ("pdf", b"%PDF-1.4 nonsense", "not a readable PDF"),
        ("pdf", pdf(""), "contains no text"),
        ("docx", b"PK nonsense", "not a readable DOCX"),
        ("html", b"<meta charset=undefined><p>\xff", "not text in UTF-8"),
        ("doc", b"\xd0\xcf\x11\xe0", "save it as .docx"),
        ("xlsx", b"PK", "xlsx file cannot be parsed"),
        ("", b"?", "a nameless file"),
    ],
)
def test_what_cannot_be_read_says_why(kind: str, content: bytes, why: str) -> None:
    with pytest.raises(UnparsableFile, match=why):
        parse(kind, content)


@pytest.mark.parametrize(("blanks", "why"), [(0, "not a readable DOCX"), (110_000_000, "unpacked it has")])
def test_a_docx_of_nothing_or_of_too_much_says_why(blanks: int, why: str) -> None:
    with pytest.raises(UnparsableFile, match=why):
        parse("docx", word("kept", document="<w:document {}>" + " " * blanks + "</w:document>"))


def test_a_pdf_gives_its_lines() -> None:
    assert parse("pdf", pdf("The owl", "and the pussycat")) == "The owl\nand the pussycat"


def test_a_word_file_gives_paragraphs_and_tables_in_their_order() -> None:
    content = word("Before", "After", table=(("Train", "Time"), ("S7", "9:00")))
    assert parse("docx", content) == "Before\nTrain\tTime\nS7\t9:00\nAfter"


def test_cells_that_span_many_columns_or_none_are_read_once() -> None:
    cell = '<w:tc><w:tcPr><w:gridSpan w:val="{}"/></w:tcPr><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>'
    above = "<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc>"
    row = "<w:tr>" + cell.format(10**9, "wide") + cell.format("odd", "strange") + above + "</w:tr>"
    body = "<w:document {}><w:body><w:tbl>" + row + "</w:tbl></w:body></w:document>"
    assert parse("docx", word("lost", document=body)) == "wide\tstrange"


def test_html_gives_what_is_seen_a_line_for_each_block() -> None:
    page = b"""<!doctype html><html><head><title>The owl</title><style>p { color: red }</style>
      <script>let hidden = "<p>never</p>"</script></head>
      <body><h1>Fish &amp; chips</h1><p>Some
      <b>bold</b> words<br>and more</p><svg><title>never</title></svg><ul><li>one</li><li>two</li></ul></body></html>"""
    assert parse("html", page).split("\n") == ["The owl", "Fish & chips", "Some bold words", "and more", "one", "two"]


@pytest.mark.parametrize(
    "page", [b"<p>hi<![foo[x]]>", b"<p>hi<![", b"<p>hi<b", b"<p>hi<script>x", b"<p>hi<!x></p></div>"]
)
def test_broken_html_is_read_or_refused_but_never_an_accident(page: bytes) -> None:
    try:
        assert parse("html", page).startswith("hi")
    except UnparsableFile as error:
        assert "not readable HTML" in str(error)  # noqa: PT017 - either may come, by the version of Python


def test_html_is_decoded_as_it_declares() -> None:
    page = f'<meta charset="gbk"><p>{POEM}</p>'.encode("gbk")
    assert parse("html", page) == POEM


@pytest.mark.parametrize(("package", "kind"), [("pypdf", "pdf"), ("docx", "docx")])
def test_a_library_that_is_not_installed_is_named_with_its_extra(package: str, kind: str) -> None:
    code = (
        f"import sys; sys.modules['{package}'] = None\n"
        f"from coze_client.emulator.text.parsing import parse; parse('{kind}', b'')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'pip install "coze-adapters[emulator]"' in done.stderr
    assert package in done.stderr.splitlines()[-1]


def test_the_emulator_starts_without_the_libraries_of_documents() -> None:
    code = (
        "import sys; from coze_client.emulator import Emulator\nprint({'pypdf', 'docx', 'lxml'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
