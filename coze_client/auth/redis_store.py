"""A token store in Redis, for all machines that use the same tokens (extra ``redis``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from secrets import token_hex
from typing import TYPE_CHECKING, cast

from coze_client.auth.token import Token
from coze_client.core.json_text import load_json
from coze_client.core.redis_server import connect_redis, redis_errors
from coze_client.errors import ConfigurationError, ConnectionFailed

if TYPE_CHECKING:
    from redis.client import Pipeline

_CLAIMED = 60.0  # seconds: a machine that died while it renewed a token stops the others no longer


class RedisStore:
    """Stores tokens under keys of a Redis server, ``coze:token:…``; of all its users, one at a time renews a token.

    `url`: like ``redis://localhost:6379/0``. `prefix`: what the keys begin with. Who can read the server can read the
    tokens, so it needs a password and a private network. Every method raises ConnectionFailed if the server cannot be
    used, ConfigurationError for a damaged token, and the class ConfigurationError for an address that is none or if the
    extra ``redis`` is missing.
    """

    def __init__(self, url: str, prefix: str = "coze:token:") -> None:
        self._url = url
        self._prefix = prefix
        self._client = connect_redis(url)

    def load(self, key: str) -> Token | None:
        with redis_errors("tokens"):
            stored = cast("bytes | None", self._client.get(self._prefix + key))
        if stored is None:
            return None
        try:
            return Token.load(cast("Mapping[str, object]", load_json(stored)))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ConfigurationError(
                f"The token under {self._prefix}… in Redis is damaged", cure="Delete the key and log in again"
            ) from None

    def save(self, key: str, token: Token | None) -> None:
        with redis_errors("tokens"):
            if token is None:
                self._client.delete(self._prefix + key)
            else:
                self._client.set(self._prefix + key, json.dumps(token.dump()))

    def claim(self, key: str) -> Callable[[], None] | None:
        name, owner = f"{self._prefix}claim:{key}", token_hex(16).encode()
        with redis_errors("tokens"):
            if not self._client.set(name, owner, nx=True, px=int(_CLAIMED * 1000)):
                return None

        def release() -> None:
            with suppress(ConnectionFailed), redis_errors("tokens"):  # then the claim ends by itself
                self._client.transaction(delete_own, name)

        def delete_own(pipeline: Pipeline) -> None:
            own = pipeline.get(name) == owner  # it may have ended, and another machine may have it by now
            pipeline.multi()
            if own:
                pipeline.delete(name)

        return release

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return RedisStore, (self._url, self._prefix)
