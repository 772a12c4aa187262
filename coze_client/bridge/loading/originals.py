"""The files that documents were made of, for Coze gives back neither them nor their text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from coze_client.bridge.loading.document_name import normalized_name
from coze_client.bridge.loading.metadata import Record
from coze_client.errors import ConfigurationError

_SUFFIX = re.compile(r"\.[a-z][a-z0-9]*")  # a version like v1.2 is none


@dataclass(frozen=True)
class Original:
    """The file of a document: its name in Coze, its kind as a suffix (".pdf"; "" if nothing tells), its content."""

    name: str
    suffix: str
    source: bytes | Path

    @classmethod
    def of(cls, record: Record, source: bytes | Path) -> Original:
        """The kind is told by the file, then by the document's name, then by its type."""
        names = (
            source.name if isinstance(source, Path) else "",
            record.name,
            f"x.{record.type}" if record.type else "",
        )
        suffixes = (Path(name).suffix.lower() for name in names)
        return cls(record.name, next(filter(_SUFFIX.fullmatch, suffixes), ""), source)

    def check(self) -> None:
        """Raises ConfigurationError for a path of no file: a pipe would be waited for, a device has no end."""
        if isinstance(self.source, Path) and not self.source.is_file():
            raise ConfigurationError(f"{self.source}, the original of {self.name!r}, is no file")

    def text(self, encoding: str = "utf-8", *, cure: str = "") -> str:
        """The content as text; raises ConfigurationError, with that `cure`, if it is none or of another encoding,
        and OSError for a path that cannot be read.
        """
        data = self.source if isinstance(self.source, bytes) else self.source.read_bytes()
        try:
            text = data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
        except (UnicodeDecodeError, LookupError) as error:
            raise self._no_text(encoding, cure) from error
        if "\0" in text:
            raise self._no_text(encoding, cure)
        return text

    @contextmanager
    def path(self) -> Iterator[Path]:
        """Where the content can be read as a file; bytes are in a temporary one until the block ends."""
        if isinstance(self.source, Path):
            yield self.source
            return
        with TemporaryDirectory(prefix="coze-") as folder:
            path = Path(folder, f"original{self.suffix}")
            path.write_bytes(self.source)
            yield path

    def _no_text(self, encoding: str, cure: str) -> ConfigurationError:
        return ConfigurationError(
            f"The original of {self.name!r} is no text in {encoding}",
            cure=f"Give encoding=, let content= return its text{cure and ', or '}{cure}",
        )


class Folder:
    """A folder of originals, found by their names.

    A document's name comes from the server, and is never made a path: it is looked up among the names of the files that
    are there, at any depth, leaving out hidden ones and links that lead out.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self._files: dict[str, list[Path]] | None = None

    def find(self, record: Record) -> Path | None:
        """The file of a document, ``None`` if there is none; raises ConfigurationError if several have its name."""
        if self._files is None:
            self._files = self._scan()
        ending = f".{record.type}"
        names = (record.name, record.name + ending, record.name.removesuffix(ending))  # Coze may add the type once more
        found: list[Path] = next(filter(None, (self._files.get(normalized_name(name)) for name in names)), [])
        if len(found) > 1:
            told = ", ".join(str(path.relative_to(self._folder)) for path in found)
            raise ConfigurationError(
                f"Several files below {self._folder} are called {record.name!r}: {told}",
                cure="Give the folder of the right ones, or a function as content=",
            )
        return found[0] if found else None

    def _scan(self) -> dict[str, list[Path]]:
        if not self._folder.is_dir():
            raise ConfigurationError(f"content= names no folder that exists: {self._folder}")
        files: dict[str, list[Path]] = {}
        for path in _files_below(self._folder):
            for name in {path.name, path.relative_to(self._folder).as_posix()}:
                files.setdefault(normalized_name(name), []).append(path)
        return files


def _files_below(folder: Path) -> Iterator[Path]:
    root = os.path.realpath(folder)
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(where, name) for name in sorted(names) if not name.startswith(".")):
            if Path(os.path.realpath(path)).is_relative_to(root) and path.is_file():
                yield path
