"""Operations called by their names: what a call sends, and what it returns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.parser import BytesParser
from functools import reduce
from typing import Any

import httpx
import pytest

from coze_client import CozeError, Retry
from tests.support.clients import Driver

Parts = dict[str, tuple[str | None, bytes]]
WAV = b"RIFF\0\0\0\0WAVEfmt "


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


def method_of(client: Any, name: str) -> Any:
    """The method of a client that an operation's name leads to."""
    return reduce(getattr, name.split("."), client)


def call(driver: Driver, client: Any, name: str, given: Mapping[str, Any], *, sends_file: bool = False) -> Any:
    """What a call returns: the items of a listing, the bytes of a file, or its value; a sound may go first."""
    result = method_of(client, name)(*[WAV] * sends_file, **given)
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
    """Everything that a request sends; `sends_file` is True if its part ``file`` is the sound of `call`."""
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


def tries(sent: Sent, ask: Callable[[], object]) -> int:
    """How often a call is sent whose connection breaks after it."""
    with pytest.raises(CozeError):
        ask()
    return len(sent.requests)
