"""The connection to a Redis server, and what its errors say (extra ``redis``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coze_client.errors import ConfigurationError, ConnectionFailed

if TYPE_CHECKING:
    import redis

_ONE_REPLY = 5.0  # seconds


def connect_redis(url: str) -> redis.Redis:
    """A client of the server at `url`, which connects when it is used; raises ConfigurationError."""
    try:
        import redis
    except ImportError:
        raise ConfigurationError(
            "A limit or a store in Redis needs the package redis", cure='pip install "coze-adapters[redis]"'
        ) from None
    try:
        return redis.Redis.from_url(url, socket_timeout=_ONE_REPLY, socket_connect_timeout=_ONE_REPLY)
    except ValueError:
        raise ConfigurationError("The address of a Redis server looks like redis://localhost:6379/0") from None


@contextmanager
def redis_errors(use: str) -> Iterator[None]:
    """Convert errors of the server or the way to it, which may show the password of the address."""
    import redis

    try:
        yield
    except redis.RedisError as error:
        raise ConnectionFailed(
            f"The Redis server of the {use} cannot be used: {type(error).__name__}; nothing was sent to Coze",
            sent=False,
            cure="Check the address and the server",
        ) from None
