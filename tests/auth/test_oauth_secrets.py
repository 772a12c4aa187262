"""No token, key, verifier, code or state is ever shown: not in a log, a repr, an error, a traceback or a pickle."""

from __future__ import annotations

import json
import logging
import pickle
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from coze_client import CozeError, FileStore
from coze_client.emulator import faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.protocol.reply import RawReply
from tests.support.logins import DEVICE, TOKEN, Logins, key_pair
from tests.support.ports import free_port

Flow = Callable[[Logins, "Seen"], None]
SECRET_FIELDS = {"access_token", "refresh_token", "code", "code_verifier", "device_code", "state", "code_challenge"}
PEM_LINE = key_pair().private_key.splitlines()[5]


class Seen:
    """Every value that could be shown to someone."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.errors: list[CozeError] = []

    def look_at(self, *values: object) -> None:
        self.texts += [f"{value!r} {value}" for value in values]

    def fail(self, call: Callable[[], object]) -> None:
        with pytest.raises(CozeError) as caught:
            call()
        error = caught.value
        self.errors.append(error)
        self.texts += [str(error), repr(error), str(vars(error)), str(pickle.dumps(error))]
        self.texts += traceback.format_exception(type(error), error, error.__traceback__)


def web(logins: Logins, seen: Seen) -> None:
    browser_login(logins, seen, logins.web())


def pkce(logins: Logins, seen: Seen) -> None:
    browser_login(logins, seen, logins.pkce())


def browser_login(logins: Logins, seen: Seen, app: Any) -> None:
    client = logins.driver.client(app)
    login = client.oauth.login()
    back = logins.answer_consent(login.url)
    seen.look_at(app, app.for_user("ann"), client, client.oauth, login)
    seen.fail(lambda: logins.run(client.oauth.finish(login, back.replace("state=", "state=x"))))
    for fault in repeating(logins):
        logins.emulator.inject(fault, path=TOKEN)
        seen.fail(lambda: logins.run(client.options(retry=None).oauth.finish(login, back)))
    logins.run(client.oauth.finish(login, back))
    live(logins, seen, client)
    seen.look_at(app._shared, app._shared.token)


def device(logins: Logins, seen: Seen) -> None:
    client = logins.driver.client(logins.device())
    login = logins.run(client.oauth.start_device())
    seen.look_at(login, client)
    logins.emulator.deny_device(login.user_code)
    seen.fail(lambda: logins.run(client.oauth.wait_for_device(login)))
    login = logins.run(client.oauth.start_device())
    logins.emulator.inject(faults.HttpStatus(200, b'{"device_code": "dev_canary_1'), path=DEVICE)
    seen.fail(lambda: logins.run(client.oauth.start_device()))
    logins.emulator.approve_device(login.user_code)
    logins.run(client.oauth.wait_for_device(login))
    live(logins, seen, client)


def desktop(logins: Logins, seen: Seen) -> None:
    client = logins.driver.client(logins.desktop(f"http://127.0.0.1:{free_port()}/callback"))

    def browser(url: str) -> None:
        back = logins.answer_consent(url)
        for target in (back.replace("callback", "elsewhere"), back, back):
            httpx.get(target)

    logins.run(client.oauth.login_with_browser(open_url=browser, seconds=10))
    live(logins, seen, client)


def jwt(logins: Logins, seen: Seen) -> None:
    service = logins.jwt()
    client = logins.driver.client(service)
    seen.look_at(service, service.for_session("ann"), service._signer, vars(service.for_session("ann")))
    for fault in repeating(logins):
        logins.emulator.inject(fault, path=TOKEN)
        seen.fail(lambda: logins.user_name(client.options(retry=None)))
    live(logins, seen, client)


@dataclass(frozen=True)
class Repeat(Fault):
    """A server whose error repeats everything in the request, as JSON or not."""

    logins: Logins
    status: int
    as_json: bool
    answers = True

    def instead(self) -> RawReply:
        call = self.logins.emulator.calls[-1]
        message = f"unknown: {call.headers.get('authorization')} {json.dumps(call.body)}"
        if self.as_json:
            return RawReply(self.status, json.dumps({"error": "invalid_request", "error_message": message}).encode())
        return RawReply(self.status, f"<html>{message}</html>".encode(), "text/html")


def repeating(logins: Logins) -> list[Repeat]:
    return [Repeat(logins, status, as_json) for status in (400, 500) for as_json in (True, False)]


def live(logins: Logins, seen: Seen, client: Any) -> None:
    """Calls that succeed, expire, are refused, and fail."""
    logins.user_name(client)
    logins.clock.advance(1000)
    for fault in repeating(logins):
        logins.emulator.inject(fault, path=TOKEN)
        seen.fail(lambda: logins.user_name(client.options(retry=None)))
    logins.user_name(client)
    logins.clock.advance(700)
    logins.emulator.inject(faults.HttpStatus(500, b"no"), path=TOKEN)
    logins.user_name(client.options(retry=None))
    logins.emulator.inject(faults.Expire(), path="/v1/users/me")
    logins.emulator.inject(faults.HttpStatus(200, b'{"access_token": "czu_canary_cut_off'), path=TOKEN)
    seen.fail(lambda: logins.user_name(client.options(retry=None)))
    seen.look_at(client, client._session, client._setup)
    logins.run(client.request("GET", "/v1/users/me"))
    seen.look_at(client._session.credentials)


def secrets_of(logins: Logins) -> set[str]:
    """Every secret that was sent in either direction."""
    found = {"czu_canary_cut_off", "dev_canary_1", PEM_LINE}
    for call in logins.emulator.calls:
        found.add(call.headers.get("authorization", "").removeprefix("Bearer "))
        found |= {value for name, value in call.query.items() if name in SECRET_FIELDS}
        if isinstance(call.body, dict):
            found |= {str(value) for name, value in call.body.items() if name in SECRET_FIELDS}
    for row in logins.emulator._backend.state._connection.execute("select body from record"):
        found |= set(re.findall(r"cz[us]_[\w-]{20,}|code_[\w-]{20,}", str(row)))
    return {secret for secret in found if secret}


@pytest.mark.parametrize("flow", [web, pkce, device, desktop, jwt], ids=lambda flow: flow.__name__)
def test_no_flow_shows_a_secret_anywhere(
    logins: Logins,
    flow: Flow,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    sleeps: list[float],
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = Seen()
    flow(logins, seen)
    ours = [record for record in caplog.records if record.name.startswith(("coze_client", "httpcore", "asyncio"))]
    assert ours
    seen.texts += [f"{record.getMessage()} {record.args}" for record in ours]
    seen.texts += list(capfd.readouterr())
    secrets = secrets_of(logins)
    assert len(secrets) > 5
    assert not [(secret, text) for secret in secrets for text in seen.texts if secret in text]


def test_a_link_is_shown_to_the_user_and_never_in_a_repr(logins: Logins) -> None:
    client = logins.driver.client(logins.pkce())
    login = client.oauth.login()
    parameters = dict(parse_qsl(urlsplit(login.url).query))
    assert not [name for name in ("state", "code_challenge") if parameters[name] in repr(login)]


def test_a_file_store_keeps_tokens_in_its_file_alone(logins: Logins, tmp_path: Path) -> None:
    client = logins.log_in(logins.web(store=FileStore(tmp_path / "tokens.json")))
    logins.clock.advance(1000)
    logins.user_name(client)
    holding = {file.name for file in tmp_path.iterdir() if b"czu_" in file.read_bytes()}
    assert holding == {"tokens.json"}
