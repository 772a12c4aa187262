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
from tests.auth.test_oauth_callback import app as desktop_app
from tests.auth.test_oauth_callback import free_port
from tests.support.logins import DEVICE, TOKEN, SignIn, key_pair

Flow = Callable[[SignIn, "Seen"], None]
SECRET_FIELDS = {"access_token", "refresh_token", "code", "code_verifier", "device_code", "state", "code_challenge"}
PEM_LINE = key_pair().private_key.splitlines()[5]


class Seen:
    """Every value that somebody could look at."""

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


def web(sign_in: SignIn, seen: Seen) -> None:
    browser_login(sign_in, seen, sign_in.web())


def pkce(sign_in: SignIn, seen: Seen) -> None:
    browser_login(sign_in, seen, sign_in.pkce())


def browser_login(sign_in: SignIn, seen: Seen, app: Any) -> None:
    client = sign_in.driver.client(app)
    login = client.oauth.login()
    back = sign_in.press(login.url)
    seen.look_at(app, app.for_user("ann"), client, client.oauth, login)
    seen.fail(lambda: sign_in.run(client.oauth.finish(login, back.replace("state=", "state=x"))))
    for fault in repeating(sign_in):
        sign_in.emulator.inject(fault, path=TOKEN)
        seen.fail(lambda: sign_in.run(client.options(retry=None).oauth.finish(login, back)))
    sign_in.run(client.oauth.finish(login, back))
    live(sign_in, seen, client)
    seen.look_at(app._shared, app._shared.token)


def device(sign_in: SignIn, seen: Seen) -> None:
    client = sign_in.driver.client(sign_in.device())
    login = sign_in.run(client.oauth.start_device())
    seen.look_at(login, client)
    sign_in.emulator.deny_device(login.user_code)
    seen.fail(lambda: sign_in.run(client.oauth.wait_for_device(login)))
    login = sign_in.run(client.oauth.start_device())
    sign_in.emulator.inject(faults.HttpStatus(200, b'{"device_code": "dev_canary_1'), path=DEVICE)
    seen.fail(lambda: sign_in.run(client.oauth.start_device()))
    sign_in.emulator.approve_device(login.user_code)
    sign_in.run(client.oauth.wait_for_device(login))
    live(sign_in, seen, client)


def desktop(sign_in: SignIn, seen: Seen) -> None:
    client = sign_in.driver.client(desktop_app(sign_in, f"http://127.0.0.1:{free_port()}/callback"))

    def browser(url: str) -> None:
        back = sign_in.press(url)
        for target in (back.replace("callback", "elsewhere"), back, back):
            httpx.get(target)

    sign_in.run(client.oauth.login_with_browser(open_url=browser, seconds=10))
    live(sign_in, seen, client)


def jwt(sign_in: SignIn, seen: Seen) -> None:
    service = sign_in.jwt()
    client = sign_in.driver.client(service)
    seen.look_at(service, service.for_session("ann"), service._signer, vars(service.for_session("ann")))
    for fault in repeating(sign_in):
        sign_in.emulator.inject(fault, path=TOKEN)
        seen.fail(lambda: sign_in.me(client.options(retry=None)))
    live(sign_in, seen, client)


@dataclass(frozen=True)
class Repeat(Fault):
    """A server that repeats in its error whatever came with the request, as JSON or not."""

    sign_in: SignIn
    status: int
    as_json: bool
    answers = True

    def instead(self) -> RawReply:
        call = self.sign_in.emulator.calls[-1]
        said = f"unknown: {call.headers.get('authorization')} {json.dumps(call.body)}"
        if self.as_json:
            return RawReply(self.status, json.dumps({"error": "invalid_request", "error_message": said}).encode())
        return RawReply(self.status, f"<html>{said}</html>".encode(), "text/html")


def repeating(sign_in: SignIn) -> list[Repeat]:
    return [Repeat(sign_in, status, as_json) for status in (400, 500) for as_json in (True, False)]


def live(sign_in: SignIn, seen: Seen, client: Any) -> None:
    """Calls that go well, expire, are refused and fail."""
    sign_in.me(client)
    sign_in.clock.advance(1000)
    for fault in repeating(sign_in):
        sign_in.emulator.inject(fault, path=TOKEN)
        seen.fail(lambda: sign_in.me(client.options(retry=None)))
    sign_in.me(client)
    sign_in.clock.advance(700)
    sign_in.emulator.inject(faults.HttpStatus(500, b"no"), path=TOKEN)
    sign_in.me(client.options(retry=None))
    sign_in.emulator.inject(faults.Expire(), path="/v1/users/me")
    sign_in.emulator.inject(faults.HttpStatus(200, b'{"access_token": "czu_canary_cut_off'), path=TOKEN)
    seen.fail(lambda: sign_in.me(client.options(retry=None)))
    seen.look_at(client, client._session, client._setup)
    sign_in.run(client.request("GET", "/v1/users/me"))
    seen.look_at(client._session.credentials)


def secrets_of(sign_in: SignIn) -> set[str]:
    """Whatever went over the wire, either way, that only the two sides may know."""
    found = {"czu_canary_cut_off", "dev_canary_1", PEM_LINE}
    for call in sign_in.emulator.calls:
        found.add(call.headers.get("authorization", "").removeprefix("Bearer "))
        found |= {value for name, value in call.query.items() if name in SECRET_FIELDS}
        if isinstance(call.body, dict):
            found |= {str(value) for name, value in call.body.items() if name in SECRET_FIELDS}
    for row in sign_in.emulator._backend.state._connection.execute("select body from record"):
        found |= set(re.findall(r"cz[us]_[\w-]{20,}|code_[\w-]{20,}", str(row)))
    return {secret for secret in found if secret}


@pytest.mark.parametrize("flow", [web, pkce, device, desktop, jwt], ids=lambda flow: flow.__name__)
def test_no_flow_shows_a_secret_anywhere(
    sign_in: SignIn,
    flow: Flow,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    naps: list[float],
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = Seen()
    flow(sign_in, seen)
    ours = [record for record in caplog.records if record.name.startswith(("coze_client", "httpcore", "asyncio"))]
    assert ours
    seen.texts += [f"{record.getMessage()} {record.args}" for record in ours]
    seen.texts += list(capfd.readouterr())
    secrets = secrets_of(sign_in)
    assert len(secrets) > 5
    assert not [(secret, text) for secret in secrets for text in seen.texts if secret in text]


def test_a_link_is_shown_to_the_user_and_never_in_a_repr(sign_in: SignIn) -> None:
    client = sign_in.driver.client(sign_in.pkce())
    login = client.oauth.login()
    told = dict(parse_qsl(urlsplit(login.url).query))
    assert not [name for name in ("state", "code_challenge") if told[name] in repr(login)]


def test_a_file_store_keeps_tokens_in_its_file_alone(sign_in: SignIn, tmp_path: Path) -> None:
    client = sign_in.logged_in(sign_in.web(store=FileStore(tmp_path / "tokens.json")))
    sign_in.clock.advance(1000)
    sign_in.me(client)
    holding = {file.name for file in tmp_path.iterdir() if b"czu_" in file.read_bytes()}
    assert holding == {"tokens.json"}
