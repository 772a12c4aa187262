"""Sources for a dataset: files, folders, texts and web pages. The hash of its content identifies a source."""

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
_LARGEST_FILE = LARGEST_BODY * 3 // 4  # base64 encodes three bytes as four
_LARGEST_AS_TEXT = 10 * LARGEST_BODY  # an HTML page's embedded pictures are not sent


class SourceText(NamedTuple):
    """The text of a framework's document, and the name that it gets unless another content has it."""

    name: str
    text: str

    @classmethod
    def of(cls, text: str, metadata: Mapping[str, object], identity: str | None) -> SourceText:
        """A text named by ``source`` or ``file_name`` of the metadata, without folders, else by the document's id."""
        candidates = (metadata.get("source"), metadata.get("file_name"), identity)
        names = (PurePath(str(name).replace("\\", "/")).name for name in candidates if name)
        return cls(next(filter(None, names), "text"), text)


WriteSource = str | PathLike[str] | DocumentBase | SourceText
"""A path of a file or folder, the URL of a web page, a ``DocumentBase``, or a text."""


@dataclass(frozen=True)
class SourceDocument:
    """A document to send: its `name` and `content_hash`; or the `error` if it cannot be sent.

    ``size`` (bytes in the request) and ``way`` are those of the ``DocumentBase`` that ``build`` creates. For a file,
    ``build`` reads it again, so that contents do not stay in memory.
    """

    name: str
    content_hash: str = ""
    size: int = 0
    way: int = 0
    error: str = ""
    build: Callable[[], DocumentBase] | None = None

    def document(self, name: str) -> DocumentBase:
        """Build what is sent, under `name`; raises OSError, or ConfigurationError if the file was changed."""
        if self.build is None:
            raise ConfigurationError(self.error)
        return replace(self.build(), name=name)


def load_sources(sources: Iterable[WriteSource]) -> list[SourceDocument]:
    """Read all sources, in order; a folder becomes its files, except hidden ones.

    A source that cannot be sent has an ``error``, and does not stop the others.
    """
    return [document for source in sources for document in _load(source)]


def distinct_name(name: str, content_hash: str, taken: Iterable[str]) -> str:
    """`name`; if it is taken, insert the first eight digits of the hash before the extension."""
    if name not in taken:
        return name
    path = PurePath(name)
    return f"{path.stem}-{content_hash[:8]}{path.suffix}"


def _load(source: WriteSource) -> Iterator[SourceDocument]:
    if isinstance(source, DocumentBase):
        yield _load_or_error(source.name, lambda: _described(source))
    elif isinstance(source, SourceText):
        yield _load_or_error(source.name, lambda: _described(_text_base(source.text, source.name)))
    elif source == "":
        yield SourceDocument("", error="An empty string is not a path; for the current folder give '.'")
    elif isinstance(source, str) and _WEB.match(source):
        yield _load_or_error(source, lambda: _described(DocumentBase.from_url(source, _page_name(source))))
    else:
        yield from _local(Path(source), set())


def _described(base: DocumentBase) -> SourceDocument:
    return SourceDocument(base.name, _hash(base), base.size, base.way, build=lambda: base)


def _load_or_error(name: str, load: Callable[[], SourceDocument]) -> SourceDocument:
    try:
        return load()
    except (OSError, ValueError, RuntimeError, CozeError) as error:  # an invalid path or text, an unknown home
        return SourceDocument(_printable(name), error=_printable(str(error)))


def _printable(text: str) -> str:
    """Escape lone surrogates, which file names may contain."""
    return text.encode("utf-8", "backslashreplace").decode()


def _local(path: Path, entered: set[str]) -> Iterator[SourceDocument]:
    """The file, or the files in the folder; folders in `entered` are skipped, because links may form a circle."""
    try:
        path = path.expanduser()
        inside = _enter(path, entered) if path.is_dir() else None
    except (OSError, RuntimeError) as error:  # expanduser raises RuntimeError for an unknown home
        yield SourceDocument(_printable(path.name or str(path)), error=excerpt(str(error)))
        return
    if inside is None:
        yield _load_or_error(path.name, partial(_file, path))
        return
    for each in inside:
        yield from _local(each, entered)


def _enter(folder: Path, entered: set[str]) -> list[Path]:
    real = os.path.realpath(folder)
    if real in entered:
        return []
    entered.add(real)
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _file(path: Path) -> SourceDocument:
    document = _described(_base(path))
    return replace(document, build=partial(_read_again, path, document.content_hash))  # keeps no content in memory


def _base(path: Path) -> DocumentBase:
    kind = path.suffix.lower()
    _check_file(path, _LARGEST_AS_TEXT if kind in AS_TEXT else _LARGEST_FILE)
    if kind not in AS_TEXT:
        return DocumentBase.from_file(path)
    text = _decoded(path)
    return _text_base(convert_to_text(text) if kind in _HTML else text, path.name)


def _check_file(path: Path, largest: int) -> None:
    """Check before reading: reading a pipe or device might never end."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(f"{path} is not a file")
    if found.st_size > largest:
        raise ConfigurationError(
            f"{path} has {found.st_size} bytes; Coze accepts {_LARGEST_FILE} (11 MB) per file", cure="Split it"
        )


def _text_base(text: str, name: str) -> DocumentBase:
    if not text.strip():
        raise ConfigurationError(f"{name!r} contains no text")
    return DocumentBase.from_text(text, name)


def _read_again(path: Path, content_hash: str) -> DocumentBase:
    base = _base(path)
    if _hash(base) != content_hash:
        raise ConfigurationError(f"{path} was changed during this run", cure="Write it again")
    return base


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    has_bom = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    for encoding in ("utf-16",) if has_bom else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            if "\0" not in text:
                return text
    raise ConfigurationError(
        f"{path.name!r} is not text in UTF-8, UTF-16 or GB18030",
        cure="Save it as UTF-8, or give its text as a document",
    )


def _hash(base: DocumentBase) -> str:
    """The hash of the bytes that are sent; for a page or image, of its URL or id."""
    encoded = base.source.get("file_base64")
    if not isinstance(encoded, str):
        return sha256(json.dumps(dict(base.source), sort_keys=True).encode()).hexdigest()
    return sha256(encoded.encode()).hexdigest()


def _page_name(url: str) -> str:
    parts = urlsplit(url)
    last = PurePath(unquote(parts.path)).name
    return f"{parts.netloc.rpartition('@')[2]} {last}".strip()  # without user name and password
