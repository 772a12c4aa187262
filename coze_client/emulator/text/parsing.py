"""Extract the text of a file: plain text, PDF, Word or HTML."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from coze_client.html_markup import MarkupReader

if TYPE_CHECKING:
    from docx.oxml.table import CT_Tc

BLOCK = re.compile(
    "address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|footer|form|h[1-6]|header|hr|li|main|nav|"
    "ol|p|pre|section|table|td|th|title|tr|ul"
)
HIDDEN = frozenset({"script", "style", "noscript", "template", "svg"})
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
LARGEST_UNPACKED = 100 * 1024 * 1024
CHARSET = re.compile(rb"""<meta[^>]+charset=["']?([\w-]+)""", re.IGNORECASE)


class UnparsableFile(ValueError):
    """A file without readable text; the message becomes the document's status_descript."""


def parse(kind: str, content: bytes, charset: str | None = None) -> str:
    """Extract the text of a file; `kind` is its suffix without the dot. `UnparsableFile` if there is no text.

    ImportError if the library for this kind is not installed.
    """
    if kind not in PARSERS:
        raise UnparsableFile(f"a {kind or 'nameless'} file cannot be parsed, only {', '.join(PARSERS)}")
    text = PARSERS[kind](content, charset).strip()
    if not text:
        raise UnparsableFile("the file contains no text")
    return text


def decode(content: bytes, charset: str | None = None) -> str:
    """Decode by the byte order mark, else as `charset`, else as UTF-8, else as GB18030."""
    marked = next((name for mark, name in MARKS if content.startswith(mark)), None)
    for name in (marked, charset, "utf-8", "gb18030"):
        try:
            text = content.decode(name) if name else "\0"
        except (LookupError, ValueError):  # some codecs raise their own UnicodeError
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n")
    raise UnparsableFile("the file is not text in UTF-8, UTF-16 or GB18030")


def read_html(content: bytes, charset: str | None = None) -> str:
    """Extract the visible text of HTML, with one line for each block; a charset in the file is used by default."""
    declared = CHARSET.search(content[:2048])
    reader = _VisibleText()
    reader.read(decode(content, charset or (declared[1].decode() if declared else None)))
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return "\n".join(line for line in lines if line)


class _VisibleText(MarkupReader):
    """Collects the visible text, with a line for each block."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._hidden: Counter[str] = Counter()

    def handle_starttag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden[tag] += 1
        self._block(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden[tag]:
            self._hidden[tag] -= 1
        self._block(tag)

    def handle_data(self, data: str) -> None:
        if not any(self._hidden.values()):
            self.pieces.append(re.sub(r"\s+", " ", data))

    def _block(self, tag: str) -> None:
        if BLOCK.fullmatch(tag):
            self.pieces.append("\n")


def read_pdf(content: bytes, _charset: str | None = None) -> str:
    """Extract the text of a PDF, with an empty line between pages; needs pypdf."""
    try:
        from pypdf import PdfReader
    except ImportError as missing:
        raise _not_installed("pypdf") from missing
    try:
        return "\n\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    except Exception as error:  # noqa: BLE001 - damaged files make it raise anything
        raise UnparsableFile(f"the file is not a readable PDF: {error}") from None


def read_docx(content: bytes, _charset: str | None = None) -> str:
    """Extract paragraphs and tables in their order, with tabs between the cells of a row; needs python-docx."""
    try:
        import docx
        from docx.oxml.table import CT_Tbl
    except ImportError as missing:
        raise _not_installed("python-docx") from missing
    lines: list[str] = []
    try:
        _check_unpacked(content)
        # the raw elements: the library's own tables repeat a cell for each column that it spans
        for block in docx.Document(io.BytesIO(content)).element.body.inner_content_elements:
            if isinstance(block, CT_Tbl):
                lines += ["\t".join(_cell_text(cell) for cell in row.tc_lst) for row in block.tr_lst]
            else:
                lines.append(block.text)
    except Exception as error:  # noqa: BLE001 - damaged files make it raise anything
        raise UnparsableFile(f"the file is not a readable DOCX: {error}") from None
    return "\n".join(lines)


def _check_unpacked(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        size = sum(part.file_size for part in packed.infolist())
    if size > LARGEST_UNPACKED:
        raise ValueError(f"unpacked it has {size} bytes, the limit is {LARGEST_UNPACKED}")


def _cell_text(cell: CT_Tc) -> str:
    return "\n".join(paragraph.text for paragraph in cell.p_lst)


def read_doc(_content: bytes, _charset: str | None = None) -> str:
    """Raise `UnparsableFile`: the emulator cannot read the old binary format."""
    raise UnparsableFile("the emulator cannot parse the old binary .doc format, save it as .docx")


def _not_installed(package: str) -> ImportError:
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
