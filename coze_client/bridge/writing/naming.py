"""Chooses the names of new documents: readable ones, each of which one document of the record has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath

from coze_client.bridge.writing.sources import SourceDocument


def free_name(document: SourceDocument, taken: Mapping[str, str]) -> str:
    """The document's name, unless it is in `taken`, which maps names to the sources that have them.

    If another source has it, the folders of the own source are put before it, as few as needed ("sub/parking.txt"). If
    the own source has it, part of the content's hash is inserted before the extension.
    """
    name = document.name
    for name in _names(document):
        if name not in taken:
            return name
        if taken[name] == document.source:
            break
    path = PurePath(name)
    folders = "" if path.parent == PurePath() else f"{path.parent.as_posix()}/"
    return f"{folders}{path.stem}-{document.content_hash[:8]}{path.suffix}"


def hashless_name(name: str, content_hash: str) -> str:
    """The name without the part of the hash that ``free_name`` may have inserted."""
    path = PurePath(name)
    stem = path.stem.removesuffix(f"-{content_hash[:8]}")
    return name if stem == path.stem else f"{stem}{path.suffix}"


def _names(document: SourceDocument) -> Iterator[str]:
    yield document.name
    *folders, last = document.source.replace("\\", "/").split("/")
    name = document.name
    for folder in reversed(folders if last == name else ()):
        if not folder:
            return
        name = f"{folder}/{name}"
        yield name
