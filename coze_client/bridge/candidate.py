"""What may be written into a dataset: files, folders, texts and web pages, told apart by what they contain."""

from __future__ import annotations

import json
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
from coze_client.errors import ConfigurationError, CozeError
from coze_client.model import excerpt

_HTML = frozenset({".html", ".htm"})
AS_TEXT = frozenset({".md", ".markdown"}) | _HTML
_WEB = re.compile(r"https?://", re.IGNORECASE)


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
class Candidate:
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
        yield _attempted(source.name, lambda: _built(_of_text(source.text, source.name)))
    elif isinstance(source, str) and _WEB.match(source):
        yield _built(DocumentBase.from_url(source, _page_name(source)))
    else:
        yield from _local(Path(source))


def _built(base: DocumentBase) -> Candidate:
    return Candidate(base.name, _hash(base), base.size, base.way, build=lambda: base)


def _attempted(name: str, make: Callable[[], Candidate]) -> Candidate:
    try:
        return make()
    except (OSError, CozeError) as error:
        return Candidate(name, error=str(error))


def _local(path: Path) -> list[Candidate]:
    try:
        path = path.expanduser()
        paths = list(_files(path)) if path.is_dir() else [path]
    except (OSError, RuntimeError) as error:  # expanduser raises RuntimeError for a home that is not known
        return [Candidate(path.name or str(path), error=excerpt(str(error)))]
    return [_attempted(each.name, partial(_file, each)) for each in paths]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if not path.is_dir():
            yield path
        elif not folder.resolve().is_relative_to(path.resolve()):  # or a link that leads back up would lead round
            yield from _files(path)


def _file(path: Path) -> Candidate:
    made = _built(_base(path))
    return replace(made, build=partial(_unchanged, path, made.content))  # and not the content itself, for memory's sake


def _base(path: Path) -> DocumentBase:
    kind = path.suffix.lower()
    if kind not in AS_TEXT:
        return DocumentBase.from_file(path)
    text = _decoded(path.read_bytes())
    return _of_text(convert_to_text(text) if kind in _HTML else text, path.name)


def _of_text(text: str, name: str) -> DocumentBase:
    if not text.strip():
        raise ConfigurationError(f"There is no text in {name!r}")
    return DocumentBase.from_text(text, name)


def _unchanged(path: Path, content: str) -> DocumentBase:
    base = _base(path)
    if _hash(base) != content:
        raise ConfigurationError(f"{path} was changed while it was being read", cure="Write it again")
    return base


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", "replace")


def _hash(base: DocumentBase) -> str:
    """Of the bytes that are sent, or of the page's or image's whereabouts."""
    encoded = base.source.get("file_base64")
    if not isinstance(encoded, str):
        return sha256(json.dumps(dict(base.source), sort_keys=True).encode()).hexdigest()
    return sha256(encoded.encode()).hexdigest()


def _page_name(url: str) -> str:
    parts = urlsplit(url)
    last = PurePath(unquote(parts.path)).name
    return f"{parts.netloc} {last}".strip()
