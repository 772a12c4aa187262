"""Where tokens are kept between calls, processes and restarts."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol, cast, runtime_checkable

from coze_client.errors import ConfigurationError
from coze_client.token import Token


class TokenStore(Protocol):
    """Keeps tokens by key; yours needs just these two methods, and must not lose what ``save`` was given.

    They are called in a thread where an event loop runs. A key names the app, the account and the user.
    """

    def load(self, key: str) -> Token | None:
        """The token kept under `key`, if any."""
        ...

    def save(self, key: str, token: Token | None) -> None:
        """Keep `token` under `key`; ``None`` forgets it."""
        ...


@runtime_checkable
class SharedStore(Protocol):
    """A store that several processes share: one of them at a time may renew a token."""

    def claim(self, key: str) -> Callable[[], None] | None:
        """The right to renew the token of `key`, given back by calling the result; ``None`` while somebody has it."""
        ...


class MemoryStore:
    """Keeps tokens as long as the process lives."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def load(self, key: str) -> Token | None:
        return self._tokens.get(key)

    def save(self, key: str, token: Token | None) -> None:
        if token is None:
            self._tokens.pop(key, None)
        else:
            self._tokens[key] = token


class FileStore:
    """Keeps tokens in one JSON file that only its owner can read (mode 0600); processes may share it.

    The file is replaced in one step, so that a crash leaves the old or the new one. Empty files beside it
    (``<path>.lock``, ``<path>.….claim``) are locks.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()
        self._guard = threading.Lock()

    def load(self, key: str) -> Token | None:
        """Raises ConfigurationError if the file is there and is no store."""
        stored = self._read().get(key)
        if stored is None:
            return None
        try:
            return Token.load(cast("dict[str, object]", stored))
        except (KeyError, TypeError, ValueError):
            raise self._damaged() from None

    def save(self, key: str, token: Token | None) -> None:
        with self._guard, self._locked():
            tokens = self._read()
            if token is None:
                tokens.pop(key, None)
            else:
                tokens[key] = token.dump()
            self._write(tokens)

    def claim(self, key: str) -> Callable[[], None] | None:
        lock = _lock(Path(f"{self.path}.{sha256(key.encode()).hexdigest()[:12]}.claim"), wait=False)
        return lock.close if lock else None

    def _locked(self) -> IO[bytes]:
        lock = _lock(Path(f"{self.path}.lock"), wait=True)
        if lock is None:
            raise ConfigurationError(f"The token file {self.path} cannot be locked")
        return lock

    def _read(self) -> dict[str, object]:
        try:
            tokens = json.loads(self.path.read_bytes() or b"{}")
        except FileNotFoundError:
            return {}
        except ValueError:
            raise self._damaged() from None
        if not isinstance(tokens, dict):
            raise self._damaged()
        return tokens

    def _write(self, tokens: dict[str, object]) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(tokens).encode())
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise

    def _damaged(self) -> ConfigurationError:
        return ConfigurationError(
            f"The token file {self.path} is damaged", cure="Delete it and log in again; nothing else is in it"
        )

    def __repr__(self) -> str:
        return f"FileStore({str(self.path)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return FileStore, (self.path,)


def _lock(path: Path, *, wait: bool) -> IO[bytes] | None:
    """An open file that holds the lock until it is closed; ``None`` if another process has it and `wait` is false."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    try:
        _lock_file(file, wait=wait)
    except OSError:
        file.close()
        return None
    return file


if sys.platform == "win32":
    import msvcrt

    def _lock_file(file: IO[bytes], *, wait: bool) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock_file(file: IO[bytes], *, wait: bool) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
