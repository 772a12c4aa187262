"""What a client is told: the server, the waiting times, the headers; from arguments, else from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from coze_client.core.retry import Retry
from coze_client.errors import ConfigurationError

Region = Literal["com", "cn"]
WhenBusy = Literal["wait", "raise"]

REGIONS: Mapping[str, str] = {"com": "https://api.coze.com", "cn": "https://api.coze.cn"}
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@dataclass(frozen=True)
class Timeout:
    """How long to wait, in seconds; ``None`` waits for ever.

    ``connect`` for a connection (default 5), ``read`` between two pieces of an answer (default 600), ``deadline`` for
    a whole call, retries and streams included (default none). A deadline is looked at whenever something arrives and
    limits every single wait; a call ends within twice the deadline even if the server goes silent in the middle.
    """

    connect: float | None = 5.0
    read: float | None = 600.0
    deadline: float | None = None

    def __post_init__(self) -> None:
        for name in ("connect", "read", "deadline"):
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise ConfigurationError(f"A timeout ({name}) is more than 0 seconds, or None; not {seconds}")

    @classmethod
    def of(cls, given: float | Timeout | None) -> Timeout:
        """`given` as a Timeout: a number is ``read`` and limits ``connect`` as well; ``None`` never gives up."""
        if isinstance(given, Timeout):
            return given
        if given is None:
            return cls(connect=None, read=None)
        return cls(connect=min(5.0, given), read=given)

    def limited_to(self, remaining: float | None) -> Timeout:
        """The same, with no single wait longer than `remaining` seconds."""
        if remaining is None:
            return self
        least = max(remaining, 0.001)
        return replace(self, connect=_shorter(self.connect, least), read=_shorter(self.read, least))


def _shorter(seconds: float | None, limit: float) -> float:
    return limit if seconds is None else min(seconds, limit)


class Config(NamedTuple):
    """One client's settings, without its token."""

    base_url: str
    timeout: Timeout
    retry: Retry | None
    when_busy: WhenBusy
    headers: Mapping[str, str]
    proxy: str | None
    ca_bundle: str | None
    max_event_bytes: int

    @classmethod
    def of(
        cls,
        base_url: str | None,
        region: str | None,
        timeout: float | Timeout | None,
        retry: Retry | None,
        when_busy: WhenBusy,
        headers: Mapping[str, str] | None,
        proxy: str | None,
        ca_bundle: str | None,
        max_event_bytes: int,
    ) -> Config:
        """A client's arguments, checked; raises ConfigurationError."""
        return cls(
            resolve_base_url(base_url, region),
            Timeout.of(timeout),
            retry,
            checked_when_busy(when_busy),
            checked_headers(headers or {}),
            proxy,
            ca_bundle,
            max_event_bytes,
        )


def checked_when_busy(policy: WhenBusy) -> WhenBusy:
    """`policy`; raises ConfigurationError if it is none."""
    if policy not in ("wait", "raise"):
        raise ConfigurationError(f'when_busy is "wait" or "raise", not {policy!r}')
    return policy


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A copy, names in lower case; for what HTTP forbids raises ConfigurationError, which shows no value."""
    for name, value in headers.items():
        if not (_HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()):
            raise ConfigurationError(f"The header {name!r} cannot be sent: its name or value has forbidden characters")
    return {name.lower(): value for name, value in headers.items()}


def resolve_base_url(base_url: str | None, region: str | None) -> str:
    """The server's address without trailing slash: explicit, else by region, else ``COZE_API_BASE``, else coze.com."""
    if base_url is not None and region is not None:
        raise ConfigurationError("Give base_url or region, not both")
    if region is not None and region not in REGIONS:
        raise ConfigurationError(f'region is "com" or "cn", not {region!r}; for a self-hosted server give base_url')
    if base_url is None:
        base_url = REGIONS[region] if region else os.environ.get("COZE_API_BASE") or REGIONS["com"]
    return checked_url(base_url)


def checked_url(given: str) -> str:
    """A server's address, without trailing slash; raises ConfigurationError if it cannot be one."""
    url = given.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or any(character in url for character in "?#@ "):
        raise ConfigurationError(
            "base_url must look like https://api.coze.com or http://localhost:8888, without user, query or fragment"
        )
    return url
