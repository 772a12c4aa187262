"""TLS contexts, one for each CA bundle in the process: loading the certificates takes about 20 ms."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

from coze_client.core.fork_lock import ForkSafeLock
from coze_client.errors import ConfigurationError


class TlsContexts:
    """The contexts of a process; `default` makes the one for clients without a CA bundle."""

    def __init__(self, default: Callable[[], ssl.SSLContext]) -> None:
        self._default = default
        self._lock = ForkSafeLock()
        self._contexts: dict[str | None, ssl.SSLContext] = {}

    def __call__(self, ca_bundle: str | None) -> ssl.SSLContext:
        """The context for a CA bundle (file or folder); raises ConfigurationError for one that cannot be read."""
        with self._lock:
            if ca_bundle not in self._contexts:
                self._contexts[ca_bundle] = _read(ca_bundle) if ca_bundle is not None else self._default()
            return self._contexts[ca_bundle]

    async def load(self, ca_bundle: str | None) -> ssl.SSLContext:
        """The same on asyncio; the certificates are loaded in a thread."""
        if context := self._contexts.get(ca_bundle):
            return context
        return await asyncio.to_thread(self, ca_bundle)


def _read(ca_bundle: str) -> ssl.SSLContext:
    try:
        if Path(ca_bundle).is_dir():
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The CA bundle {ca_bundle} cannot be read: {error}", cure="Give ca_bundle a PEM file or a folder of them"
        ) from error
