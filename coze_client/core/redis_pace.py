"""The pace of a rate limit in Redis, for all machines that use the same account (extra ``redis``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from coze_client.core.pace_store import Step, T, dump_pace, load_pace
from coze_client.core.redis_server import connect_redis, redis_errors

if TYPE_CHECKING:
    from redis.client import Pipeline

_KEPT = 24 * 3600  # seconds without a call, after which the server may forget the pace


class RedisPace:
    """A pace under one key of a Redis server, whose clock counts; a step that another machine overtakes is repeated."""

    def __init__(self, url: str, name: str) -> None:
        self._client = connect_redis(url)
        self._key = f"coze:rate_limit:{name}"

    def update(self, step: Step[T]) -> T:
        results: list[T] = []

        def replace_pace(pipeline: Pipeline) -> None:
            seconds, micros = pipeline.time()
            before = load_pace(cast("bytes | None", pipeline.get(self._key)) or b"")
            pace, result = step(before, seconds + micros / 1e6)
            pipeline.multi()
            if pace is not before:
                pipeline.set(self._key, dump_pace(pace), ex=_KEPT)
            results.append(result)

        with redis_errors("rate limit"):
            self._client.transaction(replace_pace, self._key)
        return results[-1]
