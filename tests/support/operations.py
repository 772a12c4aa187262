"""A table's row about one operation: what a call sends, and what it makes of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.parser import BytesParser
from typing import Any, NamedTuple

import httpx

from coze_client import CozeError, Retry
from tests.support.clients import Driver

Parts = dict[str, tuple[str | None, bytes]]
WAV = b"RIFF\0\0\0\0WAVEfmt "


class Operation(NamedTuple):
    """One operation. `given`: all arguments; `least`: the names of those that must be given.

    `query`, `body` and `form`: where each argument of `given` lands, by its name on the wire; a value that is the same
    as the argument. `sends_file`: True if a sound is the first argument, and the part ``file`` of a form. `data`: an
    answer; `value`: what the call returns for it. `starts`: True if it must never be sent twice.
    """

    name: str
    method: str
    path: str
    given: Mapping[str, Any] = {}
    least: frozenset[str] = frozenset()
    query: Mapping[str, str] = {}
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    sends_file: bool = False
    data: Any = None
    value: Any = None
    starts: bool = False


class Sent:
    """A transport that records requests and answers each with the same data, or breaks the connection."""

    def __init__(self, data: Any = None, *, breaks: bool = False) -> None:
        self.requests: list[httpx.Request] = []
        self._data = data
        self._breaks = breaks

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        if self._breaks:
            raise httpx.ReadError("broken")
        if isinstance(self._data, bytes):
            return httpx.Response(200, content=self._data, headers={"content-type": "audio/mpeg"})
        return httpx.Response(200, json={"code": 0, "msg": "", "data": self._data, "detail": {"logid": "L"}})

    def client(self, driver: Driver) -> Any:
        return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(self), retry=Retry(attempts=3))


def call(driver: Driver, client: Any, operation: Operation, given: Mapping[str, Any]) -> Any:
    """What a call returns: the items of a listing, the bytes of a file, or its value."""
    method = client
    for name in operation.name.split("."):
        method = getattr(method, name)
    result = method(WAV, **given) if operation.sends_file else method(**given)
    if hasattr(result, "pages"):
        return driver.collect(result)
    return driver.run(result.read() if hasattr(result, "to_file") else result)


def parts_of(request: httpx.Request) -> Parts:
    """The parts of a multipart body by name: the name of the file, if it is one, and the content."""
    whole = b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.content
    found: Parts = {}
    for part in BytesParser().parsebytes(whole).walk():
        if not part.is_multipart():
            name = str(part.get_param("name", header="content-disposition"))
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found[name] = (part.get_filename(), payload)
    return found


def sent_of(request: httpx.Request) -> dict[str, Any]:
    """Everything that a request sends, in the words of `Operation`."""
    is_form = request.headers.get("content-type", "").startswith("multipart/")
    parts = parts_of(request) if is_form else {}
    return {
        "method": request.method,
        "path": request.url.raw_path.decode().partition("?")[0],
        "query": dict(request.url.params),
        "body": json.loads(request.content) if request.content and not is_form else None,
        "form": {name: text.decode() for name, (file, text) in parts.items() if file is None} if is_form else None,
        "sends_file": parts.get("file") == ("file.wav", WAV),
    }


def tries(driver: Driver, operation: Operation) -> int:
    """How often a call is sent whose connection breaks after it."""
    sent = Sent(breaks=True)
    try:
        call(driver, sent.client(driver), operation, operation.given)
    except CozeError:
        return len(sent.requests)
    raise AssertionError("the call succeeded over a broken connection")
