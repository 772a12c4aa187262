"""Sources for a dataset: what files, folders, texts and web pages become before anything is sent."""

from __future__ import annotations

import json
import os
import re
import stat
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
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
_RANDOM_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_LARGEST_FILE = LARGEST_BODY * 3 // 4  # base64 encodes three bytes as four
_LARGEST_AS_TEXT = 10 * LARGEST_BODY  # an HTML page's embedded pictures are not sent


class SourceText(NamedTuple):
    """The text of a framework's document, the name that it gets unless another document has it, and its source.

    Texts of one ``source`` are parts of one document: they are replaced together. ``None``: the name is the source. "":
    nothing is known of the source, so that this text is a source of its own.
    """

    name: str
    text: str
    source: str | None = None

    @classmethod
    def of(
        cls, text: str, metadata: Mapping[str, object], identity: str | None, parent: str | None = None
    ) -> SourceText:
        """A text named by ``source`` or ``file_name`` of the metadata, without folders, else by the document's id.

        The source is the first known of the metadata's ``source`` and ``file_path``, the id of the document that the
        text was split from (`parent`), the metadata's ``file_name``, and the text's own id (`identity`). A parent's id
        that was made at random comes after the file's name.
        """
        named = (metadata.get("source"), metadata.get("file_name"), identity)
        names = (PurePath(str(name).replace("\\", "/")).name for name in named if name)
        lasting = parent if parent and not _RANDOM_ID.fullmatch(parent) else None
        sources = (
            metadata.get("source"),
            metadata.get("file_path"),
            lasting,
            metadata.get("file_name"),
            parent,
            identity,
        )
        source = next((str(each) for each in sources if each), "")
        return cls(next(filter(None, names), "text"), text, source)


WriteSource = str | PathLike[str] | DocumentBase | SourceText
"""A path of a file or folder, the URL of a web page, a ``DocumentBase``, or a text."""


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document to send: its `name`, `source` and `content_hash`; or the `error` if it cannot be sent.

    ``source`` identifies what the document is made of; documents with one source are replaced together. ``location``
    is a file's absolute path. ``alone``: the file was given by itself, and not in a folder. ``unlisted``: this error
    hides which sources there are, as that of a folder that cannot be read. ``partial``: it has an error, and its
    source may hold more than was read.

    ``size`` (bytes in the request) and ``way`` are those of the ``DocumentBase`` that ``document`` builds. The file at
    ``path`` is then read again, so that contents do not stay in memory.
    """

    name: str
    content_hash: str = ""
    size: int = 0
    way: int = 0
    error: str = ""
    build: Callable[[], DocumentBase] | None = None
    source: str = ""
    path: str = ""
    location: str = ""
    alone: bool = False
    unlisted: bool = False
    partial: bool = False

    def document(self, name: str) -> DocumentBase:
        """Build what is sent, under `name`; raises OSError, or ConfigurationError if the file was changed."""
        if self.error:
            raise ConfigurationError(self.error)
        base = self.build() if self.build else _read_again(Path(self.path), self.content_hash)
        return replace(base, name=name)


def load_sources(sources: Iterable[WriteSource]) -> list[SourceDocument]:
    """Read all sources, in order; a folder becomes its files, except hidden ones.

    A source that cannot be sent has an ``error``, and does not stop the others.
    """
    return [document for source in sources for document in _load(source)]


def _load(source: WriteSource) -> Iterator[SourceDocument]:
    if isinstance(source, DocumentBase):
        yield replace(_load_or_error(source.name, lambda: _described(source)), source=source.name)
    elif isinstance(source, SourceText):
        loaded = _load_or_error(source.name, lambda: _described(_text_base(source.text, source.name)))
        yield replace(loaded, source=source.name if source.source is None else source.source or loaded.content_hash)
    elif source == "":
        yield SourceDocument("", error="An empty string is not a path; for the current folder give '.'", unlisted=True)
    elif isinstance(source, str) and _WEB.match(source):
        loaded = _load_or_error(source, lambda: _described(DocumentBase.from_url(source, _page_name(source))))
        yield replace(loaded, source=source)
    else:
        yield from _local(Path(source))


def _described(base: DocumentBase) -> SourceDocument:
    return SourceDocument(base.name, _hash(base), base.size, base.way, build=lambda: base)


def _load_or_error(name: str, load: Callable[[], SourceDocument]) -> SourceDocument:
    try:
        return load()
    except (OSError, ValueError, RuntimeError, CozeError) as error:  # an invalid path or text, an unknown home
        return SourceDocument(_printable(name), error=_printable(str(error)))


def _printable(text: str) -> str:
    """Escape lone surrogates, which file names may contain."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def _local(path: Path) -> Iterator[SourceDocument]:
    try:
        path = path.expanduser()
        location = os.path.abspath(path)  # noqa: PTH100 - a link keeps its own name
        is_folder = path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # expanduser raises RuntimeError for an unknown home
        yield _unlisted(path, error)
        return
    if is_folder:
        yield from _folder(path, location, "", set())
    else:
        loaded = _file(path, path.name, location)
        yield replace(loaded, alone=True, unlisted=bool(loaded.error))


def _folder(folder: Path, location: str, inside: str, entered: set[str]) -> Iterator[SourceDocument]:
    """The files below a folder; folders in `entered` are skipped, because links may form a circle.

    `inside` is its path in the folder that was given, with a slash at the end; "" for that folder.
    """
    try:
        real = os.path.realpath(folder)
        listed = [] if real in entered else _listed(folder)
        entered.add(real)
    except OSError as error:
        yield _unlisted(folder, error)
        return
    for path, is_folder in listed:
        below = f"{location}{os.sep}{path.name}"
        if is_folder:
            yield from _folder(path, below, f"{inside}{path.name}/", entered)
        else:
            yield _file(path, f"{inside}{path.name}", below)


def _listed(folder: Path) -> list[tuple[Path, bool]]:
    return [(path, path.is_dir()) for path in sorted(folder.iterdir()) if not path.name.startswith(".")]


def _unlisted(path: Path, error: Exception) -> SourceDocument:
    return SourceDocument(_printable(path.name or str(path)), error=excerpt(str(error)), unlisted=True)


def _file(path: Path, source: str, location: str) -> SourceDocument:
    loaded = _load_or_error(path.name, lambda: _described(_base(path)))
    return SourceDocument(
        loaded.name,
        loaded.content_hash,
        loaded.size,
        loaded.way,
        loaded.error,
        source=_printable(source),
        path=location,
        location=_printable(location),
        partial=bool(loaded.error),
    )


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
