"""Stores: a saved token is there afterwards, whatever happens to the process or the file."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
import redis

from coze_client import ConfigurationError, FileStore, MemoryStore, RedisStore, Token, TokenStore
from tests.support.redis_servers import SERVERS, Server

OLD = Token("czu_old", 1_800_000_000, 1_800_000_900, "refresh_old")
NEW = Token("czu_new", 1_800_000_900, 1_800_001_800, "refresh_new")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "tokens.json"


@pytest.fixture(params=["memory", "file", *SERVERS])
def store(request: pytest.FixtureRequest, path: Path, tmp_path: Path) -> Iterator[TokenStore]:
    if request.param in SERVERS:
        with SERVERS[request.param](tmp_path) as url:
            yield RedisStore(url)
    else:
        yield MemoryStore() if request.param == "memory" else FileStore(path)


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_a_claim_in_redis_is_released_by_its_owner_alone(server: Server, tmp_path: Path) -> None:
    with server(tmp_path) as url, redis.Redis.from_url(url) as admin:
        here, there = RedisStore(url), pickle.loads(pickle.dumps(RedisStore(url)))
        release = here.claim("ann")
        assert release is not None
        assert there.claim("ann") is None
        assert there.claim("bob") is not None
        admin.delete("coze:token:claim:ann")  # it ended by itself, as after a minute
        taken = there.claim("ann")
        assert taken is not None
        release()
        assert here.claim("ann") is None
        taken()
        assert here.claim("ann") is not None


@pytest.mark.parametrize("text", ["", "{", "7", "{}", '{"access_token": "x"}'])
def test_a_damaged_token_in_redis_is_told_without_its_text(tmp_path: Path, text: str) -> None:
    with SERVERS["python"](tmp_path) as url, redis.Redis.from_url(url) as admin:
        admin.set("coze:token:ann", text)
        with pytest.raises(ConfigurationError, match="damaged"):
            RedisStore(url).load("ann")


def test_a_store_keeps_one_token_a_key_and_forgets_it_on_request(store: TokenStore) -> None:
    assert store.load("ann") is None
    store.save("ann", OLD)
    store.save("bob", NEW)
    assert (store.load("ann"), store.load("bob")) == (OLD, NEW)
    store.save("ann", NEW)
    store.save("bob", None)
    store.save("bob", None)
    assert (store.load("ann"), store.load("bob")) == (NEW, None)


def test_many_threads_that_save_at_once_lose_nothing(store: TokenStore) -> None:
    keys = [f"user {number}" for number in range(20)]
    threads = [threading.Thread(target=store.save, args=(key, OLD)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.load(key) for key in keys] == [OLD] * 20


SAVER = """
import sys
from coze_client import FileStore, Token
store = FileStore(sys.argv[1])
print(flush=True)
sys.stdin.readline()  # all processes begin at once
for number in range(25):
    store.save(f"{sys.argv[2]} {number}", Token("czu", 1, 2))
"""


def test_many_processes_that_save_at_once_lose_nothing(path: Path) -> None:
    names = ["ann", "bob", "cid"]
    with ExitStack() as stack:
        savers = [
            stack.enter_context(subprocess.Popen([sys.executable, "-c", SAVER, path, name], stdin=PIPE, stdout=PIPE))
            for name in names
        ]
        for saver in savers:
            assert saver.stdout
            saver.stdout.readline()
        for saver in savers:
            assert saver.stdin
            saver.stdin.write(b"\n")
            saver.stdin.flush()
    assert [saver.wait() for saver in savers] == [0, 0, 0]
    store = FileStore(path)
    assert [key for name in names for key in map(f"{name} {{}}".format, range(25)) if store.load(key) is None] == []


def test_the_memory_does_not_fill_with_expired_tokens_of_a_services_sessions() -> None:
    store = MemoryStore()
    expired = Token("czu_x", 0, 900, "refresh_x")
    store.save("user", OLD)
    store.save("user who was away", expired)
    for number in range(10_000):
        store.save(f"session {number}", Token("czs_x", number, number + 900))
    assert len(store._tokens) < 4000
    assert (store.load("user"), store.load("user who was away")) == (OLD, expired)
    assert store.load("session 9500") is not None


def test_only_the_owner_can_read_the_file_and_its_folder(path: Path) -> None:
    FileStore(path).save("ann", OLD)
    files = list(path.parent.iterdir())
    assert path in files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them_by_the_next_save(path: Path) -> None:
    store = FileStore(path)
    store.save("ann", OLD)
    path.chmod(0o644)
    store.save("ann", NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_other_processes_see_what_one_saved(path: Path) -> None:
    FileStore(path).save("ann", OLD)
    assert FileStore(path).load("ann") == OLD
    assert pickle.loads(pickle.dumps(FileStore(path))).load("ann") == OLD


def test_an_empty_file_is_an_empty_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert FileStore(path).load("ann") is None


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"ann": 3}',
        b'{"ann": {"access_token": "x"}}',
        b'{"ann": []}',
        b'{"ann": "x"}',
    ],
)
def test_a_damaged_file_is_reported_with_the_cure(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"tokens\.json is damaged.*Delete it and log in again"):
        FileStore(path).load("ann")
    assert path.read_bytes() == content


def test_a_damaged_file_is_never_written_over(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"ann": {"access')
    with pytest.raises(ConfigurationError, match="damaged"):
        FileStore(path).save("bob", NEW)
    assert path.read_bytes() == b'{"ann": {"access'


@pytest.mark.parametrize("ask", [lambda s: s.load("a"), lambda s: s.save("a", OLD), lambda s: s.claim("a")])
def test_a_path_that_cannot_hold_a_file_is_reported(tmp_path: Path, ask: Callable[[FileStore], object]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"tokens\.json cannot be used: (Not a directory|File exists)"):
        ask(FileStore(tmp_path / "file" / "tokens.json"))


STEPS = ("os.fdopen", "tempfile.mkstemp", "json.dumps", "os.fsync", "pathlib.Path.replace")


@pytest.mark.parametrize("step", STEPS)
def test_a_save_that_dies_at_any_step_leaves_the_old_tokens_and_no_lock(
    path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(path)
    store.save("ann", OLD)

    def dies(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(step, dies)
        with pytest.raises(KeyboardInterrupt):
            store.save("ann", NEW)
    assert FileStore(path).load("ann") == OLD
    store.save("ann", NEW)
    assert FileStore(path).load("ann") == NEW


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_is_killed_at_any_step_of_a_save_leaves_a_usable_store(
    path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(path)
    store.save("ann", OLD)
    with monkeypatch.context() as patched:
        patched.setattr(step, lambda *_, **__: os.kill(os.getpid(), 9))
        child = os.fork()
        if child == 0:
            store.save("ann", NEW)
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == 9
    assert store.load("ann") == OLD
    store.save("ann", NEW)
    assert store.load("ann") == NEW


def test_one_at_a_time_holds_the_claim_to_renew(path: Path) -> None:
    one, other = FileStore(path), FileStore(path)
    release = one.claim("ann")
    assert release is not None
    assert other.claim("ann") is None
    assert one.claim("ann") is None
    release()
    again = other.claim("ann")
    assert again is not None
    again()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_claim_that_is_given_back_is_free_even_if_a_forked_child_lives_on(path: Path) -> None:
    release = FileStore(path).claim("ann")
    assert release is not None
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    try:
        release()
        again = FileStore(path).claim("ann")
        assert again is not None
        again()
    finally:
        os.close(writing)
        os.close(reading)
        os.waitpid(child, 0)


def test_a_disk_without_locks_is_reported_instead_of_being_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(ConfigurationError, match=r"Operation not supported.*file locks"):
        FileStore(path).claim("ann")
    with pytest.raises(ConfigurationError, match=r"Operation not supported.*file locks"):
        FileStore(path).save("ann", OLD)


def test_locks_do_not_grow_with_the_number_of_users(path: Path) -> None:
    store = FileStore(path)
    for number in range(600):
        release = store.claim(f"user {number}")
        assert release is not None
        release()
    assert len(list(path.parent.iterdir())) <= 256


def test_a_store_shows_its_path_and_no_token(path: Path) -> None:
    store = FileStore(path)
    store.save("ann", OLD)
    assert repr(store) == f"FileStore({str(path)!r})"
    assert "czu_old" in path.read_text()
    assert json.loads(path.read_text())["ann"]["refresh_token"] == "refresh_old"


def test_a_relative_path_means_the_same_file_wherever_the_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = FileStore("tokens.json")
    store.save("ann", OLD)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert store.load("ann") == OLD
