"""Token stores: they keep tokens between calls, processes and restarts."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from coze_client.auth.token import Token
from coze_client.core.file_lock import BUSY, FileLock
from coze_client.core.json_text import load_json
from coze_client.errors import ConfigurationError

_SWEEP_THRESHOLD = 1000


class TokenStore(Protocol):
    """Stores tokens by key. A store of your own needs these two methods and must not lose a saved token.

    With an asyncio client they are called in a thread. A key names the app, the account and the user.
    """

    def load(self, key: str) -> Token | None:
        """Return the token stored under `key`, or ``None``."""
        ...

    def save(self, key: str, token: Token | None) -> None:
        """Store `token` under `key`; ``None`` deletes the stored token."""
        ...


@runtime_checkable
class SharedStore(Protocol):
    """A store that processes share, so that only one of them at a time renews a token."""

    def claim(self, key: str) -> Callable[[], None] | None:
        """Claim the right to renew the token of `key`; call the result to release it. ``None`` if it is taken."""
        ...


class MemoryStore:
    """Stores tokens in memory. Tokens without a refresh token may be deleted after they expire."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._sweep_above = _SWEEP_THRESHOLD

    def load(self, key: str) -> Token | None:
        return self._tokens.get(key)

    def save(self, key: str, token: Token | None) -> None:
        if token is None:
            self._tokens.pop(key, None)
            return
        self._tokens[key] = token
        if len(self._tokens) > self._sweep_above:
            self._sweep(token.issued_at)

    def _sweep(self, now: float) -> None:
        for key, token in list(self._tokens.items()):
            if token.refresh_token is None and token.expires_at <= now:
                self._tokens.pop(key, None)
        self._sweep_above = 2 * len(self._tokens) + _SWEEP_THRESHOLD


class FileStore:
    """Stores tokens in one JSON file that only its owner can read (mode 0600). Processes may share it.

    Each change replaces the whole file at once, so a crash leaves the old or the new version. Empty files beside it
    (``<path>.lock``, ``<path>.….claim``) are locks. Every method raises ConfigurationError if the file is damaged, or
    cannot be read, written or locked.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()

    def load(self, key: str) -> Token | None:
        stored = self._read().get(key)
        if stored is None:
            return None
        try:
            return Token.load(cast("dict[str, object]", stored))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._damaged() from None

    def save(self, key: str, token: Token | None) -> None:
        with self._explained_errors(), FileLock(Path(f"{self.path}.lock"), wait=True):
            tokens = self._read()
            if token is None:
                tokens.pop(key, None)
            else:
                tokens[key] = token.dump()
            self._write(tokens)

    def claim(self, key: str) -> Callable[[], None] | None:
        name = f"{self.path}.{sha256(key.encode()).hexdigest()[:2]}.claim"  # at most 256 files for any number of users
        with self._explained_errors():
            try:
                return FileLock(Path(name), wait=False).release
            except BUSY:
                return None

    def _read(self) -> dict[str, object]:
        with self._explained_errors():
            try:
                tokens = load_json(self.path.read_bytes() or b"{}")
            except FileNotFoundError:
                return {}
            except ValueError:
                raise self._damaged() from None
        if not isinstance(tokens, dict):
            raise self._damaged()
        return tokens

    def _write(self, tokens: dict[str, object]) -> None:
        self._remove_leftovers()
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

    def _remove_leftovers(self) -> None:
        """Remove the temporary files of writers that were killed; none is alive, because this one has the lock."""
        leftover = re.compile(re.escape(f".{self.path.name}.") + r"[a-z0-9_]{8}")  # so tempfile names them
        for found in self.path.parent.glob(".*"):
            if leftover.fullmatch(found.name):
                found.unlink(missing_ok=True)

    @contextmanager
    def _explained_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(
                f"The token file {self.path} cannot be used: {error.strerror or error}",
                cure="Choose a path in a folder that this user may write to, on a disk with file locks",
            ) from error

    def _damaged(self) -> ConfigurationError:
        return ConfigurationError(
            f"The token file {self.path} is damaged", cure="Delete it and log in again; it contains nothing but tokens"
        )

    def __repr__(self) -> str:
        return f"FileStore({str(self.path)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return FileStore, (self.path,)
