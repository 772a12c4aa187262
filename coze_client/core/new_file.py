"""A file that is there as a whole or not at all: written beside its path, and renamed at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from io import BufferedWriter
from pathlib import Path
from secrets import token_hex

from coze_client.errors import ConfigurationError


class NewFile:
    """Bytes that appear under a path once they are whole; until then they are in a hidden file in the same folder.

    A file that has the path already stays as it is until then; the new one gets its permissions. Raises OSError if the
    folder cannot be written to, ConfigurationError for the path of a folder or a device.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._target = Path(os.path.realpath(path))  # a link stays a link
        if self._target.exists() and not self._target.is_file():
            raise ConfigurationError(f"{path} is a folder or a device, not a file")
        self._part = self._target.with_name(f".{token_hex(8)}.part")  # a longer name may be too long
        self._file = _opened(self._part)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Append these pieces."""
        self._file.writelines(pieces)

    def finish(self) -> Path:
        """Put the whole file in its place; return the path as it was given."""
        self._file.close()
        if self._target.exists():
            shutil.copymode(self._target, self._part)
        self._part.replace(self._target)
        return self.path

    def discard(self) -> None:
        """Remove what was written."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink()


def _opened(part: Path) -> BufferedWriter:
    """The new file, open for writing; an error names the folder, because nobody knows the hidden file."""
    try:
        return part.open("xb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(part.parent)) from None
