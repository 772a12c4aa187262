# ruff: noqa: E501 - tables of pages
"""Reading HTML: as the standard library reads well-formed pages, and in linear time whatever the page is."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client.bridge.writing.html_text import convert_to_text
from coze_client.emulator.text.parsing import read_html
from coze_client.html_markup import MarkupReader

LONG = 10.0  # seconds of this process; quadratic reading takes from minutes to hours


class Recorder(MarkupReader):
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str) -> None:
        self.seen.append(("start", tag))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(("end", tag))

    def handle_data(self, data: str) -> None:
        self.seen.append(("text", data))


class Reference(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(("start", tag))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(("end", tag))

    def handle_data(self, data: str) -> None:
        self.seen.append(("text", data))


def joined(seen: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same with neighbouring texts as one."""
    found: list[tuple[str, str]] = []
    for kind, value in seen:
        if found and kind == "text" == found[-1][0]:
            found[-1] = ("text", found[-1][1] + value)
        else:
            found.append((kind, value))
    return found


def read(page: str) -> list[tuple[str, str]]:
    recorder = Recorder()
    recorder.read(page)
    return joined(recorder.seen)


TEXT = st.text(alphabet="ab \n扣子'\"=/-!", max_size=6) | st.sampled_from(
    ["&amp;", "&lt;b&gt;", "&#65;", "&#x41;", "&nope;", "a > b"]
)
ATTRIBUTE = st.sampled_from(["", " a", " a=b", " a='x > y'", ' a="<b>"', " a = 'b' c", ' href="/x?y=1&z=2"'])
TAG = st.sampled_from(["p", "DIV", "br", "h1", "x-y", "svg"])
PIECE = st.one_of(
    TEXT,
    st.builds(lambda tag, attribute, end: f"<{tag}{attribute}{end}>", TAG, ATTRIBUTE, st.sampled_from(["", " ", " /"])),
    st.builds(lambda tag: f"</{tag}>", TAG),
    st.sampled_from(
        ["<!-- a > <b> -->", "<!DOCTYPE html>", "<?xml?>", "<script>if (a < b) '</p>'</script>", "<style>a>b{}</style>"]
    ),
)


@given(pieces=st.lists(PIECE, max_size=12))
def test_a_well_formed_page_is_read_as_the_standard_library_reads_it(pieces: list[str]) -> None:
    page = "".join(pieces)
    reference = Reference()
    reference.feed(page)
    reference.close()
    assert read(page) == joined(reference.seen)


@given(page=st.text(alphabet="<>!-/?='\"ab& ;#x\n", max_size=40))
def test_any_page_is_read_to_its_end(page: str) -> None:
    read(page)
    convert_to_text(page)


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("a < b", [("text", "a < b")]),
        ("a <3 b", [("text", "a <3 b")]),
        ("a<!-- never ends", [("text", "a")]),
        ("a<p class='never ends", [("text", "a")]),
        ("a<p", [("text", "a")]),
        ("a</>b", [("text", "ab")]),
        ("a<", [("text", "a<")]),
        ("<title>a <b> &amp; c</title>d", [("start", "title"), ("text", "a <b> & c"), ("end", "title"), ("text", "d")]),
        ("<SCRIPT>a</script >b", [("start", "script"), ("text", "a"), ("end", "script"), ("text", "b")]),
        ("<script>a", [("start", "script"), ("text", "a")]),
        ("&#" + "9" * 5000 + ";x", [("text", "\ufffdx")]),
    ],
)
def test_what_is_not_well_formed_is_read_as_browsers_do(page: str, seen: list[tuple[str, str]]) -> None:
    assert read(page) == seen


HOSTILE = [
    "<a ", "<", "</", "<!--", "<!-- >", "<!", "<?", "<![CDATA[", "<a b='>", '<a b=">', "<a b=", "<script>", "<script></scrip",
    "</script", "&", "&#", "&#9", "<p>", "<a b='c'", "<title>", "<a/", "< ", "<a =", "<pre> ", "<td>", "<svg>",
]  # fmt: skip


@pytest.mark.parametrize(
    "read_page", [convert_to_text, lambda page: read_html(page.encode())], ids=["writer", "emulator"]
)
@pytest.mark.parametrize("piece", HOSTILE)
def test_any_page_is_read_in_linear_time(read_page: Callable[[str], str], piece: str) -> None:
    begun = process_time()
    read_page(piece * 50_000)
    read_page(piece + " " * 200_000 + piece)
    assert process_time() - begun < LONG
