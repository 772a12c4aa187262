"""Tokens: their sources, and that nothing ever shows one."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import ConfigurationError, CozeClient, CozeError
from coze_client.auth.environment import EnvironmentToken, credentials
from coze_client.core.credentials import PersonalToken
from coze_client.emulator import Emulator, faults
from tests.support.clients import ConnectedClient, Driver

CANARY = "pat_canary_0123456789abcdef"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COZE_API_TOKEN", raising=False)
    monkeypatch.delenv("COZE_API_KEY", raising=False)


class Listener:
    """A server that accepts any request and records its token."""

    def __init__(self) -> None:
        self.authorizations: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.authorizations.append(request.headers["authorization"])
        return httpx.Response(200, json={"code": 0, "data": {"id": "1"}})


def sent(driver: Driver, token: Any) -> str:
    """The authorization header that arrives at the server."""
    listener = Listener()
    client = driver.client(token, base_url="http://coze", transport=httpx.MockTransport(listener))
    driver.run(client.conversations.create())
    return listener.authorizations[0]


async def async_token() -> str:
    return CANARY


class OwnCredentials:
    async def token(self, driver: object) -> str:
        return CANARY

    async def renew(self, driver: object, refused: str) -> bool:
        return False


@pytest.mark.parametrize(
    "token",
    [CANARY, f" {CANARY}\n", lambda: CANARY, async_token, lambda: async_token(), OwnCredentials()],
    ids=["text", "text in white space", "function", "async function", "function of a coroutine", "credentials"],
)
def test_a_token_may_be_text_a_function_or_credentials(driver: Driver, token: Any) -> None:
    assert sent(driver, token) == f"Bearer {CANARY}"


@pytest.mark.parametrize(
    ("environment", "token"),
    [
        ({"COZE_API_TOKEN": "first", "COZE_API_KEY": "second"}, "first"),
        ({"COZE_API_TOKEN": "", "COZE_API_KEY": "second"}, "second"),
        ({"COZE_API_KEY": "second"}, "second"),
    ],
)
def test_the_environment_gives_the_token_where_none_is_given(
    driver: Driver, environment: dict[str, str], token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert sent(driver, None) == f"Bearer {token}"


def test_a_given_token_beats_the_environment(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COZE_API_TOKEN", CANARY)
    assert sent(driver, "given") == "Bearer given"


def test_a_token_of_the_environment_is_read_anew_for_each_call(
    driver: Driver, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COZE_API_TOKEN", "old")
    client = driver.client(None, base_url=emulator.url)
    monkeypatch.setenv("COZE_API_TOKEN", emulator.token)
    assert driver.run(client.conversations.create()).id


def test_without_any_token_the_client_says_where_to_put_one_and_how_to_try_without(driver: Driver) -> None:
    with pytest.raises(ConfigurationError, match=r"COZE_API_TOKEN.*coze_client\.emulator"):
        driver.client(None)


@pytest.mark.parametrize(
    "token", ["", "  ", "two words", "line\nend", "Bearer pat_x", "tökén", "nul\0", 7, b"bytes", ["list"], object()]
)
def test_what_can_be_no_token_is_refused_without_showing_it(driver: Driver, token: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        driver.client(token)
    assert not isinstance(token, str) or not token.strip() or token not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two words", None, 7])
def test_a_function_that_gives_no_token_is_reported(driver: Driver, token: Any) -> None:
    client = driver.client(lambda: token)
    with pytest.raises(ConfigurationError, match="token"):
        driver.run(client.files.retrieve(file_id="1"))


def test_an_error_of_the_users_function_comes_through(driver: Driver) -> None:
    def fails() -> str:
        raise LookupError("vault")

    with pytest.raises(LookupError, match="vault"):
        driver.run(driver.client(fails).files.retrieve(file_id="1"))


def test_a_literal_token_goes_into_a_pickle_and_no_other() -> None:
    assert CANARY.encode() in pickle.dumps(CozeClient(CANARY))


def test_a_pickle_of_an_environment_token_holds_none_and_reads_the_new_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COZE_API_TOKEN", CANARY)
    dumped = pickle.dumps(CozeClient())
    assert CANARY.encode() not in dumped
    assert isinstance(pickle.loads(dumped)._session.credentials, EnvironmentToken)


def test_credentials_that_are_credentials_are_kept() -> None:
    own = OwnCredentials()
    assert credentials(own) is own
    assert isinstance(credentials(CANARY), PersonalToken)


def failures(coze: ConnectedClient) -> list[Callable[[], object]]:
    """Calls that fail, each in a different way."""
    client, emulator = coze.client, coze.emulator

    def injected(fault: Any, path: str = "/v1/files/retrieve") -> Callable[[], object]:
        def call() -> object:
            emulator.inject(fault, path=path)
            return coze.run(client.options(retry=None).files.retrieve(file_id="1"))

        return call

    def streamed(fault: Any) -> Callable[[], object]:
        def call() -> object:
            emulator.inject(fault)
            return coze.collect(coze.ask(auto_save_history=False))

        return call

    body = f'{{"code": 4100, "msg": "bad token {emulator.token}"}}'.encode()
    return [
        injected(faults.HttpStatus(500, body)),
        injected(faults.HttpStatus(401, body)),
        injected(faults.HttpStatus(200, body)),
        injected(faults.HttpStatus(200, body[:-1])),
        injected(faults.HttpStatus(502, b"<html>" + emulator.token.encode())),
        injected(faults.DropConnection()),
        injected(faults.Coded(4101)),
        streamed(faults.HttpStatus(200, body, "application/json")),
        streamed(faults.CutAfterEvents(3)),
        streamed(faults.Coded(4000)),
    ]


@pytest.mark.parametrize("number", range(10))
def test_no_error_record_repr_or_traceback_ever_shows_a_token(
    coze: ConnectedClient, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    secret = coze.emulator.token
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CozeError) as caught:
        failures(coze)[number]()
    error = caught.value
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    shown = [text, str(error), repr(error), str(error.__dict__), repr(coze.client), repr(coze.client.chats)]
    shown += [repr(coze.client._session.credentials), repr(coze.client._setup)]
    shown += [
        f"{record.getMessage()} {record.args}"
        for record in caplog.records
        if record.name.startswith(("coze_client", "httpx"))
    ]
    assert any(record.name == "coze_client" for record in caplog.records)
    assert not [text for text in shown if secret in text]


def test_the_log_shows_what_was_asked_and_answered(coze: ConnectedClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="coze_client")
    coze.run(coze.client.conversations.create())
    assert "POST /v1/conversation/create: HTTP 200 (logid " in caplog.text


def test_the_library_is_silent_unless_logging_is_switched_on(capfd: pytest.CaptureFixture[str]) -> None:
    handlers = logging.getLogger("coze_client").handlers
    assert [type(handler) for handler in handlers] == [logging.NullHandler]
