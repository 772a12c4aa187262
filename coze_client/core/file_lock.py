"""A lock between processes, on a file that one process at a time holds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from coze_client.core.fork import generation


def make_private_folders(folder: Path) -> None:
    """Create the missing folders of a path for their owner alone, whatever the umask allows."""
    for each in reversed((folder, *folder.parents)):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would give the upper ones the usual mode


class FileLock:
    """An exclusive lock on a file, which is created if needed.

    Without `wait`, raises one of ``BUSY`` if another process holds the lock. The operating system releases it when the
    process ends, also after a crash.
    """

    def __init__(self, path: Path, *, wait: bool) -> None:
        make_private_folders(path.parent)
        self._generation = generation()
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        try:
            _lock(self._file, wait=wait)
        except OSError:
            self._file.close()
            raise

    def release(self) -> None:
        """Release the lock. Closing the file is not enough: a child forked meanwhile has it open, too.

        In such a child, the lock stays its parent's.
        """
        if self._generation == generation():
            _unlock(self._file)
        self._file.close()

    def __enter__(self) -> IO[bytes]:
        """Return the file, which the holder of the lock may read and write."""
        return self._file

    def __exit__(self, *_: object) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    BUSY: tuple[type[OSError], ...] = (PermissionError,)

    def _lock(file: IO[bytes], *, wait: bool) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

    def _unlock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    BUSY: tuple[type[OSError], ...] = (BlockingIOError,)

    def _lock(file: IO[bytes], *, wait: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
