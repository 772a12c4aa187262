"""Every operation of the catalogue (``tests/data/operations.json``) is a call of both clients, as the catalogue says.

WebSockets are not in the catalogue. Signing in is sent by credentials, not by calls (``tests/auth``).
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from fnmatch import fnmatch
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import BaseModel

from coze_client import CozeError, Page, ProtocolError, TransportError
from coze_client.core.resource import call, events, flow, paged
from tests.support.catalogue import OPERATIONS, Operation, leaves, with_more, with_nulls
from tests.support.clients import Driver
from tests.support.event_streams import event_stream
from tests.support.methods import METHODS, OWNERS
from tests.support.operation_calls import (
    DEFAULTS,
    FIXED,
    OTHER_FORMS,
    UNREAD,
    arguments,
    call_of,
    given,
    minimum,
    settable,
    wire,
)

MISSING: set[str] = set()
"""The operations that the client lacks. This list only shrinks: an operation that exists may not stand here."""

CURSORS = {"next_page_token", "page_token", "first_id", "last_id"}
FILES = {"audio.speech.create"}
"""The operations whose answer is a file; ``test_audio_operations.py`` and ``core/test_byte_streams.py`` have them."""
PRESENT = [operation for operation in OPERATIONS if operation.name not in MISSING | FILES]
LISTINGS = [operation for operation in PRESENT if operation.paging]
NUMBERED = [each for each in LISTINGS if each.steering & {"page", "page_num", "page_index"}]
CHAT = {"id": "5", "conversation_id": "conversation_id-1", "bot_id": "7"}
ANSWER = {"id": "8", "role": "assistant", "type": "answer", "content_type": "text", "content": "hi"}
EVENTS = {
    "ChatStreamEvent": (
        ("conversation.chat.created", {**CHAT, "status": "created"}),
        ("conversation.message.completed", ANSWER),
        ("conversation.chat.completed", {**CHAT, "status": "completed"}),
        ("done", "[DONE]"),
    ),
    "WorkflowStreamEvent": (
        ("Message", {"content": "hi", "node_is_finish": True, "node_type": "End", "node_seq_id": "0"}),
        ("Done", {}),
    ),
}


@dataclass
class Server:
    """Answers one operation with one value, and remembers what it was sent."""

    operation: Operation
    answer: dict[str, Any]
    most: int = 100
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        if (request.method, request.url.raw_path.partition(b"?")[0].decode()) != (self.operation.method, self.path):
            return httpx.Response(200, json={"code": 0, "msg": "", "data": {}})
        if len(self.requests) == self.most:
            raise httpx.ConnectError("enough")
        self.requests.append(request)
        if self.operation.events:
            body = event_stream(*EVENTS[self.operation.events])
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
        return httpx.Response(200, json={"code": 0, "msg": "", **self.answer})

    @property
    def path(self) -> str:
        return self.operation.path.format(**{name: quote(given(name), safe="") for name in self.operation.path_names})

    @property
    def sent(self) -> dict[str, dict[str, Any]]:
        """The parameters of the last request by their place."""
        return self.parameters(self.requests[-1])

    def parameters(self, request: httpx.Request) -> dict[str, dict[str, Any]]:
        """The parameters of a request by their place."""
        kind = request.headers.get("content-type", "")
        body = request.content
        return {
            "query": dict(request.url.params),
            "body": json.loads(body) if kind.startswith("application/json") and body else {},
            "form": dict(form_parts(kind, body)) if kind.startswith("multipart") else {},
        }


def form_parts(kind: str, body: bytes) -> Iterator[tuple[str, Any]]:
    """The parts of a multipart body: a text, or the bytes of a file."""
    whole = BytesParser(policy=HTTP).parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + body)
    for part in whole.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        yield (
            str(part.get_param("name", header="content-disposition")),
            content if part.get_filename() else content.decode(),
        )


def send(driver: Driver, operation: Operation, answer: dict[str, Any], names: set[str]) -> tuple[Server, Any]:
    """Call the operation with these parameters; what the server saw, and the result (a listing's pages)."""
    server = Server(operation, answer)
    return server, send_to(driver, operation, server, names)


def send_to(driver: Driver, operation: Operation, server: Server, names: set[str], pages: int = 1) -> Any:
    """Call the operation on this server; the result (of a listing, so many pages)."""
    owner = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(server), retry=None)
    for part in call_of(operation).split("."):
        owner = getattr(owner, part)
    result = owner(**arguments(operation, names))
    if operation.paging:
        return driver.collect(result.pages(), pages)
    return driver.collect(result) if operation.events else driver.run(result)


def as_query(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def declared(value: Any) -> Any:
    """A result as JSON, without the fields that its models do not know."""
    if isinstance(value, BaseModel):
        return {name: declared(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Page):
        return {"items": declared(value.items), "total": value.total}
    if isinstance(value, Mapping):
        return {name: declared(part) for name, part in value.items()}
    return [declared(part) for part in value] if isinstance(value, (list, tuple)) else value


@contextmanager
def suppress_said_error() -> Iterator[None]:
    """Let an error pass that says which part of the answer is not there."""
    try:
        yield
    except CozeError as error:
        if not re.search("sent (no|0) |without an answer", str(error)):
            raise


def test_the_list_of_what_is_missing_is_exact() -> None:
    assert len(OPERATIONS) >= 137
    assert {operation.name for operation in OPERATIONS if call_of(operation) not in METHODS} == MISSING


@pytest.mark.parametrize("operation", PRESENT, ids=str)
def test_every_parameter_is_sent_to_its_place(driver: Driver, operation: Operation) -> None:
    names = settable(operation)
    server, _ = send(driver, operation, operation.answer(), names)
    for place, sent in server.sent.items():
        documented = set(getattr(operation, place))
        assert set(sent) - operation.steering <= documented, place
        compared = (documented & names) - OTHER_FORMS
        convert = as_query if place == "query" else str if place == "form" else lambda value: value
        assert {name: sent.get(name) for name in compared} == {
            name: value if isinstance(value := wire(operation, name), bytes) else convert(value) for name in compared
        }
        assert documented & (names | FIXED.get(operation.name, set())) <= set(sent)


@pytest.mark.parametrize("operation", PRESENT, ids=str)
def test_a_parameter_that_is_not_given_is_not_sent(driver: Driver, operation: Operation) -> None:
    server, _ = send(driver, operation, operation.answer(), minimum(operation))
    sent = {name for part in server.sent.values() for name in part}
    needed = minimum(operation) | FIXED.get(operation.name, set())
    sizes = {name for name in ("page_size", "size", "limit") if operation.paging and name in operation.types}
    assert sent - operation.steering - sizes == needed | DEFAULTS.get(operation.name, set())
    assert not [value for part in server.sent.values() for value in part.values() if value is None]


@pytest.mark.parametrize("operation", [each for each in PRESENT if each.data or each.flat], ids=str)
def test_every_field_of_the_answer_is_read(driver: Driver, operation: Operation) -> None:
    answer = operation.answer()
    for body in (answer, with_more(answer)):
        _, result = send(driver, operation, body, minimum(operation))
        read = {text for _, text in leaves(declared(result))}
        unread = {path for path, text in leaves(answer) if text not in read and path.rpartition(".")[2] not in CURSORS}
        expected = UNREAD.get(operation.name, set())
        assert {path for path in unread if not any(fnmatch(path, each) for each in expected)} == set()
        assert {each for each in expected if not any(fnmatch(path, each) for path in unread)} == set()


@pytest.mark.parametrize("operation", [each for each in PRESENT if each.data or each.flat], ids=str)
def test_an_answer_without_its_fields_is_an_empty_value_or_an_error_that_says_so(
    driver: Driver, operation: Operation
) -> None:
    answer = operation.answer()
    known = {text for _, text in leaves(arguments(operation, minimum(operation)))} | {"0"}
    for body in ({}, {name: type(part)() for name, part in answer.items()}, with_nulls(answer)):
        with suppress_said_error():
            _, result = send(driver, operation, body, minimum(operation))
            assert {text for _, text in leaves(declared(result))} <= known


@pytest.mark.parametrize("operation", LISTINGS, ids=str)
def test_the_second_page_is_asked_for_by_the_cursor_of_the_first(driver: Driver, operation: Operation) -> None:
    answer = operation.answer()
    inside = answer["data"] if operation.data and isinstance(answer["data"], dict) else answer
    inside |= {name: True for name in inside if name == "has_more"}
    inside |= {name: 1_000_000 for name in inside if name in ("total", "total_count")}
    server = Server(operation, answer, most=2)
    with suppress(TransportError):
        send_to(driver, operation, server, minimum(operation), pages=2)
    cursors = {text for _, text in leaves(answer)} | {"2"}
    second = server.parameters(server.requests[1])
    assert {str(part[name]) for part in second.values() for name in operation.steering & set(part)} & cursors


@pytest.mark.parametrize("operation", PRESENT, ids=str)
def test_both_clients_have_the_call_with_exact_types(operation: Operation) -> None:
    name = call_of(operation)
    method = inspect.getattr_static(OWNERS[name], name.rpartition(".")[2])
    assert isinstance(method, (call, events, flow, paged))
    annotations = [str(part.annotation) for part in inspect.signature(METHODS[name]).parameters.values()]
    returned = str(inspect.signature(METHODS[name]).return_annotation)
    assert not [each for each in (*annotations, returned) if "Any" in each]
    assert returned.startswith(("Request[", "Pages[", "Events[")) or isinstance(method, flow)


@pytest.mark.parametrize("operation", NUMBERED, ids=str)
def test_a_server_that_repeats_its_page_never_gives_a_part_for_the_whole(driver: Driver, operation: Operation) -> None:
    server = Server(operation, of_three(operation.answer()), most=1000)
    with pytest.raises(ProtocolError, match="no new item"):
        send_to(driver, operation, server, minimum(operation), pages=1000)


def of_three(answer: Any, name: str = "") -> Any:
    """The answer with a total of three items and with more to come, whichever of them it has."""
    if isinstance(answer, dict):
        return {key: of_three(part, key) for key, part in answer.items()}
    return {"total": 3, "total_count": 3, "has_more": True}.get(name, answer)
