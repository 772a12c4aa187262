"""What may be written into a dataset: files, folders, texts and web pages, told apart by what they contain."""

from __future__ import annotations

import json
import os
import re
import stat
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from os import PathLike
from pathlib import Path, PurePath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from coze_client.api.datasets.document_base import DocumentBase
from coze_client.api.datasets.documents import LARGEST_BODY
from coze_client.bridge.writing.html_text import convert_to_text
from coze_client.core.model import excerpt
from coze_client.errors import ConfigurationError, CozeError

_HTML = frozenset({".html", ".htm"})
AS_TEXT = frozenset({".md", ".markdown"}) | _HTML
_WEB = re.compile(r"https?://", re.IGNORECASE)
_LARGEST_FILE = LARGEST_BODY * 3 // 4  # base64 makes four bytes of three
_LARGEST_AS_TEXT = 10 * LARGEST_BODY  # of a page: pictures within it are left out


class Text(NamedTuple):
    """A framework's document, as it is sent: its text, and the name it would have."""

    name: str
    text: str

    @classmethod
    def of(cls, text: str, metadata: Mapping[str, object], identity: str | None) -> Text:
        """Named by the document's ``source`` or ``file_name``, without folders, or by its id."""
        given = (metadata.get("source"), metadata.get("file_name"), identity)
        names = (PurePath(str(name).replace("\\", "/")).name for name in given if name)
        return cls(next(filter(None, names), "text"), text)


Source = str | PathLike[str] | DocumentBase | Text
"""A path of a file or folder, the URL of a web page, a document built by hand, or a text."""


@dataclass(frozen=True)
class SourceDocument:
    """Something that may be written: its `name`, and the hash of its `content`; or the `error` why it cannot be.

    ``size`` and ``way`` are those of the document that ``build`` makes, reading the file again.
    """

    name: str
    content: str = ""
    size: int = 0
    way: int = 0
    error: str = ""
    build: Callable[[], DocumentBase] | None = None

    def document(self, name: str) -> DocumentBase:
        """What to send, under a name that nothing else has; raises OSError, or ConfigurationError if it was changed."""
        if self.build is None:
            raise ConfigurationError(self.error)
        return replace(self.build(), name=name)


def load_sources(sources: Iterable[Source]) -> list[SourceDocument]:
    """All of them in order, a folder being its files (hidden ones left out); what cannot be sent has its ``error``."""
    return [candidate for source in sources for candidate in _candidates(source)]


def distinct_name(name: str, content: str, taken: Iterable[str]) -> str:
    """`name`, or if that is taken with the beginning of the content's hash before its extension."""
    if name not in taken:
        return name
    plain = PurePath(name)
    return f"{plain.stem}-{content[:8]}{plain.suffix}"


def _candidates(source: Source) -> Iterator[SourceDocument]:
    if isinstance(source, DocumentBase):
        yield _attempted(source.name, lambda: _built(source))
    elif isinstance(source, Text):
        yield _attempted(source.name, lambda: _built(_of_text(source.text, source.name)))
    elif source == "":
        yield SourceDocument("", error="An empty text is no path: for the current folder give '.'")
    elif isinstance(source, str) and _WEB.match(source):
        yield _attempted(source, lambda: _built(DocumentBase.from_url(source, _page_name(source))))
    else:
        yield from _local(Path(source), set())


def _built(base: DocumentBase) -> SourceDocument:
    return SourceDocument(base.name, _hash(base), base.size, base.way, build=lambda: base)


def _attempted(name: str, make: Callable[[], SourceDocument]) -> SourceDocument:
    try:
        return make()
    except (OSError, ValueError, RuntimeError, CozeError) as error:  # what can be no path or no UTF-8, no known home
        return SourceDocument(_printable(name), error=_printable(str(error)))


def _printable(text: str) -> str:
    """Without half characters, which names of files may hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _local(path: Path, entered: set[str]) -> Iterator[SourceDocument]:
    """The file, or what is in the folder and was not `entered` before: links may lead round."""
    try:
        path = path.expanduser()
        inside = _entered(path, entered) if path.is_dir() else None
    except (OSError, RuntimeError) as error:  # expanduser raises RuntimeError for a home that is not known
        yield SourceDocument(_printable(path.name or str(path)), error=excerpt(str(error)))
        return
    if inside is None:
        yield _attempted(path.name, partial(_file, path))
        return
    for each in inside:
        yield from _local(each, entered)


def _entered(folder: Path, entered: set[str]) -> list[Path]:
    real = os.path.realpath(folder)
    if real in entered:
        return []
    entered.add(real)
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _file(path: Path) -> SourceDocument:
    made = _built(_base(path))
    return replace(made, build=partial(_unchanged, path, made.content))  # and not the content itself, for memory's sake


def _base(path: Path) -> DocumentBase:
    kind = path.suffix.lower()
    _check_file(path, _LARGEST_AS_TEXT if kind in AS_TEXT else _LARGEST_FILE)
    if kind not in AS_TEXT:
        return DocumentBase.from_file(path)
    text = _decoded(path)
    return _of_text(convert_to_text(text) if kind in _HTML else text, path.name)


def _check_file(path: Path, most: int) -> None:
    """Before it is read: a pipe would be waited for, a device has no end."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(f"{path} is no file")
    if found.st_size > most:
        raise ConfigurationError(
            f"{path} has {found.st_size} bytes; Coze takes {_LARGEST_FILE} (11 MB) of a file", cure="Split it"
        )


def _of_text(text: str, name: str) -> DocumentBase:
    if not text.strip():
        raise ConfigurationError(f"There is no text in {name!r}")
    return DocumentBase.from_text(text, name)


def _unchanged(path: Path, content: str) -> DocumentBase:
    base = _base(path)
    if _hash(base) != content:
        raise ConfigurationError(f"{path} was changed while it was being read", cure="Write it again")
    return base


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    marked = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            if "\0" not in text:
                return text
    raise ConfigurationError(
        f"{path.name!r} is no text in UTF-8, UTF-16 or GB18030",
        cure="Save it as UTF-8, or give its text as a document",
    )


def _hash(base: DocumentBase) -> str:
    """Of the bytes that are sent, or of the page's or image's whereabouts."""
    encoded = base.source.get("file_base64")
    if not isinstance(encoded, str):
        return sha256(json.dumps(dict(base.source), sort_keys=True).encode()).hexdigest()
    return sha256(encoded.encode()).hexdigest()


def _page_name(url: str) -> str:
    parts = urlsplit(url)
    last = PurePath(unquote(parts.path)).name
    return f"{parts.netloc.rpartition('@')[2]} {last}".strip()  # the name of no user, and no password
