"""One renewal at a time across threads, tasks, loops and processes, even if the renewing one stops."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from coze_client import (
    AsyncCozeClient,
    ConfigurationError,
    ConnectionFailed,
    CozeClient,
    ExpiredToken,
    FileStore,
    MemoryStore,
    OAuthError,
    TimedOut,
    Timeout,
    Token,
    TokenStore,
)
from coze_client.auth.renewal import Renewable
from coze_client.core.concurrency import Blocking
from coze_client.core.credentials import Caller
from coze_client.core.session import Session
from coze_client.emulator import Clock

T = TypeVar("T")
LIFE = 900


class Counted(Renewable):
    """Grants token 1, 2, 3 …, each after `work` has returned; `work` may delay it or fail."""

    def __init__(self, store: TokenStore | None = None, work: Callable[[], object] = bool, clock: Any = None) -> None:
        super().__init__("counted", store, clock or Clock())
        self.work = work
        self.grants: list[Token | None] = []
        self.threads: list[int] = []

    async def grant(self, caller: Caller, last: Token | None) -> Token:
        self.grants.append(last)
        number = len(self.grants)
        await caller.concurrency.call(self._work)
        return self.made(number)

    def made(self, number: int) -> Token:
        return Token(f"token_{number}", self.clock(), self.clock() + LIFE, f"refresh_{number}")

    def _work(self) -> None:
        self.threads.append(threading.get_ident())
        self.work()


class Slow:
    """A store whose calls can fail, and which records the threads that called it."""

    def __init__(self, kept: Token | None = None) -> None:
        self.kept = kept
        self.fails = False
        self.threads: set[int] = set()

    def load(self, key: str) -> Token | None:
        self.threads.add(threading.get_ident())
        return self.kept

    def save(self, key: str, token: Token | None) -> None:
        self.threads.add(threading.get_ident())
        if self.fails:
            raise OSError("disk full")
        self.kept = token


@pytest.fixture
def session() -> Session:
    return CozeClient("unused", base_url="http://coze")._session


@pytest.fixture
def asession() -> Session:
    return AsyncCozeClient("unused", base_url="http://coze")._session


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(60) as threads:
        yield threads


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    return Blocking.run(coroutine)


def on_a_loop(session: Session, own: Renewable, tasks: int, started: threading.Semaphore | None = None) -> list[str]:
    async def one() -> str:
        if started is not None:
            started.release()
        return await own.token(session)

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(one() for _ in range(tasks)))

    return asyncio.run(all_of_them())


def once_all_started(started: threading.Semaphore, number: int) -> None:
    for _ in range(number):
        assert started.acquire(timeout=10)


def expired(own: Counted) -> Token:
    return Token("token_old", own.clock() - 2 * LIFE, own.clock() - LIFE, "refresh_old")


@pytest.mark.parametrize("kind", ["nothing", "memory", "file", "own"])
def test_fifty_threads_and_two_loops_of_fifty_tasks_make_one_grant_of_an_expired_token(
    kind: str, session: Session, asession: Session, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    store: TokenStore = {"memory": MemoryStore, "own": Slow}.get(kind, partial(FileStore, tmp_path / "tokens"))()
    started = threading.Semaphore(0)
    own = Counted(store, partial(once_all_started, started, 150))
    if kind != "nothing":
        store.save(own.key, expired(own))

    def blocking() -> str:
        started.release()
        return now(own.token(session))

    threads = [pool.submit(blocking) for _ in range(50)]
    loops = [pool.submit(on_a_loop, asession, own, 50, started) for _ in range(2)]
    tokens = {future.result(30) for future in threads} | {token for loop in loops for token in loop.result(30)}
    assert tokens == {"token_1"}
    assert own.grants == [None if kind == "nothing" else expired(own)]
    assert store.load(own.key) == own.made(1)


def test_a_fresh_token_is_used_as_it_is(session: Session) -> None:
    own = Counted()
    assert [now(own.token(session)) for _ in range(3)] == ["token_1"] * 3
    assert len(own.grants) == 1


def test_a_stale_token_is_used_while_one_renews_it(session: Session, pool: ThreadPoolExecutor) -> None:
    clock, renewing, go_on = Clock(), threading.Event(), threading.Event()
    own = Counted(clock=clock)
    assert now(own.token(session)) == "token_1"
    clock.advance(LIFE - 200)
    own.work = partial(held, renewing, go_on)
    leader = pool.submit(lambda: now(own.token(session)))
    assert renewing.wait(10)
    assert [now(own.token(session)) for _ in range(20)] == ["token_1"] * 20
    go_on.set()
    assert leader.result(10) == "token_2"
    assert now(own.token(session)) == "token_2"
    assert len(own.grants) == 2


def test_a_stale_token_outlives_a_failed_renewal_and_is_not_tried_again_at_once(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    own = Counted(clock=clock)
    now(own.token(session))
    clock.advance(LIFE - 200)
    own.work = failing(ConnectionFailed("no network"))
    assert [now(own.token(session)) for _ in range(5)] == ["token_1"] * 5
    assert len(own.grants) == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "is used until it expires: no network" in caplog.text
    clock.advance(20)
    assert now(own.token(session)) == "token_1"
    assert len(own.grants) == 3
    clock.advance(200)
    with pytest.raises(ConnectionFailed):
        now(own.token(session))


def held(renewing: threading.Event, go_on: threading.Event) -> None:
    """Work that signals its start and waits until it may continue."""
    renewing.set()
    assert go_on.wait(10)


def failing(error: Exception) -> Callable[[], object]:
    def work() -> object:
        raise error

    return work


def test_a_failed_renewal_fails_everybody_who_waited_and_the_next_caller_tries_again(
    session: Session, pool: ThreadPoolExecutor
) -> None:
    started = threading.Semaphore(0)

    def fails_once_all_started() -> None:
        once_all_started(started, 10)
        raise OAuthError("no", code="internal_error")

    own = Counted(work=fails_once_all_started)

    def ask() -> str:
        started.release()
        return now(own.token(session))

    outcomes = [future.exception(30) for future in [pool.submit(ask) for _ in range(10)]]
    assert {type(outcome) for outcome in outcomes} == {OAuthError}
    own.work = bool
    assert now(own.token(session)).startswith("token_")


async def test_a_caller_who_is_cancelled_while_renewing_takes_nobody_along(asession: Session) -> None:
    renewing, go_on = threading.Event(), threading.Event()
    own = Counted(work=partial(held, renewing, go_on))
    first = asyncio.ensure_future(own.token(asession))
    await asyncio.to_thread(renewing.wait, 10)
    others = [asyncio.ensure_future(own.token(asession)) for _ in range(5)]
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    others[0].cancel()
    go_on.set()
    assert await asyncio.gather(*others[1:]) == ["token_1"] * 4
    assert len(own.grants) == 1


def test_a_failed_renewal_that_nobody_waits_for_any_more_makes_no_noise(
    asession: Session, caplog: pytest.LogCaptureFixture
) -> None:
    renewing, go_on = threading.Event(), threading.Event()

    def fails() -> None:
        held(renewing, go_on)
        raise ConnectionFailed("no network")

    own = Counted(work=fails)
    impatient = asession.with_settings(asession.config._replace(timeout=Timeout(deadline=0.02)), own)

    async def ask() -> None:
        cancelled = asyncio.ensure_future(own.token(asession))
        await asyncio.to_thread(renewing.wait, 10)
        with pytest.raises(TimedOut):
            await own.token(impatient)
        cancelled.cancel()
        go_on.set()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})

    asyncio.run(ask())
    gc.collect()
    assert not caplog.records


def test_when_the_loop_of_the_one_who_renews_ends_another_one_takes_over(
    session: Session, asession: Session, pool: ThreadPoolExecutor
) -> None:
    waiting = threading.Event()
    own = Counted()

    class Endless(Counted):
        async def grant(self, caller: Caller, last: Token | None) -> Token:
            waiting.set()
            await asyncio.sleep(3600)
            raise AssertionError

    endless = Endless(own.store, clock=own.clock)

    async def leave() -> None:
        leader = asyncio.ensure_future(endless.token(asession))
        await asyncio.to_thread(waiting.wait, 10)
        assert not leader.done()
        follower.append(pool.submit(lambda: now(own.token(session))))

    follower: list[Any] = []
    asyncio.run(leave())
    assert follower[0].result(10) == "token_1"


def test_a_renewal_on_a_loop_that_no_longer_runs_is_waited_for_once_and_then_given_up(
    session: Session, asession: Session, pool: ThreadPoolExecutor
) -> None:
    renewing, go_on = threading.Event(), threading.Event()
    own = Counted(work=partial(held, renewing, go_on))
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        loop.call_soon(asyncio.ensure_future(own.token(asession)).cancel)
        await asyncio.to_thread(renewing.wait, 10)

    loop.run_until_complete(begin())
    impatient = session.with_settings(session.config._replace(timeout=Timeout(deadline=0.05)), own)
    with pytest.raises(TimedOut, match="renewal of the token"):
        now(own.token(impatient))
    own.work = bool
    assert now(own.token(session)) == "token_2"

    async def end() -> None:
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
        await loop.shutdown_default_executor()

    go_on.set()
    loop.run_until_complete(end())
    loop.close()


def test_neither_the_grants_work_nor_the_store_ever_runs_on_an_event_loops_thread(asession: Session) -> None:
    clock, store = Clock(), Slow()
    own = Counted(store, clock=clock)
    for _ in range(3):
        on_a_loop(asession, own, 10)
        clock.advance(LIFE - 100)
        on_a_loop(asession, own, 10)
        clock.advance(LIFE)
    assert len(own.threads) == 6
    assert threading.get_ident() not in store.threads | set(own.threads)


def test_a_refused_token_is_renewed_once_however_many_were_refused(session: Session, pool: ThreadPoolExecutor) -> None:
    started = threading.Semaphore(0)
    own = Counted()
    refused = now(own.token(session))
    own.work = partial(once_all_started, started, 20)

    def renew() -> bool:
        started.release()
        return now(own.renew(session, refused))

    assert all(future.result(30) for future in [pool.submit(renew) for _ in range(20)])
    assert now(own.token(session)) == "token_2"
    assert now(own.renew(session, refused))  # whose refusal arrives after the renewal
    assert now(own.token(session)) == "token_2"
    assert len(own.grants) == 2


def test_a_token_is_stored_before_anybody_uses_it(session: Session) -> None:
    store = Slow()
    own = Counted(store)
    store.fails = True
    with pytest.raises(OSError, match="disk full"):
        now(own.token(session))
    with pytest.raises(OSError, match="disk full"):
        now(own.token(session))
    store.fails = False
    assert now(own.token(session)) == "token_1"
    assert store.kept == own.made(1)
    assert len(own.grants) == 1


def test_a_token_that_could_not_be_stored_until_it_was_old_renews_the_next(session: Session) -> None:
    clock, store = Clock(), Slow()
    own = Counted(store, clock=clock)
    store.fails = True
    with pytest.raises(OSError, match="disk full"):
        now(own.token(session))
    clock.advance(2 * LIFE)
    store.fails = False
    assert now(own.token(session)) == "token_2"
    assert own.grants[1] is not None
    assert own.grants[1].access_token == "token_1"


def test_a_stale_token_outlives_a_store_that_fails(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    clock, store = Clock(), Slow()
    own = Counted(store, clock=clock)
    now(own.token(session))
    clock.advance(LIFE - 200)
    store.fails = True
    assert now(own.token(session)) == "token_1"
    assert "is used until it expires: OSError" in caplog.text


def test_what_another_process_stored_meanwhile_is_taken_over(session: Session, tmp_path: Path) -> None:
    clock = Clock()
    own = Counted(FileStore(tmp_path / "t"), clock=clock)
    now(own.token(session))
    clock.advance(LIFE)
    others = Token("token_of_another", clock(), clock() + LIFE, "refresh_of_another")
    FileStore(tmp_path / "t").save(own.key, others)
    assert now(own.token(session)) == "token_of_another"
    assert len(own.grants) == 1


def test_a_token_of_another_process_that_is_stale_itself_is_renewed(session: Session) -> None:
    clock, store = Clock(), Slow()
    own = Counted(store, clock=clock)
    now(own.token(session))
    clock.advance(LIFE)
    store.kept = Token("token_stale", clock() - LIFE + 100, clock() + 100, "refresh_stale")
    assert now(own.token(session)) == "token_2"
    assert own.grants[1] == Token("token_stale", clock() - LIFE + 100, clock() + 100, "refresh_stale")


def test_an_older_token_that_could_not_be_stored_is_never_stored_over_a_newer_one(session: Session) -> None:
    clock, store = Clock(), Slow()
    own = Counted(store, clock=clock)
    store.fails = True
    with pytest.raises(OSError, match="disk full"):
        now(own.token(session))
    store.fails = False
    store.kept = Token("token_of_another", clock(), clock() + LIFE, "refresh_of_another")
    assert now(own.token(session)) == "token_of_another"
    assert now(own.renew(session, "token_of_another"))
    assert store.kept.access_token == "token_2"
    assert own.grants[1] is not None
    assert own.grants[1].refresh_token == "refresh_of_another"


def test_a_logout_in_another_process_is_not_undone(session: Session) -> None:
    clock, store = Clock(), Slow()
    own = Counted(store, clock=clock)
    now(own.token(session))
    store.kept = None
    clock.advance(LIFE)
    now(own.token(session))
    assert own.grants == [None, None]


def test_who_loses_the_race_for_a_refresh_token_takes_what_the_winner_stored(session: Session) -> None:
    """Processes that share a store without ``claim``."""
    clock, store = Clock(), Slow()
    own = Counted(store, clock=clock)
    now(own.token(session))
    clock.advance(LIFE)

    def loses() -> None:
        store.kept = Token("token_of_the_winner", clock(), clock() + LIFE, "r")
        raise ExpiredToken("this refresh token was used before")

    own.work = loses
    assert now(own.token(session)) == "token_of_the_winner"


def test_credentials_of_one_store_and_key_share_one_renewal(session: Session, pool: ThreadPoolExecutor) -> None:
    started, store = threading.Semaphore(0), MemoryStore()
    work = partial(once_all_started, started, 20)
    clock = Clock()
    many = [Counted(store, work, clock) for _ in range(20)]

    def ask(own: Counted) -> str:
        started.release()
        return now(own.token(session))

    assert set(pool.map(ask, many)) == {"token_1"}
    assert sum(len(own.grants) for own in many) == 1


def test_stores_that_come_and_go_never_see_each_others_tokens(session: Session) -> None:
    for _ in range(50):
        own = Counted(Slow())
        assert now(own.token(session)) == "token_1"
        assert len(own.grants) == 1
        del own


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_waits_for_no_renewal_of_its_parent(session: Session, pool: ThreadPoolExecutor) -> None:
    renewing, go_on = threading.Event(), threading.Event()
    own = Counted(work=partial(held, renewing, go_on))
    leader = pool.submit(lambda: now(own.token(session)))
    assert renewing.wait(10)
    with own._shared._lock:  # as another thread may hold it at any time
        child = os.fork()
        if child == 0:
            own.work = bool
            os._exit(0 if now(own.token(session)) == "token_2" else 1)
    go_on.set()
    assert leader.result(10) == "token_1"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_claim_that_another_process_never_gives_back_ends_the_wait_with_the_deadline(
    session: Session, tmp_path: Path
) -> None:
    own = Counted(FileStore(tmp_path / "t"))
    release = FileStore(tmp_path / "t").claim(own.key)
    assert release is not None
    impatient = session.with_settings(session.config._replace(timeout=Timeout(deadline=0.05)), own)
    with pytest.raises(TimedOut, match=r"Another process.*Try again later") as caught:
        now(own.token(impatient))
    assert caught.value.sent is False
    release()
    assert now(own.token(session)) == "token_1"


def test_an_expired_token_that_another_thread_has_loaded_too_does_not_pass_for_a_renewed_one(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Counted(Slow())
    own.store.save(own.key, expired(own))
    join = own._shared.join_renewal

    def join_later() -> Any:
        own._shared.token = expired(own)
        return join()

    monkeypatch.setattr(own._shared, "join_renewal", join_later)
    assert now(own.token(session)) == "token_1"


def test_credentials_send_their_token_to_no_second_server(session: Session) -> None:
    own = Counted()
    assert now(own.token(session)) == "token_1"
    elsewhere = CozeClient("unused", base_url="http://another")._session
    with pytest.raises(ConfigurationError, match="must not be sent to http://another"):
        now(own.token(elsewhere))
    assert now(own.token(session)) == "token_1"
