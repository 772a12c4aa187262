"""Only the retry policy sends a request again: no HTTP library below it does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coze_client import ConnectionFailed, ProtocolError, Retry
from coze_client.core.request import Kind, Request
from coze_client.core.response import read_nothing
from tests.support.clients import Driver
from tests.support.scripted_server import Line, ScriptedServer, json_answer

METHODS = ["GET", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH"]


def drops(line: Line) -> None:
    """Close the connection without a response."""


def resets_within_the_head(line: Line) -> None:
    line.send(b"HTTP/1.1 200 OK\r\nContent-Type: appli")


def resets_within_the_body(line: Line) -> None:
    line.send(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"code":')


@pytest.mark.parametrize("end", [drops, resets_within_the_head, resets_within_the_body])
@pytest.mark.parametrize(("kind", "attempts", "sent"), [(Kind.START, 3, 1), (Kind.READ, 1, 1), (Kind.READ, 3, 3)])
def test_a_kept_connection_that_ends_after_a_request_costs_what_the_policy_allows(
    wire: Driver, kind: Kind, attempts: int, sent: int, end: Callable[[Line], None], sleeps: list[float]
) -> None:
    def serve(line: Line) -> None:
        while line.read_request().startswith(b"GET /kept"):
            line.send(json_answer())
        end(line)

    for method in METHODS:
        with ScriptedServer(serve) as server:
            client = wire.client("t", base_url=server.url, retry=Retry(attempts))
            wire.run(client.request("GET", "/kept"))
            with pytest.raises(ConnectionFailed, match="broke"):
                wire.run(client.with_response(Request(method, "/lost", read_nothing, kind=kind)))
            assert len(server.requests) == 1 + sent, method


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_follows_a_redirect(wire: Driver, status: int) -> None:
    def serve(line: Line) -> None:
        while line.read_request():
            line.send(json_answer(status=f"{status} Elsewhere", headers="Location: /there\r\n"))

    for method in METHODS:
        with ScriptedServer(serve) as server:
            client = wire.client("t", base_url=server.url)
            with pytest.raises(ProtocolError, match="points to"):
                wire.run(client.with_response(Request(method, "/here", read_nothing)))
            assert len(server.requests) == 1, method
