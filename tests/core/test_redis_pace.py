"""A rate limit in Redis: a real server where ``redis-server`` is installed, and a server in Python everywhere."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import redis

from coze_client import ConfigurationError, ConnectionFailed, RateLimit, TimedOut, Timeout
from coze_client.core.pace_store import PaceStore
from coze_client.core.rate_limit import Pace, leave_place, take_place
from coze_client.core.redis_pace import RedisPace
from tests.support.clients import ConnectedClient
from tests.support.redis_servers import SERVERS


@pytest.fixture(params=list(SERVERS.values()), ids=list(SERVERS))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with request.param(tmp_path) as url:
        yield url


def counted(store: PaceStore) -> float:
    """One step that two machines must not make from the same pace."""
    return store.update(lambda pace, _: (Pace(next_start=pace.next_start + 1), pace.next_start))


def test_steps_of_many_machines_follow_one_another(url: str) -> None:
    machines = [RedisPace(url, "team") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: counted(machines[number % 4]), range(40)))
    assert sorted(found) == [float(each) for each in range(40)]
    assert counted(RedisPace(url, "other")) == 0


def test_a_step_that_changes_nothing_writes_nothing(url: str) -> None:
    assert RedisPace(url, "team").update(lambda pace, now: (pace, now)) > 1e9
    assert redis.Redis.from_url(url).keys() == []


def test_clients_share_a_limit_in_redis(coze: ConnectedClient, url: str) -> None:
    limit = RateLimit(per_second=500, max_concurrency=2, redis=url)
    for worker in ("other machine", "third machine"):
        assert RedisPace(url, "coze").update(partial(take_place, limit, worker=worker))
    client = coze.driver.client(coze.emulator.token, base_url=coze.emulator.url, rate_limit=limit)
    with pytest.raises(TimedOut, match="no turn"):
        coze.run(client.options(timeout=Timeout(deadline=0.2)).users.me())
    RedisPace(url, "coze").update(lambda pace, now: (leave_place(pace, now, "third machine", ended=1), None))
    assert coze.run(client.users.me())


def test_a_server_that_is_gone_is_told_without_the_password(coze: ConnectedClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"redis://:secret@127.0.0.1:{unused.getsockname()[1]}/0"
        with pytest.raises(ConnectionFailed, match="Redis server of the rate limit") as caught:
            coze.run(coze.client.options(rate_limit=RateLimit(1, redis=url), retry=None).users.me())
    assert "secret" not in f"{caught.value!r} {caught.value} {caught.value.__cause__} {caught.value.cure}"
    assert coze.emulator.calls == []


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(ConfigurationError, match="redis://localhost"):
        RedisPace("localhost:6379", "x")
