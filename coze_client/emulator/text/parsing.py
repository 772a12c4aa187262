"""The text of a file: plain, PDF, Word, or HTML."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docx.oxml.table import CT_Tc

BLOCK = re.compile(
    "address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|footer|form|h[1-6]|header|hr|li|main|nav|"
    "ol|p|pre|section|table|td|th|title|tr|ul"
)
UNSEEN = frozenset({"script", "style", "noscript", "template", "svg"})
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
LARGEST_UNPACKED = 100 * 1024 * 1024
CHARSET = re.compile(rb"""<meta[^>]+charset=["']?([\w-]+)""", re.IGNORECASE)


class Unparsable(ValueError):
    """A file without a text that could be read; says why, as the document's status_descript will."""


def parse(kind: str, content: bytes, charset: str | None = None) -> str:
    """The text of a file of this kind (its suffix without the dot), `Unparsable` if there is none.

    ImportError where the library for its kind is not installed.
    """
    if kind not in PARSERS:
        raise Unparsable(f"a {kind or 'nameless'} file cannot be parsed, only {', '.join(PARSERS)}")
    text = PARSERS[kind](content, charset).strip()
    if not text:
        raise Unparsable("there is no text in it")
    return text


def decode(content: bytes, charset: str | None = None) -> str:
    """By its byte order mark, else as `charset`, else UTF-8, else GB18030."""
    marked = next((name for mark, name in MARKS if content.startswith(mark)), None)
    for name in (marked, charset, "utf-8", "gb18030"):
        try:
            text = content.decode(name) if name else "\0"
        except (LookupError, ValueError):  # some charsets raise a UnicodeError of their own
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n")
    raise Unparsable("it is no text in UTF-8, UTF-16 or GB18030")


def read_html(content: bytes, charset: str | None = None) -> str:
    declared = CHARSET.search(content[:2048])
    reader = _Visible()
    text = decode(content, charset or (declared[1].decode() if declared else None))
    try:
        reader.feed(text)
        reader.close()
    except AssertionError as error:  # older Pythons' answer to a marked section that nobody knows
        raise Unparsable(f"it is no HTML that could be read: {error}") from None
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return "\n".join(line for line in lines if line)


class _Visible(HTMLParser):
    """Collects what a reader would see, a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._unseen: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._unseen[tag] += 1
        self._block(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._unseen[tag]:
            self._unseen[tag] -= 1
        self._block(tag)

    def handle_data(self, data: str) -> None:
        if not any(self._unseen.values()):
            self.pieces.append(re.sub(r"\s+", " ", data))

    def _block(self, tag: str) -> None:
        if BLOCK.fullmatch(tag):
            self.pieces.append("\n")


def read_pdf(content: bytes, _charset: str | None = None) -> str:
    try:
        from pypdf import PdfReader
    except ImportError as missing:
        raise _uninstalled("pypdf") from missing
    try:
        return "\n\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    except Exception as error:  # noqa: BLE001 - damaged files make it raise anything
        raise Unparsable(f"it is no PDF that could be read: {error}") from None


def read_docx(content: bytes, _charset: str | None = None) -> str:
    """Paragraphs and tables in their order, the cells of a row parted by tabs."""
    try:
        import docx
        from docx.oxml.table import CT_Tbl
    except ImportError as missing:
        raise _uninstalled("python-docx") from missing
    lines: list[str] = []
    try:
        _check_unpacked(content)
        # as they stand in the file: the library repeats a cell for each column that it says it spans
        for block in docx.Document(io.BytesIO(content)).element.body.inner_content_elements:
            if isinstance(block, CT_Tbl):
                lines += ["\t".join(_cell_text(cell) for cell in row.tc_lst) for row in block.tr_lst]
            else:
                lines.append(block.text)
    except Exception as error:  # noqa: BLE001 - damaged files make it raise anything
        raise Unparsable(f"it is no DOCX that could be read: {error}") from None
    return "\n".join(lines)


def _check_unpacked(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        size = sum(part.file_size for part in packed.infolist())
    if size > LARGEST_UNPACKED:
        raise ValueError(f"it unpacks to {size} bytes, at most {LARGEST_UNPACKED} are read")


def _cell_text(cell: CT_Tc) -> str:
    return "\n".join(paragraph.text for paragraph in cell.p_lst)


def read_doc(_content: bytes, _charset: str | None = None) -> str:
    raise Unparsable("the emulator cannot parse the old binary .doc format, save it as .docx")


def _uninstalled(package: str) -> ImportError:
    name = package.removeprefix("python-")
    return ImportError(f'this needs {package}; install it with: pip install "coze-adapters[emulator]"', name=name)


PARSERS: Mapping[str, Callable[[bytes, str | None], str]] = MappingProxyType(
    {
        "txt": decode,
        "md": decode,
        "html": read_html,
        "htm": read_html,
        "pdf": read_pdf,
        "docx": read_docx,
        "doc": read_doc,
    }
)
