"""Logins on another device: the polls keep the server's interval, and each way to end has its own error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import (
    AccessDenied,
    AsyncCozeClient,
    CozeClient,
    DeviceCode,
    DeviceLogin,
    ExpiredToken,
    InvalidClient,
    ProtocolError,
)
from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.emulator import Emulator, faults
from tests.support.logins import DEVICE, TOKEN, Logins

Event = Callable[[], object]


class Waiting:
    """Sleeps take no time and move the shared clock; at a given second something happens."""

    def __init__(self, logins: Logins, monkeypatch: pytest.MonkeyPatch) -> None:
        self.logins = logins
        self.begin = logins.clock()
        self.events: list[tuple[float, Event]] = []
        waiting = self

        async def sleep(_: object, seconds: float) -> None:
            waiting.pass_by(seconds)

        monkeypatch.setattr(Blocking, "sleep", sleep)
        monkeypatch.setattr(Asyncio, "sleep", sleep)

    def pass_by(self, seconds: float) -> None:
        self.logins.clock.advance(seconds)
        due = [event for event in self.events if event[0] <= self.seconds]
        self.events = [event for event in self.events if event not in due]
        for _, happen in due:
            happen()

    @property
    def seconds(self) -> float:
        """Seconds since the test started."""
        return self.logins.clock() - self.begin

    @property
    def polls(self) -> list[float]:
        """The times of the polls, in seconds."""
        return [call.at - self.begin for call in self.logins.emulator.calls_to(TOKEN)]


@pytest.fixture
def waiting(logins: Logins, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    return Waiting(logins, monkeypatch)


def device(logins: Logins, **pace: int) -> DeviceCode:
    app = logins.emulator.add_oauth_app("device", **pace)  # type: ignore[arg-type]  # interval and code_lifetime
    return DeviceCode(app.client_id, base_url=logins.emulator.url, clock=logins.clock)


def test_the_user_confirms_on_a_page_and_the_client_just_works(logins: Logins, waiting: Waiting) -> None:
    client = logins.driver.client(logins.device())
    login = logins.run(client.oauth.start_device())

    def confirm() -> None:
        answer = httpx.post(login.verification_url, data={"decision": "allow", "user": "ann"})
        assert "Device connected" in answer.text

    waiting.events.append((12, confirm))
    logins.run(client.oauth.wait_for_device(login))
    assert waiting.polls == [5, 10, 15]
    assert logins.user_name(client) == "ann"
    logins.clock.advance(1000)
    assert logins.user_name(client) == "ann"


def test_what_the_user_is_shown_is_there_and_the_device_code_is_not(logins: Logins) -> None:
    client = logins.driver.client(logins.device())
    login = logins.run(client.oauth.start_device())
    assert login.verification_url == f"{logins.emulator.url}/activate?user_code={login.user_code}"
    assert (login.interval, login.expires_in) == (5, 300)
    assert login.user_code in repr(login)
    assert login.device_code not in f"{login!r} {login}"


def test_a_code_for_one_workspace_has_a_route_of_its_own(logins: Logins) -> None:
    client = logins.driver.client(logins.device())
    assert logins.run(client.oauth.start_device(workspace_id="731")).device_code
    assert logins.emulator.calls[-1].path == "/api/permission/oauth2/workspace_id/731/device/code"


@pytest.mark.parametrize(("interval", "polls"), [(1, [1, 2, 3]), (7, [7, 14, 21])])
def test_the_servers_interval_is_kept(logins: Logins, waiting: Waiting, interval: int, polls: list[float]) -> None:
    client = logins.driver.client(device(logins, interval=interval))
    login = logins.run(client.oauth.start_device())
    waiting.events.append((polls[-2], lambda: logins.emulator.approve_device(login.user_code)))
    logins.run(client.oauth.wait_for_device(login))
    assert waiting.polls in (polls, polls[:-1])


@pytest.mark.parametrize(
    ("interval", "polls"), [(5, [5, 15, 30, 50, 75, 105, 135]), (40, [40, 80, 120, 160, 200, 240, 280]), (0, [1, 7])]
)
def test_slow_down_makes_each_wait_five_seconds_longer_up_to_half_a_minute(
    logins: Logins, waiting: Waiting, interval: int, polls: list[float]
) -> None:
    client = logins.driver.client(logins.device())
    login = logins.run(client.oauth.start_device()).model_copy(update={"interval": interval, "expires_in": 300})
    body = b'{"error": "slow_down", "error_description": "too fast"}'
    logins.emulator.inject(faults.HttpStatus(400, body), path=TOKEN, times=len(polls) - 1)
    logins.emulator.approve_device(login.user_code)
    logins.run(client.oauth.wait_for_device(login))
    assert waiting.polls == polls


def test_a_server_that_thinks_the_device_is_too_fast_is_obeyed(logins: Logins, waiting: Waiting) -> None:
    client = logins.driver.client(device(logins, interval=8))
    login = logins.run(client.oauth.start_device()).model_copy(update={"interval": 5})
    waiting.events.append((30, lambda: logins.emulator.approve_device(login.user_code)))
    logins.run(client.oauth.wait_for_device(login))
    assert waiting.polls == [5, 10, 20, 35]
    assert logins.user_name(client) == "user-1"


def test_a_user_who_refuses_ends_the_wait(logins: Logins, waiting: Waiting) -> None:
    client = logins.driver.client(logins.device())
    login = logins.run(client.oauth.start_device())
    waiting.events.append((7, lambda: logins.emulator.deny_device(login.user_code)))
    with pytest.raises(AccessDenied, match="The user refused"):
        logins.run(client.oauth.wait_for_device(login))
    assert waiting.polls == [5, 10]


def test_a_code_that_nobody_confirms_ends_with_its_time(logins: Logins, waiting: Waiting) -> None:
    client = logins.driver.client(device(logins, interval=5, code_lifetime=60))
    login = logins.run(client.oauth.start_device())
    with pytest.raises(ExpiredToken, match=r"before the user confirmed it|device code has expired") as caught:
        logins.run(client.oauth.wait_for_device(login))
    assert "start_device" in caught.value.cure or "log in again" in caught.value.cure
    assert waiting.seconds == 60


def test_a_server_whose_code_expires_earlier_is_believed(logins: Logins, waiting: Waiting) -> None:
    client = logins.driver.client(device(logins, code_lifetime=20))
    login = logins.run(client.oauth.start_device()).model_copy(update={"expires_in": 9999})
    with pytest.raises(ExpiredToken):
        logins.run(client.oauth.wait_for_device(login))
    assert waiting.seconds == 20


def test_a_wait_can_be_cancelled_within_a_quarter_of_a_second(logins: Logins, waiting: Waiting) -> None:
    client = logins.driver.client(logins.device())
    login = logins.run(client.oauth.start_device())
    with pytest.raises(AccessDenied, match="cancelled"):
        logins.run(client.oauth.wait_for_device(login, cancelled=lambda: waiting.seconds > 6))
    assert 6 < waiting.seconds <= 6.25


@pytest.mark.parametrize(
    "fault",
    [
        faults.DropConnection(),
        faults.HttpStatus(502),
        faults.HttpStatus(500, b'{"error_code": "internal_error", "error_message": "oops"}'),
    ],
)
def test_a_failure_that_passes_does_not_lose_the_login(logins: Logins, waiting: Waiting, fault: Any) -> None:
    client = logins.driver.client(logins.device())
    login = logins.run(client.oauth.start_device())
    logins.emulator.inject(fault, path=TOKEN, times=3)
    logins.emulator.approve_device(login.user_code)
    logins.run(client.oauth.wait_for_device(login))
    assert waiting.polls == [5, 10, 15, 20]


def test_an_app_that_is_unknown_is_reported(logins: Logins) -> None:
    client = logins.driver.client(DeviceCode("404.app.coze", base_url=logins.emulator.url))
    with pytest.raises(InvalidClient):
        logins.run(client.oauth.start_device())


def test_an_answer_without_a_device_code_is_reported(logins: Logins) -> None:
    client = logins.driver.client(logins.device())
    logins.emulator.inject(faults.HttpStatus(200, b'{"user_code": "X"}', "application/json"), path=DEVICE)
    with pytest.raises(ProtocolError, match="no device_code"):
        logins.run(client.oauth.start_device())


def test_a_user_code_of_digits_is_text(logins: Logins) -> None:
    client = logins.driver.client(logins.device())
    body = b'{"device_code": "d", "user_code": 12345678, "verification_uri": "https://x.example/?lang=en"}'
    logins.emulator.inject(faults.HttpStatus(200, body, "application/json"), path=DEVICE)
    login = logins.run(client.oauth.start_device())
    assert login.verification_url == "https://x.example/?lang=en&user_code=12345678"


async def test_a_task_that_waits_can_be_cancelled(emulator: Emulator) -> None:
    async with AsyncCozeClient(DeviceCode(emulator.oauth_apps["device"].client_id, base_url=emulator.url)) as client:
        login = await client.oauth.start_device()
        task = asyncio.ensure_future(client.oauth.wait_for_device(login))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_nothing_sleeps_on_the_event_loop(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", None)
    app = emulator.add_oauth_app("device", interval=1)
    client = AsyncCozeClient(DeviceCode(app.client_id, base_url=emulator.url))
    login = await client.oauth.start_device()
    emulator.approve_device(login.user_code)
    await client.oauth.wait_for_device(login)
    assert (await client.request("GET", "/v1/users/me"))["code"] == 0
    await client.close()


def test_a_login_can_be_waited_for_elsewhere_than_it_began(emulator: Emulator) -> None:
    app = DeviceCode(emulator.add_oauth_app("device", interval=1).client_id, base_url=emulator.url)
    with CozeClient(app) as client:
        began = client.oauth.start_device()
        emulator.approve_device(began.user_code)
        login = DeviceLogin.model_validate(began.model_dump())
        client.oauth.wait_for_device(login, cancelled=lambda: False)
        assert client.request("GET", "/v1/users/me")["code"] == 0
