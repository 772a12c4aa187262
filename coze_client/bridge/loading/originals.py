"""Original files of documents: Coze returns neither the files nor their text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from coze_client.bridge.loading.metadata import DocumentInfo
from coze_client.bridge.loading.normalized_name import normalized_name
from coze_client.errors import ConfigurationError

_SUFFIX = re.compile(r"\.[a-z][a-z0-9]*")  # a version like v1.2 is no suffix


@dataclass(frozen=True)
class Original:
    """The original file of a document: the document's name in Coze, a suffix like ".pdf" (or ""), and the content.

    ``source`` is the content itself or the path of a file.
    """

    name: str
    suffix: str
    source: bytes | Path

    @classmethod
    def of(cls, document: DocumentInfo, source: bytes | Path) -> Original:
        """The original of `document`; its suffix is the file's, else that of the document's name, else of its type."""
        names = (
            source.name if isinstance(source, Path) else "",
            document.name,
            f"x.{document.type}" if document.type else "",
        )
        suffixes = (Path(name).suffix.lower() for name in names)
        return cls(document.name, next(filter(_SUFFIX.fullmatch, suffixes), ""), source)

    def check(self) -> None:
        """Raise ConfigurationError if the path is no regular file: reading a pipe or device might never end."""
        if isinstance(self.source, Path) and not self.source.is_file():
            raise ConfigurationError(f"{self.source}, the original of {self.name!r}, is not a file")

    def text(self, encoding: str = "utf-8", *, cure: str = "") -> str:
        """Decode the content.

        Raises ConfigurationError, with `cure` in its advice, if the content is no text in that encoding; OSError if the
        file cannot be read.
        """
        data = self.source if isinstance(self.source, bytes) else self.source.read_bytes()
        try:
            text = data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
        except (UnicodeDecodeError, LookupError) as error:
            raise self._not_text(encoding, cure) from error
        if "\0" in text:
            raise self._not_text(encoding, cure)
        return text

    @contextmanager
    def path(self) -> Iterator[Path]:
        """A file with the content; for bytes, a temporary file that exists until the block ends."""
        if isinstance(self.source, Path):
            yield self.source
            return
        with TemporaryDirectory(prefix="coze-") as folder:
            path = Path(folder, f"original{self.suffix}")
            path.write_bytes(self.source)
            yield path

    def _not_text(self, encoding: str, cure: str) -> ConfigurationError:
        return ConfigurationError(
            f"The original of {self.name!r} is not text in {encoding}",
            cure=f"Give encoding=, let content= return its text{cure and ', or '}{cure}",
        )


class OriginalFolder:
    """A folder of original files, found by document name.

    A document's name comes from the server and is never used as a path. It is compared with the names of the files in
    the folder, at any depth. Hidden files are left out, as are links that lead out of the folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self._files: dict[str, list[Path]] | None = None

    def find(self, document: DocumentInfo) -> Path | None:
        """Return the document's file, or ``None``; raises ConfigurationError if several files have its name."""
        if self._files is None:
            self._files = self._scan()
        ending = f".{document.type}"
        names = (document.name, document.name + ending, document.name.removesuffix(ending))  # Coze may append the type
        found: list[Path] = next(filter(None, (self._files.get(normalized_name(name)) for name in names)), [])
        if len(found) > 1:
            paths = ", ".join(str(path.relative_to(self._folder)) for path in found)
            raise ConfigurationError(
                f"Several files below {self._folder} are called {document.name!r}: {paths}",
                cure="Give a folder that contains only one of them, or give a function as content=",
            )
        return found[0] if found else None

    def _scan(self) -> dict[str, list[Path]]:
        if not self._folder.is_dir():
            raise ConfigurationError(f"content= is not a folder that exists: {self._folder}")
        files: dict[str, list[Path]] = {}
        for path in _files_below(self._folder):
            for name in {path.name, path.relative_to(self._folder).as_posix()}:
                files.setdefault(normalized_name(name), []).append(path)
        return files


def _files_below(folder: Path) -> Iterator[Path]:
    root = os.path.realpath(folder)
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(parent, name) for name in sorted(names) if not name.startswith(".")):
            if Path(os.path.realpath(path)).is_relative_to(root) and path.is_file():
                yield path
