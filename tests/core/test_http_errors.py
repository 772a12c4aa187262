"""Every error of the HTTP library, against a copy of what becomes of it: a class, and whether the request was sent."""

from __future__ import annotations

import inspect
from time import monotonic

import httpx
import pytest

from coze_client import ConnectionFailed, TimedOut
from coze_client.core.http_errors import HTTP_ERRORS, translate_error
from coze_client.errors import TransportError

NOT_SENT, PERHAPS_SENT = False, True
TABLE: dict[str, tuple[type[TransportError], bool]] = {
    "CloseError": (ConnectionFailed, PERHAPS_SENT),
    "ConnectError": (ConnectionFailed, NOT_SENT),
    "ConnectTimeout": (TimedOut, NOT_SENT),
    "DecodingError": (ConnectionFailed, PERHAPS_SENT),
    "HTTPError": (ConnectionFailed, PERHAPS_SENT),
    "HTTPStatusError": (ConnectionFailed, PERHAPS_SENT),
    "LocalProtocolError": (ConnectionFailed, PERHAPS_SENT),
    "NetworkError": (ConnectionFailed, PERHAPS_SENT),
    "PoolTimeout": (TimedOut, NOT_SENT),
    "ProtocolError": (ConnectionFailed, PERHAPS_SENT),
    "ProxyError": (ConnectionFailed, NOT_SENT),
    "ReadError": (ConnectionFailed, PERHAPS_SENT),
    "ReadTimeout": (TimedOut, PERHAPS_SENT),
    "RemoteProtocolError": (ConnectionFailed, PERHAPS_SENT),
    "RequestError": (ConnectionFailed, PERHAPS_SENT),
    "RequestNotRead": (ConnectionFailed, PERHAPS_SENT),
    "ResponseNotRead": (ConnectionFailed, PERHAPS_SENT),
    "StreamClosed": (ConnectionFailed, PERHAPS_SENT),
    "StreamConsumed": (ConnectionFailed, PERHAPS_SENT),
    "StreamError": (ConnectionFailed, PERHAPS_SENT),
    "TimeoutException": (TimedOut, PERHAPS_SENT),
    "TooManyRedirects": (ConnectionFailed, PERHAPS_SENT),
    "TransportError": (ConnectionFailed, PERHAPS_SENT),
    "UnsupportedProtocol": (ConnectionFailed, NOT_SENT),
    "WriteError": (ConnectionFailed, PERHAPS_SENT),
    "WriteTimeout": (TimedOut, PERHAPS_SENT),
}


def _raised(name: str) -> Exception:
    kind: type[Exception] = getattr(httpx, name)
    error = kind.__new__(kind)  # their constructors differ
    Exception.__init__(error, "broken")
    return error


def test_the_table_has_every_error_of_the_http_library() -> None:
    kinds = [kind for _, kind in inspect.getmembers(httpx, inspect.isclass) if issubclass(kind, HTTP_ERRORS)]
    assert {kind.__name__ for kind in kinds} == set(TABLE)


@pytest.mark.parametrize("past_deadline", [False, True])
@pytest.mark.parametrize("name", TABLE)
def test_each_error_has_its_class_and_says_whether_the_request_was_sent(name: str, past_deadline: bool) -> None:
    deadline = monotonic() - 1 if past_deadline else monotonic() + 1000
    error = translate_error(_raised(name), " to coze", deadline)
    assert (type(error), error.sent) == TABLE[name]
    assert ("timeout.deadline" in error.message) == (past_deadline and TABLE[name][0] is TimedOut)
