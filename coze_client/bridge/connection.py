"""Which client an adapter sends over: one that is given, or one that is made of a token and an address."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, model_validator
from typing_extensions import Self

from coze_client.client import AsyncCozeClient, CozeClient
from coze_client.core.config import Region, Timeout
from coze_client.core.credentials import Credentials, TokenFunction
from coze_client.core.retry import Retry
from coze_client.errors import ConfigurationError


class Connection(BaseModel):
    """A client of either face, whose twin of the other face is made when needed."""

    token: str | SecretStr | TokenFunction | Credentials | None = Field(default=None, exclude=True, repr=False)
    """Text, a function (sync or async), or credentials; default ``COZE_API_TOKEN``, then ``COZE_API_KEY``."""
    base_url: str | None = None
    """Default ``COZE_API_BASE``, then https://api.coze.com."""
    region: Region | None = None
    """``com`` or ``cn``, instead of a base URL."""
    timeout: float | Timeout | None = 600.0
    """Seconds between two pieces of an answer (connecting: 5); ``None`` waits for ever."""
    max_retries: int = 2
    """Tries after the first; a chat or run is tried again only if it surely did not begin."""
    client: CozeClient | AsyncCozeClient | None = Field(default=None, exclude=True, repr=False)
    """A client of yours; its twin of the other face is made when needed."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    _coze: CozeClient | AsyncCozeClient = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _read_address(cls, given: Mapping[str, object]) -> dict[str, object]:
        read = {name: value for name, value in given.items() if value or name != "base_url"}
        if isinstance(token := read.get("token"), str):
            read["token"] = SecretStr(token)
        return read

    @model_validator(mode="after")
    def _connect(self) -> Self:
        if self.client and (self.token or self.base_url or self.region):
            raise ConfigurationError("Give a client, or the token, base_url and region to make one of, not both")
        self._coze = self._given_client(self.client) if self.client else self._new_client()
        return self

    def _given_client(self, client: CozeClient | AsyncCozeClient) -> CozeClient | AsyncCozeClient:
        """The user's client, with the times and retries that were given beside it."""
        if "timeout" in self.model_fields_set:
            client = client.options(timeout=self.timeout)
        if "max_retries" in self.model_fields_set:
            client = client.options(retry=self._retry())
        return client

    def _retry(self) -> Retry | None:
        return Retry(attempts=self.max_retries + 1) if self.max_retries > 0 else None

    def _new_client(self) -> CozeClient:
        token = self.token.get_secret_value() if isinstance(self.token, SecretStr) else self.token
        retry = self._retry()
        return CozeClient(token, base_url=self.base_url, region=self.region, timeout=self.timeout, retry=retry)

    @property
    def _blocking(self) -> CozeClient:
        return self._coze if isinstance(self._coze, CozeClient) else self._coze.blocking

    @property
    def _asyncio(self) -> AsyncCozeClient:
        return self._coze if isinstance(self._coze, AsyncCozeClient) else self._coze.aio
