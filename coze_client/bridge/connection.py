"""The client that an adapter uses: the user's own, or a new one made from a token and an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, model_validator
from typing_extensions import Self

from coze_client.client import AsyncCozeClient, CozeClient
from coze_client.core.config import Region, Timeout
from coze_client.core.credentials import Credentials, TokenFunction
from coze_client.core.rate_limit import RateLimit
from coze_client.core.retry import Retry
from coze_client.errors import ConfigurationError

AnyCozeClient = CozeClient | AsyncCozeClient


def blocking_client(client: AnyCozeClient | None) -> CozeClient:
    """`client`, or the blocking client with its settings; without a client, one made from the environment."""
    client = client or CozeClient()
    return client if isinstance(client, CozeClient) else client.blocking


def asyncio_client(client: AnyCozeClient | None) -> AsyncCozeClient:
    """`client`, or the asyncio client with its settings; without a client, one made from the environment."""
    client = client or AsyncCozeClient()
    return client if isinstance(client, AsyncCozeClient) else client.aio


class Connection(BaseModel):
    """Settings of a client, or a client; the other kind of client (blocking or asyncio) is made when it is needed."""

    token: str | SecretStr | TokenFunction | Credentials | None = Field(default=None, exclude=True, repr=False)
    """Text, a function (sync or async), or credentials; default ``COZE_API_TOKEN``, then ``COZE_API_KEY``."""
    base_url: str | None = None
    """Default ``COZE_API_BASE``, then https://api.coze.com."""
    region: Region | None = None
    """``com`` or ``cn``, instead of a base URL."""
    timeout: float | Timeout | None = 600.0
    """Seconds to wait for the next piece of a response (to connect: 5); ``None`` waits without limit."""
    max_retries: int = 2
    """Tries after the first; a chat or workflow run is only tried again if it surely did not start."""
    rate_limit: RateLimit | None = None
    """How fast calls may start and how many may run at once; they wait their turn."""
    transport: Literal["aiohttp"] | None = None
    """``aiohttp``: asyncio calls go over aiohttp (extra ``aiohttp``), with less CPU time for each event."""
    client: AnyCozeClient | None = Field(default=None, exclude=True, repr=False)
    """Your own blocking or asyncio client, instead of a token and an address."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)

    _coze: AnyCozeClient = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _normalize(cls, given: Mapping[str, object]) -> dict[str, object]:
        fields = {name: value for name, value in given.items() if value or name != "base_url"}
        if isinstance(token := fields.get("token"), str):
            fields["token"] = SecretStr(token)
        return fields

    @model_validator(mode="after")
    def _connect(self) -> Self:
        self._choose_client()
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other fields; with another client, token or address it sends over that one."""
        copy = super().model_copy(update=update, deep=deep)
        if update and update.keys() & Connection.model_fields.keys():
            copy._choose_client()
        return copy

    def _choose_client(self) -> None:
        if self.client and (self.token or self.base_url or self.region or self.transport):
            raise ConfigurationError("Give either a client or a token, base_url, region and transport, not both")
        self._coze = self._given_client(self.client) if self.client else self._new_client()

    def _given_client(self, client: AnyCozeClient) -> AnyCozeClient:
        """The user's client, with the timeout, the retries and the rate limit that were given beside it."""
        if "timeout" in self.model_fields_set:
            client = client.options(timeout=self.timeout)
        if "max_retries" in self.model_fields_set:
            client = client.options(retry=self._retry())
        if self.rate_limit is not None:
            client = client.options(rate_limit=self.rate_limit)
        return client

    def _retry(self) -> Retry | None:
        return Retry(attempts=self.max_retries + 1) if self.max_retries > 0 else None

    def _new_client(self) -> AnyCozeClient:
        token = self.token.get_secret_value() if isinstance(self.token, SecretStr) else self.token
        settings: dict[str, Any] = {
            "base_url": self.base_url,
            "region": self.region,
            "timeout": self.timeout,
            "retry": self._retry(),
            "rate_limit": self.rate_limit,
        }
        if self.transport is None:
            return CozeClient(token, **settings)
        return AsyncCozeClient(token, transport=self.transport, **settings)

    @property
    def _blocking(self) -> CozeClient:
        return blocking_client(self._coze)

    @property
    def _asyncio(self) -> AsyncCozeClient:
        return asyncio_client(self._coze)


def connect(
    client: AnyCozeClient | None = None,
    *,
    token: str | SecretStr | TokenFunction | Credentials | None = None,
    base_url: str | None = None,
    region: Region | None = None,
    rate_limit: RateLimit | None = None,
) -> AnyCozeClient:
    """`client`, or a new one made from the other arguments; raises ConfigurationError if both are given.

    A `rate_limit` may stand beside a client.
    """
    given = Connection(client=client, token=token, base_url=base_url, region=region, rate_limit=rate_limit)
    return given._coze


def take_client(options: Mapping[str, Any]) -> tuple[AnyCozeClient, dict[str, Any]]:
    """The client of the connection settings among `options`, and the other options."""
    settings = {name: value for name, value in options.items() if name in Connection.model_fields}
    return Connection(**settings)._coze, {name: value for name, value in options.items() if name not in settings}
