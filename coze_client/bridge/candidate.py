"""What may be written into a dataset: files, folders, texts and web pages, told apart by what they contain."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from os import PathLike
from pathlib import Path, PurePath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from coze_client.api.documents import DocumentBase
from coze_client.bridge.html_text import convert_to_text
from coze_client.errors import ConfigurationError
from coze_client.model import excerpt

AS_THEY_ARE = frozenset({".pdf", ".txt", ".doc", ".docx"})
AS_TEXT = frozenset({".md", ".markdown", ".html", ".htm"})
_WEB = re.compile(r"https?://", re.IGNORECASE)


class Text(NamedTuple):
    """A framework's document, as it is sent: its text, and the name it would have."""

    name: str
    text: str

    @classmethod
    def of(cls, text: str, metadata: Mapping[str, object], identity: str | None) -> Text:
        """Named by the document's ``source`` or ``file_name``, without folders, or by its id."""
        names = (metadata.get("source"), metadata.get("file_name"), identity)
        return cls(next((PurePath(str(name)).name for name in names if name), "text"), text)


Source = str | PathLike[str] | DocumentBase | Text
"""A path of a file or folder, the URL of a web page, a document built by hand, or a text."""


@dataclass(frozen=True)
class Candidate:
    """Something that may be written: its `name`, and the SHA-256 of its `content`; or the `error` that it cannot be.

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


def load_candidates(sources: Iterable[Source]) -> list[Candidate]:
    """All of them in order, a folder being its files (hidden ones left out); what cannot be sent has its ``error``."""
    return [candidate for source in sources for candidate in _candidates(source)]


def distinct_name(name: str, content: str, taken: Iterable[str]) -> str:
    """`name`, or if that is taken with the beginning of the content's hash before its extension."""
    if name not in taken:
        return name
    plain = PurePath(name)
    return f"{plain.stem}-{content[:8]}{plain.suffix}"


def _candidates(source: Source) -> Iterator[Candidate]:
    if isinstance(source, DocumentBase):
        yield _built(source)
    elif isinstance(source, Text):
        yield _text(source.name, source.text)
    elif isinstance(source, str) and _WEB.match(source):
        yield _built(DocumentBase.from_url(source, _page_name(source)))
    else:
        yield from _local(Path(source))


def _local(path: Path) -> list[Candidate]:
    try:
        path = path.expanduser()
        return [_file(each) for each in _files(path)] if path.is_dir() else [_file(path)]
    except (OSError, RuntimeError) as error:  # expanduser raises RuntimeError for a home that is not known
        return [_unreadable(path, error)]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _file(path: Path) -> Candidate:
    try:
        return _read(path)
    except OSError as error:
        return _unreadable(path, error)


def _unreadable(path: Path, error: Exception) -> Candidate:
    told = getattr(error, "strerror", None) or error
    return Candidate(path.name or str(path), error=f"{excerpt(str(path))} cannot be read: {told}")


def _read(path: Path) -> Candidate:
    path.stat()
    kind = path.suffix.lower()
    if kind in AS_TEXT:
        return _text(path.name, _readable(path), build=partial(_unchanged_text, path))
    if kind not in AS_THEY_ARE:
        return Candidate(
            path.name, error=f"Coze takes no {kind or 'files without extension'}: pdf, txt, doc, docx, md or html"
        )
    content = path.read_bytes()
    if not content:
        return Candidate(path.name, error="The file is empty")
    hashed = _hash(content)
    base = DocumentBase.from_file(content, path.name)
    return Candidate(path.name, hashed, base.size, build=partial(_unchanged_file, path, hashed))


def _text(name: str, text: str, build: Callable[[str], DocumentBase] | None = None) -> Candidate:
    if not text.strip():
        return Candidate(name, error="There is no text in it")
    base, hashed = DocumentBase.from_text(text, name), _hash(text.encode())
    return Candidate(name, hashed, base.size, build=partial(build, hashed) if build else lambda: base)


def _built(base: DocumentBase) -> Candidate:
    hashed = _hash(repr(replace(base, name="")).encode())
    return Candidate(base.name, hashed, base.size, base.way, build=lambda: base)


def _unchanged_file(path: Path, hashed: str) -> DocumentBase:
    content = path.read_bytes()
    _check(path, hashed, content)
    return DocumentBase.from_file(content, path.name)


def _unchanged_text(path: Path, hashed: str) -> DocumentBase:
    text = _readable(path)
    _check(path, hashed, text.encode())
    return DocumentBase.from_text(text, path.name)


def _check(path: Path, hashed: str, content: bytes) -> None:
    if _hash(content) != hashed:
        raise ConfigurationError(f"{path} was changed while it was being read", cure="Write it again")


def _readable(path: Path) -> str:
    text = _decoded(path.read_bytes())
    return convert_to_text(text) if path.suffix.lower() in (".html", ".htm") else text


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", "replace")


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()


def _page_name(url: str) -> str:
    parts = urlsplit(url)
    last = PurePath(unquote(parts.path)).name
    return f"{parts.netloc} {last}".strip()
