"""A client's settings: server, timeouts, headers. They come from arguments, else from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from coze_client.core.rate_limit import RateLimit
from coze_client.core.retry import Retry
from coze_client.errors import ConfigurationError

Region = Literal["com", "cn"]
WhenBusy = Literal["wait", "raise"]

REGIONS: Mapping[str, str] = {"com": "https://api.coze.com", "cn": "https://api.coze.cn"}
# An API path at the end of an address: a version, and nothing behind it but what Coze's API has there.
_API_PATH = (
    r"(?i)/(?:v[0-9]+|open_api(?:/v[0-9]+)?)"
    r"(?:/(?:chat|conversations?|messages?|bots?|workflows?|files|datasets?|knowledge|users?|workspaces|apps|plugins|audio"
    r"|completions|models)(?:/.*)?)?/*$"
)
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@dataclass(frozen=True)
class Timeout:
    """How long to wait, in seconds; ``None`` means no limit.

    ``connect``: until a connection is open (default 5). ``read``: between two pieces of a response (default 600).
    ``deadline``: for a whole call with its retries, or a whole stream (default none). A call ends at its
    deadline, whatever the server, the proxy or the network do; only over your own blocking ``http_client`` or
    ``transport`` it ends when the wait that is running ends. Raises ConfigurationError for 0 or less.
    """

    connect: float | None = 5.0
    read: float | None = 600.0
    deadline: float | None = None

    def __post_init__(self) -> None:
        for name in ("connect", "read", "deadline"):
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise ConfigurationError(f"timeout.{name} must be more than 0 seconds, or None; it is {seconds}")

    @classmethod
    def of(cls, given: float | Timeout | None) -> Timeout:
        """Convert to a Timeout: a number sets ``read`` and also limits ``connect``; ``None`` removes both limits."""
        if isinstance(given, Timeout):
            return given
        if given is None:
            return cls(connect=None, read=None)
        return cls(connect=min(5.0, given), read=given)

    def limited_to(self, remaining: float | None) -> Timeout:
        """A copy in which no single wait is longer than `remaining` seconds (``None``: unchanged)."""
        if remaining is None:
            return self
        limit = max(remaining, 0.001)
        return replace(self, connect=_shorter(self.connect, limit), read=_shorter(self.read, limit))


def _shorter(seconds: float | None, limit: float) -> float:
    return limit if seconds is None else min(seconds, limit)


class Config(NamedTuple):
    """The settings of one client, without its token."""

    base_url: str
    timeout: Timeout
    retry: Retry | None
    when_busy: WhenBusy
    headers: Mapping[str, str]
    proxy: str | None
    ca_bundle: str | None
    max_event_bytes: int
    rate_limit: RateLimit | None = None

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
        rate_limit: RateLimit | None = None,
    ) -> Config:
        """Check the arguments of a client and complete them; raises ConfigurationError."""
        return cls(
            resolve_base_url(base_url, region),
            Timeout.of(timeout),
            retry,
            checked_when_busy(when_busy),
            checked_headers(headers or {}),
            proxy,
            ca_bundle,
            max_event_bytes,
            rate_limit,
        )


def checked_when_busy(policy: WhenBusy) -> WhenBusy:
    """Return `policy`; raises ConfigurationError if it is neither "wait" nor "raise"."""
    if policy not in ("wait", "raise"):
        raise ConfigurationError(f'when_busy must be "wait" or "raise", not {policy!r}')
    return policy


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A copy with names in lower case.

    Raises ConfigurationError for a name or value that HTTP forbids; the error never shows the value.
    """
    for name, value in headers.items():
        if not (_HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()):
            raise ConfigurationError(
                f"The header {name!r} cannot be sent: HTTP forbids a character of its name or value",
                cure="Use printable ASCII, and no spaces or line ends in the name",
            )
    return {name.lower(): value for name, value in headers.items()}


def resolve_base_url(base_url: str | None, region: str | None) -> str:
    """The server's address without trailing slash.

    From `base_url`, else from `region`, else from ``COZE_API_BASE``, else https://api.coze.com. Raises
    ConfigurationError if both are given or one is invalid.
    """
    if base_url is not None and region is not None:
        raise ConfigurationError("Give base_url or region, not both")
    if region is not None and region not in REGIONS:
        raise ConfigurationError(
            f'region must be "com" or "cn", not {region!r}', cure="For a self-hosted server give base_url instead"
        )
    if base_url is None:
        base_url = REGIONS[region] if region else os.environ.get("COZE_API_BASE") or REGIONS["com"]
    return checked_base_url(base_url)


def checked_base_url(given: str) -> str:
    """Return the address of an API server without trailing slash, perhaps with the path prefix of a gateway.

    Raises ConfigurationError for a website of Coze, and for an address that ends in a path of the API; the error names
    the right address.
    """
    url = checked_url(given)
    parts = urlsplit(url)
    host = parts.hostname or ""
    for region, right in REGIONS.items():
        if (host == f"coze.{region}" or host.endswith(f".coze.{region}")) and not host.startswith("api"):
            raise ConfigurationError(
                f"base_url {url} is a website, not the API", cure=f'Give base_url="{right}", or region="{region}"'
            )
    if (end := re.search(_API_PATH, parts.path)) is not None:
        right = url[: len(url) - len(end.group())]
        raise ConfigurationError(
            f"base_url {url} ends in a path of the API, which the client adds itself", cure=f'Give base_url="{right}"'
        )
    return url


def checked_url(given: str) -> str:
    """Return a server's address without trailing slash; raises ConfigurationError if it is not one."""
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
