"""Where tokens are kept between calls, processes and restarts."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from coze_client.auth.token import Token
from coze_client.core.file_lock import BUSY, FileLock
from coze_client.errors import ConfigurationError

_CROWD = 1000


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
    """Keeps tokens as long as the process lives, those of services only until they expire."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._crowd = _CROWD

    def load(self, key: str) -> Token | None:
        return self._tokens.get(key)

    def save(self, key: str, token: Token | None) -> None:
        if token is None:
            self._tokens.pop(key, None)
            return
        self._tokens[key] = token
        if len(self._tokens) > self._crowd:
            self._sweep(token.issued_at)

    def _sweep(self, now: float) -> None:
        for key, token in list(self._tokens.items()):
            if token.refresh_token is None and token.expires_at <= now:
                self._tokens.pop(key, None)
        self._crowd = 2 * len(self._tokens) + _CROWD


class FileStore:
    """Keeps tokens in one JSON file that only its owner can read (mode 0600); processes may share it.

    The file is replaced in one step, so that a crash leaves the old or the new one. Empty files beside it
    (``<path>.lock``, ``<path>.….claim``) are locks. Whatever it does raises ConfigurationError if the file is damaged
    or cannot be read, written or locked.
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
        with self._blamed(), FileLock(Path(f"{self.path}.lock"), wait=True):
            tokens = self._read()
            if token is None:
                tokens.pop(key, None)
            else:
                tokens[key] = token.dump()
            self._write(tokens)

    def claim(self, key: str) -> Callable[[], None] | None:
        name = f"{self.path}.{sha256(key.encode()).hexdigest()[:2]}.claim"  # few files, however many users
        with self._blamed():
            try:
                return FileLock(Path(name), wait=False).release
            except BUSY:
                return None

    def _read(self) -> dict[str, object]:
        with self._blamed():
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

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(
                f"The token file {self.path} cannot be used: {error.strerror or error}",
                cure="It needs a folder of this user's, on a disk that has file locks",
            ) from error

    def _damaged(self) -> ConfigurationError:
        return ConfigurationError(
            f"The token file {self.path} is damaged", cure="Delete it and log in again; nothing else is in it"
        )

    def __repr__(self) -> str:
        return f"FileStore({str(self.path)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return FileStore, (self.path,)
